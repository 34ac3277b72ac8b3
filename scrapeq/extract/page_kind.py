"""What a page is good for: whether there is something to read, or a shell, a wall, a "not found".

A rule needs two signs, and one of them is structure: how little is to be read, where the redirects
led, a field for a password, the mark of a service. Words alone never decide. In doubt it is a page.
What each rule looks at, and how well that was measured to be, is in docs/reference/page-kinds.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import parse_qsl, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from scrapeq import urls
from scrapeq.extract import page_kind_words as words
from scrapeq.extract.challenge import LOOKED_AT, challenge_in
from scrapeq.extract.declared import Declared
from scrapeq.models import PageKind

#: Characters to be read, up to which a page is short. An error page with its menus has about 1,000.
SHORT = 2_000
#: Up to which there is next to nothing to read.
BARE = 300
#: Pages with more tags (half of them closing) are taken for long ones: to look would cost too much.
MANY_TAGS = 1_200
#: With more paragraphs, too, there is much to read.
MANY_PARAGRAPHS = 12
#: A script that does nothing but lead on is shorter.
LEADING_SCRIPT = 2_000

#: Elements around a field that are asked whether they are shown.
_MOST_ABOVE = 6

Verdict = tuple[PageKind, str | None]


def page_kind(
    tree: LexborHTMLParser,
    declared: Declared,
    markup: str,
    text: str | None,
    *,
    url: str,
    asked: str,
    visible: int | None = None,
) -> Verdict:
    """The kind, and the sign that decided, in a few plain words; no sign for a page.

    Takes scripts and the like out of `tree`. text: the main text, if it was looked for. url: of the
    page. asked: what was asked for, before
    redirects. visible: characters to be read, if somebody has counted them (see `browser_need`).
    """
    look = _Look(tree, declared, markup, text, url, asked or url, visible)
    for rule in _RULES if look.is_short else _LONG_RULES:
        if found := rule(look):
            return found
    return PageKind.PAGE, None


def text_kind(text: str) -> Verdict:
    """The same for a page of plain text."""
    if len(text) <= BARE:
        line = [*words.parts_of(text)]
        if words.says(words.NOT_FOUND, line):
            return PageKind.SOFT_404, "the text says not found"
        if words.says(words.SERVER_ERROR, line):
            return PageKind.SOFT_ERROR, "the text says that the server failed"
    return PageKind.PAGE, None


@dataclass
class _Look:
    """A page, looked at by one rule after the other: each thing is worked out once, if at all."""

    tree: LexborHTMLParser
    declared: Declared
    markup: str
    text: str | None
    url: str
    asked: str
    visible: int | None = None

    @cached_property
    def is_short(self) -> bool:
        if len(self.text or "") > SHORT or (self.visible or 0) > SHORT:
            return False
        place = 0
        for _ in range(MANY_PARAGRAPHS):
            place = self.markup.find("</p", place) + 1
            if not place:
                break
        else:
            return False
        if self.markup.count("<", 0, LOOKED_AT) > MANY_TAGS or self.markup.count("<") > MANY_TAGS:
            return False
        return len(self.seen) <= SHORT and len(self.noscript) <= SHORT

    @cached_property
    def seen(self) -> str:
        """What is to be read, on one line, in lower case."""
        self.tree.strip_tags(["script", "style", "noscript", "template"])
        body = self.tree.body
        return _on_a_line(body.text(separator=" ")) if body is not None else ""

    @cached_property
    def _scripts(self) -> list[LexborNode]:
        """Scripts and noscripts, of a tree of its own: few pages come so far."""
        return LexborHTMLParser(self.markup).css("script, noscript")

    @cached_property
    def noscript(self) -> str:
        """What is to be read where no scripts run."""
        return _on_a_line(" ".join(one.text() for one in self._scripts if one.tag == "noscript"))

    @cached_property
    def scripts(self) -> int:
        """Characters of scripts in the page."""
        return sum(len(one.text()) for one in self._scripts if one.tag == "script")

    @cached_property
    def has_outside_script(self) -> bool:
        """Whether it loads a script."""
        return any("src" in one.attributes for one in self._scripts)

    @cached_property
    def titles(self) -> list[str]:
        """The title, and its parts."""
        return words.parts_of(self.declared.title)

    @cached_property
    def headings(self) -> list[str]:
        return [
            part
            for node in self.declared.headings[:3]
            for part in words.parts_of(node.text()[:300])
        ]

    @cached_property
    def called(self) -> list[str]:
        return list(dict.fromkeys(self.titles + self.headings))

    @cached_property
    def was_moved(self) -> bool:
        """Whether redirects led to another path or another site."""
        return self.asked != self.url and _place(self.asked) != _place(self.url)

    @cached_property
    def comes_back(self) -> bool:
        """Whether the address says where to go afterwards: what was asked for."""
        there = _place(self.asked)[1].rstrip("/")
        return any(
            name.casefold() in _RETURN
            and (not there or there in value or "%2f" in value.casefold())
            for name, value in parse_qsl(urlsplit(self.url).query)
        )

    @cached_property
    def passwords(self) -> int:
        """Fields for a password."""
        if "assword" not in self.markup and "ASSWORD" not in self.markup:
            return 0
        fields = self.tree.css('input[type="password" i]')
        return sum(not _is_hidden(field) for field in fields)

    def holds(self, marks: tuple[str, ...]) -> bool:
        """Whether one of the marks stands near the beginning of the markup."""
        start = self.markup[:LOOKED_AT]
        return any(mark in start for mark in marks)

    @cached_property
    def has_control(self) -> bool:
        return self.tree.css_matches("form, button, input, [role=button]")


def _is_hidden(field: LexborNode) -> bool:
    """Whether the field or what it stands in is not shown: a hidden form lets browsers fill in."""
    node: LexborNode | None = field
    for _ in range(_MOST_ABOVE):
        if node is None:
            return False
        style = (node.attributes.get("style") or "").replace(" ", "").casefold()
        if "hidden" in node.attributes or "display:none" in style:
            return True
        node = node.parent
    return False


def _on_a_line(text: str) -> str:
    return " ".join(text.split()).casefold()


def _place(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2].casefold()
    return host.removeprefix("www.").removeprefix("m."), parts.path.rstrip("/").casefold()


def _by_service(look: _Look) -> Verdict | None:
    if service := challenge_in(look.markup):
        return PageKind.CHALLENGE, f"a check of {service}"
    return None


def _by_challenge_words(look: _Look) -> Verdict | None:
    if len(look.seen) > SHORT // 2 or not words.says(words.CHALLENGE, look.called):
        return None
    if look.holds(_CAPTCHAS):
        return PageKind.CHALLENGE, "the title asks for a person, over a captcha"
    if not look.tree.css_matches("article, main p + p + p"):
        return PageKind.CHALLENGE, "the title asks for a person, over little else"
    return None


def _by_captcha(look: _Look) -> Verdict | None:
    """A captcha and no other field: a form for comments or a contact has others."""
    if len(look.seen) > BARE or not look.holds(_CAPTCHAS):
        return None
    fields = look.tree.css("input, textarea, select")
    others = [one for one in fields if (one.attributes.get("type") or "text") in _FILLED_IN]
    return None if others else (PageKind.CHALLENGE, "a captcha alone")


def _parked(look: _Look) -> Verdict | None:
    if look.holds(_PARKERS):
        return PageKind.PARKED, "the mark of a service for parked domains"
    place = _place(look.url)
    if look.was_moved and (place[0] in _DOMAIN_SHOPS or place[1].endswith("/lander")):
        return PageKind.PARKED, "redirected to a seller of domains"
    host = urls.host_key(look.url).removeprefix("www.")
    if len(look.seen) <= SHORT // 2 and (
        words.FOR_SALE.search(" ".join(look.called))
        or (host in look.seen and words.FOR_SALE.search(look.seen))
    ):
        return PageKind.PARKED, "the domain is called for sale"
    if words.says(words.SERVER_DEFAULT, look.titles) and not look.declared.metas.get("og:title"):
        return PageKind.PARKED, "the title of a server's own first page"
    return None


def _consent(look: _Look) -> Verdict | None:
    place = _place(look.url)
    if look.was_moved and (
        place[0].startswith(("consent.", "guce.")) or _CONSENT_PATH.search(place[1])
    ):
        return PageKind.CONSENT, "redirected to a page for consent"
    if look.has_control and words.says(words.CONSENT, look.called):
        return PageKind.CONSENT, "the title asks for consent, over little else"
    return None


def _redirected_to_login(look: _Look) -> Verdict | None:
    if not look.was_moved or not _LOGIN_PATH.search(_at(look.url)):
        return None
    if _LOGIN_PATH.search(_at(look.asked)):
        return None
    if look.passwords or look.comes_back:
        return PageKind.LOGIN, "redirected to a form to log in"
    return None


def _at(url: str) -> str:
    host, path = _place(url)
    return f"{host}{path}/"


def _login(look: _Look) -> Verdict | None:
    if look.passwords != 1:  # two are for a new account
        return None
    if words.says(words.LOG_IN, look.called):
        return PageKind.LOGIN, "a field for a password, and a title that says log in"
    if len(look.seen) <= BARE and _LOGIN_PATH.search(_at(look.url)):
        return PageKind.LOGIN, "a field for a password, and an address that says log in"
    texts = look.tree.css("input:not([type]), input[type=text i], input[type=email i], textarea")
    if len(look.seen) <= BARE // 2 and len(texts) <= 2:
        return PageKind.LOGIN, "a field for a password, and little else"
    return None


def _redirected_to_404(look: _Look) -> Verdict | None:
    if (
        look.was_moved
        and _NOT_FOUND_PATH.search(_place(look.url)[1] + "/")
        and not _NOT_FOUND_PATH.search(_place(look.asked)[1] + "/")
    ):
        return PageKind.SOFT_404, "redirected to an address that says not found"
    return None


def _titled_404(look: _Look) -> Verdict | None:
    """Of a page that may be long, with the menus of its site: its title and its heading say so."""
    if not words.says(words.NOT_FOUND, look.titles) or look.declared.is_article:
        return None
    if words.says(words.NOT_FOUND, look.headings) and not _ABOUT_404.search(look.asked):
        return PageKind.SOFT_404, "title and heading say not found"
    return None


def _short_404(look: _Look) -> Verdict | None:
    if _ABOUT_404.search(look.asked):
        return None
    if words.says(words.NOT_FOUND, look.titles):
        return PageKind.SOFT_404, "the title says not found, over little text"
    if words.says(words.NOT_FOUND, look.headings):
        return PageKind.SOFT_404, "the heading says not found, over little text"
    if len(look.seen) <= BARE // 3 and words.says(words.NOT_FOUND, words.parts_of(look.seen)):
        return PageKind.SOFT_404, "all of the text says not found"
    return None


def _soft_error(look: _Look) -> Verdict | None:
    if words.says(words.SERVER_ERROR, look.called):
        return PageKind.SOFT_ERROR, "the title says that the server failed, over little text"
    if len(look.seen) <= BARE // 3 and words.says(words.SERVER_ERROR, words.parts_of(look.seen)):
        return PageKind.SOFT_ERROR, "all of the text says that the server failed"
    return None


def _empty_search(look: _Look) -> Verdict | None:
    parts = urlsplit(look.url)
    names = {name.casefold() for name, value in parse_qsl(parts.query) if value}
    if not (names & _SEARCHED or _SEARCH_PATH.search(parts.path)):
        return None
    if words.NO_RESULTS.search(look.seen):
        return PageKind.EMPTY_SEARCH, "an address of a search, and words for no results"
    return None


def _redirect_stub(look: _Look) -> Verdict | None:
    if len(look.seen) > BARE or look.has_outside_script or look.scripts > LEADING_SCRIPT:
        return None
    if look.scripts and _LEADS_ON.search(look.markup):
        return PageKind.REDIRECT_STUB, "a script leads on, and little else"
    return None


def _script_shell(look: _Look) -> Verdict | None:
    if len(look.seen) > BARE:
        return None
    if words.ENABLE_SCRIPTS.search(look.seen):
        return PageKind.SCRIPT_SHELL, "the text asks for scripts"
    if words.ENABLE_SCRIPTS.search(look.noscript):
        return PageKind.SCRIPT_SHELL, "little text, and a noscript asks for scripts"
    if not (look.scripts or look.has_outside_script):
        return None
    for node in look.tree.css(_MOUNTS):
        if not node.text().strip() and not node.css_matches("img, video, iframe, table"):
            return PageKind.SCRIPT_SHELL, "little text, and an empty place for scripts"
    return None


_Rule = Callable[[_Look], Verdict | None]
#: In the order in which they are asked: the first answer counts.
_RULES: tuple[_Rule, ...] = (
    *(_by_service, _by_captcha, _parked, _consent, _redirected_to_login, _by_challenge_words),
    *(_redirected_to_404, _short_404, _login, _soft_error, _empty_search),
    *(_redirect_stub, _script_shell),
)
#: Of a page with more to read.
_LONG_RULES: tuple[_Rule, ...] = (_redirected_to_login, _redirected_to_404, _titled_404)

_RETURN = frozenset(
    [
        *("next", "return", "returnto", "return_to", "returnurl", "return_url", "redirect", "continue"),
        *("redirect_to", "redirect_uri", "redirecturl", "redirect_url", "url", "to", "from", "dest"),
        *("destination", "target", "back", "referer", "goto", "service", "ru", "r", "origin", "path"),
        *("samlrequest", "relaystate", "session_redirect", "ref", "location", "came_from", "rurl"),
    ]
)  # fmt: skip
_SEARCHED = frozenset(
    [
        *("q", "query", "s", "search", "keyword", "keywords", "k", "term", "terms", "searchterm"),
        *("search_query", "suche", "suchbegriff", "recherche", "buscar", "busca", "cerca", "zoek"),
        *("szukaj", "text", "wd", "kw", "search_term", "_nkw", "field-keywords", "sok"),
    ]
)
_SEARCH_PATH = re.compile(
    r"/(?:search|suche|recherche|buscar|busca|busqueda|cerca|zoeken|szukaj|poisk|arama|sok|haku"
    r"|search-results|searchresults)(?:[/.]|$)",
    re.IGNORECASE,
)
_FILLED_IN = frozenset({"text", "email", "password", "tel", "search", "url", "number"})
_CAPTCHAS = (
    *("g-recaptcha", "h-captcha", "cf-turnstile", "hcaptcha.com/1/api", "recaptcha/api.js"),
    *("recaptcha/enterprise.js", "turnstile/v0/api", "geetest", "smart-captcha", 'id="captcha'),
    *("SmartCaptcha", "arkoselabs"),
)
_PARKERS = (
    *("sedoparking.com", "parkingcrew.net", "d38psrni17bvxu.cloudfront.net", "bodis.com"),
    *("parklogic.com", "wsimg.com/parking-lander", "window.park =", "hugedomains.com/"),
    *("afternic.com/forsale", "data-adblockkey=", "cdn.dan.com", "/parking-page/"),
    *("namebright.com", "parked-content.godaddy", "uniregistrymarket", "skenzo.com"),
)
_DOMAIN_SHOPS = frozenset(
    {"hugedomains.com", "dan.com", "sedo.com", "afternic.com", "atom.com", "buydomains.com"}
)
_LOGIN_PATH = re.compile(
    r"^(?:accounts\.google\.com|login\.|signin\.|auth\.|sso\.|idp\.|id\.|account\.|accounts\.)"
    r"|/(?:log-?_?in|sign-?_?in|log-?on|sign-?on|sso|authwall|wp-login\.php|login\.(?:php|aspx?|jsp|html?)"
    r"|oauth2?|authorize|anmelden|anmeldung|connexion|se-connecter|iniciar-sesion|acceder|accedi|entrar"
    r"|inloggen|logowanie|zaloguj|prihlaseni|logga-in|giris|vhod|uas|user/login|users/sign_in|session/new"
    r"|customer/account/login)/",
    re.IGNORECASE,
)
_CONSENT_PATH = re.compile(
    r"/(?:consent|cookie-?wall|cookie-?consent|privacy-?wall|age-?(?:verification|check))(?:[/.]|$)"
)
_NOT_FOUND_PATH = re.compile(
    r"/(?:404|error-?404|404-?error|not-?_?found|page-?_?not-?_?found|notfound|nicht-gefunden"
    r"|pagina-no-encontrada|page-introuvable|fehler-?404|404-page)(?:[/.]|$)"
)
_ABOUT_404 = re.compile(r"404|not[-_ ]?found", re.IGNORECASE)
_LEADS_ON = re.compile(
    r"(?:\blocation(?:\.href)?\s*=(?!=)|\blocation\.(?:replace|assign)\s*\()", re.IGNORECASE
)
_MOUNTS = (
    "#root, #app, #__next, #__nuxt, #___gatsby, #svelte, #main-app, #react-root, #app-root, #mount,"
    " #application, #content-root, app-root, [data-reactroot], [ng-app], [ng-version], [data-v-app],"
    " my-app, flutter-view, #ember-application"
)
