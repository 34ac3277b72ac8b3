"""Which pages need a browser: shells as frameworks' builds leave them, and pages that are whole.

The shells are written by hand after what the builds of these frameworks look like.
"""

from __future__ import annotations

import pytest

from scrapeq.extract import extract
from scrapeq.models import Content, Recipe

WORDS = "Words that a person reads on a page that is whole without any script of its own. "
BUNDLE = '<script src="/static/js/main.8a1f.js" defer></script>'
MODULE = '<script type="module" crossorigin src="/assets/index-4b1e.js"></script>'
INLINE = (
    "<script>fetch('/api/items').then(r => r.json()).then(items => {"
    "for (const item of items) document.querySelector('main').append(item.name) })</script>"
)
ITEMS = ", ".join(f'{{"id": {n}, "name": "item {n}"}}' for n in range(40))
STATE = f'<script id="__NEXT_DATA__" type="application/json">{{"items": [{ITEMS}]}}</script>'


def page(body: str, head: str = "<title>A shop</title>") -> str:
    return f"<!doctype html><html><head>{head}</head><body>{body}</body></html>"


SHELLS = {
    "create-react-app": page(
        "<noscript>You need to enable JavaScript to run this app.</noscript><div id=root></div>" + BUNDLE
    ),
    "vite, react": page("<div id=root></div>", "<title>Vite + React</title>" + MODULE),
    "vite, vue": page("<div id=app></div>" + MODULE),
    "vue-cli": page(
        "<noscript><strong>We're sorry but shop doesn't work properly without JavaScript enabled."
        "</strong></noscript><div id=app></div>" + BUNDLE
    ),
    "nuxt, spa": page("<div id=__nuxt></div><div id=teleports></div>" + MODULE),
    "nuxt, spa with a spinner": page(
        "<div id=__nuxt><div class=spinner>Loading...</div></div>" + MODULE
    ),
    "next, client only": page("<div id=__next></div>" + STATE + BUNDLE),
    "next, a fallback": page("<div id=__next><div>Loading</div></div>" + BUNDLE),
    "gatsby, client only": page(
        "<div id=___gatsby><div id=gatsby-focus-wrapper></div></div>" + BUNDLE
    ),
    "angular": page("<app-root></app-root>" + MODULE, "<base href=/><title>Shop</title>"),
    "angular with a spinner": page("<app-root><p>Please wait</p></app-root>" + BUNDLE),
    "angularjs": page("<div ng-app=shop><div ng-view></div></div>" + BUNDLE),
    "svelte": page(MODULE, "<title>Svelte app</title><script defer src=/build/bundle.js></script>"),
    "sveltekit, spa": page(
        "<div style='display: contents'><script>{ __sveltekit_1x = {base: ''};"
        " Promise.all([import('/_app/start.js'), import('/_app/app.js')]) }</script></div>"
    ),
    "ember": page("<script src=/assets/vendor.js></script><script src=/assets/shop.js></script>"),
    "preact": page("<div id=app></div>" + MODULE),
    "solid": page("<div id=root></div>" + MODULE),
    "qwik, client only": page("<div q:container=paused></div>" + MODULE),
    "lit": page("<my-shop></my-shop>" + MODULE),
    "stencil": page("<shop-app></shop-app>" + MODULE),
    "polymer": page("<shop-app unresolved>SHOP</shop-app>" + BUNDLE),
    "flutter": page("<script src=flutter_bootstrap.js async></script>"),
    "blazor": page("<div id=app>Loading...</div><script src=_framework/blazor.webassembly.js></script>"),
    "backbone": page("<div id=main></div>" + BUNDLE),
    "knockout": page("<div data-bind='foreach: items'><span data-bind='text: name'></span></div>" + BUNDLE),
    "alpine": page("<div x-data='shop()'><template x-for='i in items'><p x-text=i></p></template></div>" + BUNDLE),
    "jquery": page("<ul id=list></ul>" + INLINE),
    "a late question": page("<main></main>" + INLINE),
    "a table that is filled": page("<h1>Prices</h1><table><tbody></tbody></table>" + INLINE),
    "an endless list": page("<h1>News</h1><div id=feed></div>" + BUNDLE),
    "tabs": page("<nav><a>One</a><a>Two</a></nav><section id=tab></section>" + BUNDLE),
    "a frame that a script makes": page("<div id=frame-root></div>" + BUNDLE),
    "a shadow root": page("<user-card></user-card>" + INLINE),
    "micro frontends": page("<div id=single-spa-application></div><script type=systemjs-importmap>{}</script>" + BUNDLE),
    "a header and nothing": page("<header>Shop</header><div id=root></div><footer>© Shop</footer>" + BUNDLE),
    "cookies first": page("<div id=root></div><div class=cookies>We use cookies. OK?</div>" + BUNDLE),
    "all in one script": page(f"<script>document.write({'x'!r}.repeat(3));{' ' * 80}</script>"),
    "a note to enable JavaScript": page(
        f"<noscript>Please enable JavaScript to see the prices.</noscript><p>{WORDS * 3}</p>" + BUNDLE
    ),
    "the same in Portuguese": page(
        f"<noscript>Ative o JavaScript para ver os preços.</noscript><p>{WORDS * 4}</p>" + BUNDLE
    ),
    "the same in Korean": page(
        f"<noscript>이 사이트를 보려면 JavaScript를 켜 주세요.</noscript><p>{WORDS * 4}</p>" + BUNDLE
    ),
    "a description, and its data in a script": page(f"<p>{WORDS * 12}</p>" + STATE + BUNDLE),
    "a description, and an empty place": page(f"<p>{WORDS * 12}</p><div id=root></div>" + BUNDLE),
}  # fmt: skip

WHOLE = {
    "an article": page(f"<h1>News</h1><p>{WORDS * 12}</p>"),
    "an article with analytics": page(f"<h1>News</h1><p>{WORDS * 12}</p>" + BUNDLE),
    "a short page without a script": page("<h1>Hello</h1><p>That is all."),
    "a short page that sets a variable": page("<h1>Hello</h1><script>let a = 1</script>"),
    "a short page with structured data": page(
        "<h1>Hello</h1><script type='application/ld+json'>{\"@type\": \"WebPage\"}</script>"
    ),
    "rendered on the server": page(f"<div id=__next><h1>Shop</h1><p>{WORDS * 12}</p></div>" + STATE + BUNDLE),
    "a long page with a polite note": page(
        f"<noscript>Better with JavaScript.</noscript><h1>News</h1><p>{WORDS * 20}</p>" + BUNDLE
    ),
    "a short page with styles for those without JavaScript": page(
        f"<noscript><style>{'a {} ' * 500}</style><p>x</p></noscript><p>{WORDS * 5}</p>" + BUNDLE
    ),
    "a page whose images load late": page(
        f"<h1>Pictures</h1><p>{WORDS * 10}</p><noscript><img src=a.png></noscript>" + BUNDLE
    ),
}  # fmt: skip


def need(html: str, **selectors: str) -> str | None:
    recipe = Recipe(main_text="fast", custom_selectors=selectors)
    content = extract(
        html.encode(), url="http://shop.example/", content_type="text/html", recipe=recipe
    )
    assert isinstance(content, Content)
    return content.browser_need


@pytest.mark.parametrize("name", SHELLS)
def test_a_page_that_says_nothing_by_itself_needs_a_browser(name: str) -> None:
    assert need(SHELLS[name], price=".price") is not None


@pytest.mark.parametrize("name", WHOLE)
def test_a_page_that_is_whole_needs_none(name: str) -> None:
    assert need(WHOLE[name], headline="h1") is None


def test_a_selector_that_matches_nothing_on_a_whole_page_is_no_reason() -> None:
    assert need(WHOLE["an article with analytics"], price=".price") is None


def test_a_page_without_selectors_is_judged_by_its_text() -> None:
    assert need(SHELLS["create-react-app"]) == "empty_mount"
    assert need(SHELLS["a description, and an empty place"]) is None
