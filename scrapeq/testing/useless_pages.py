"""Pages that are no use, and ones that only look so: each with the kind that it should get.

Made by code, in several languages, in the shapes that such pages have on the web: with the menus of
a site, as a bare sentence, with what a service puts into them. For tests of `page_kind`, and for
`benchmarks/page_kinds.py`, which counts how many are told right.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from scrapeq.models import PageKind

SITE = "https://www.shop.example"


@dataclass(frozen=True, slots=True)
class UselessPage:
    """name: for people. url: the page's own. asked: before redirects."""

    name: str
    kind: PageKind
    markup: str
    url: str = f"{SITE}/a/page"
    asked: str = f"{SITE}/a/page"


def useless_pages() -> Iterator[UselessPage]:
    """More than 150 pages, of every kind."""
    yield from _not_found()
    yield from _server_errors()
    yield from _logins()
    yield from _challenges()
    yield from _walls()
    yield from _parked()
    yield from _searches()
    yield from _shells()
    yield from _stubs()
    yield from _good_pages()


def page(title: str, body: str, *, head: str = "") -> str:
    """A whole document."""
    return (
        f"<!doctype html><html><head><title>{title}</title>{head}</head><body>{body}</body></html>"
    )


def with_menus(content: str, links: int = 40) -> str:
    """Content between a header and a footer, as a shop has them."""
    menu = "".join(f'<li><a href="/c/{n}">Category {n}</a></li>' for n in range(links))
    return (
        f'<header><nav><ul>{menu}</ul></nav><form action="/search"><input name="q"></form></header>'
        f"<main>{content}</main><footer><a href='/imprint'>Imprint</a> © 2026 Example Ltd</footer>"
    )


def prose(sentences: int = 60) -> str:
    """Something to read, in paragraphs."""
    sentence = "The harbour was rebuilt after the storm, and ships have come back since then. "
    return "".join(f"<p>{sentence * 5}</p>" for _ in range(sentences // 5))


_NOT_FOUND = {
    "en": ("Page not found", "Sorry, the page you are looking for does not exist.", "Home"),
    "de": ("Seite nicht gefunden", "Die gewünschte Seite gibt es leider nicht.", "Startseite"),
    "fr": ("Page introuvable", "La page que vous cherchez n'existe plus.", "Accueil"),
    "es": ("Página no encontrada", "La página que busca no existe.", "Inicio"),
    "it": ("Pagina non trovata", "La pagina cercata non esiste.", "Home"),
    "pt": ("Página não encontrada", "A página que procura não existe.", "Início"),
    "nl": ("Pagina niet gevonden", "Deze pagina bestaat niet meer.", "Start"),
    "pl": ("Nie znaleziono strony", "Tej strony już nie ma.", "Strona główna"),
    "cs": ("Stránka nenalezena", "Tato stránka neexistuje.", "Domů"),
    "ru": ("Страница не найдена", "Возможно, она была удалена.", "На главную"),
    "tr": ("Sayfa bulunamadı", "Aradığınız sayfa kaldırılmış olabilir.", "Ana sayfa"),
    "ja": ("お探しのページが見つかりませんでした", "移動または削除された可能性があります。", "トップ"),
    "zh": ("页面不存在", "您访问的页面可能已被删除。", "首页"),
    "ko": ("페이지를 찾을 수 없습니다", "주소를 다시 확인해 주세요.", "홈"),
}  # fmt: skip


def _not_found() -> Iterator[UselessPage]:
    kind = PageKind.SOFT_404
    for language, (words, more, home) in _NOT_FOUND.items():
        text = f"<h1>{words}</h1><p>{more}</p><a href='/'>{home}</a>"
        yield UselessPage(
            f"{language}: with menus", kind, page(f"{words} | Shop", with_menus(text))
        )
        bare = page("Shop", f"<div class='box'><h1>{words}</h1><p>{more}</p></div>")
        yield UselessPage(f"{language}: by its heading", kind, bare)
    text = "<h1>Oops! That page can’t be found.</h1><p>Try a search?</p>"
    many = with_menus("<h1>Page not found</h1><p>See our best sellers.</p>", links=700)
    yield UselessPage("a long menu", kind, page("Page not found – Shop", many))
    yield UselessPage("a blog's", kind, page("Page not found - My Blog", with_menus(text)))
    yield UselessPage("a number", kind, page("404", "<h1>404</h1><p>Lost in space</p>"))
    yield UselessPage("a number and words", kind, page("404 - Not Found", "<center>nginx</center>"))
    yield UselessPage(
        "a product", kind, page("Product not found | Shop", with_menus("<p>Gone.</p>"))
    )
    yield UselessPage("a sentence", kind, page("", "The requested page could not be found."))
    led = page("Our shop", with_menus("<h2>Let us help you</h2>"))
    yield UselessPage("redirected", kind, led, url=f"{SITE}/404?from=%2Fa%2Fpage")
    led = page("Shop", with_menus("<h2>Ups</h2>", links=900))
    yield UselessPage("redirected, long", kind, led, url=f"{SITE}/error/not-found")


def _server_errors() -> Iterator[UselessPage]:
    kind = PageKind.SOFT_ERROR
    for title, text in (
        ("500 Internal Server Error", "<h1>Internal Server Error</h1><p>Try again later.</p>"),
        ("Shop - Maintenance", "<h1>We'll be back soon!</h1><p>We are improving the shop.</p>"),
        ("Database Error", "<h1>Error establishing a database connection</h1>"),
        ("Wartungsarbeiten", "<p>Wir sind gleich wieder für Sie da.</p>"),
        ("Site en maintenance", "<p>Revenez plus tard.</p>"),
        ("メンテナンス中", "<p>しばらくしてからアクセスしてください。</p>"),
        ("Технические работы", "<p>Скоро вернёмся.</p>"),
        ("", "Something went wrong."),
    ):
        yield UselessPage(title or text, kind, page(title, text))


_LOG_IN = {
    "en": ("Log in", "User name", "Password"),
    "de": ("Anmelden", "Benutzername", "Passwort"),
    "fr": ("Connexion", "Identifiant", "Mot de passe"),
    "es": ("Iniciar sesión", "Usuario", "Contraseña"),
    "it": ("Accedi", "Utente", "Password"),
    "pt": ("Entrar", "Usuário", "Senha"),
    "pl": ("Zaloguj się", "Login", "Hasło"),
    "ru": ("Вход", "Логин", "Пароль"),
    "ja": ("ログイン", "ユーザー名", "パスワード"),
    "zh": ("登录", "用户名", "密码"),
}


def _form(title: str, user: str, password: str) -> str:
    return (
        f"<h1>{title}</h1><form method='post' action='/session'><label>{user}<input name='user'>"
        f"</label><label>{password}<input type='password' name='pass'></label>"
        f"<button>{title}</button></form>"
    )


def _logins() -> Iterator[UselessPage]:
    kind = PageKind.LOGIN
    for language, words in _LOG_IN.items():
        form = _form(*words)
        yield UselessPage(f"{language}: a form", kind, page(f"{words[0]} - Shop", with_menus(form)))
        away = f"{SITE}/login?next=%2Fa%2Fpage"
        yield UselessPage(
            f"{language}: redirected", kind, page("Shop", with_menus(form, 900)), away
        )
    bare = "<img src='/logo.png'><form><input name='u'><input type='password'><button>OK</button></form>"
    yield UselessPage("a bare form", kind, page("Intranet", bare))
    first_the_address = page("Accounts", "<h1>Hello</h1><form><input type='email'></form>")
    away = (
        "https://accounts.google.com/v3/signin?continue=https%3A%2F%2Fwww.shop.example%2Fa%2Fpage"
    )
    yield UselessPage("first the address", kind, first_the_address, url=away)
    wall = page("Join us", "<h1>Welcome back</h1><form><input type='password'></form>" + prose(20))
    yield UselessPage("a wall", kind, wall, url=f"{SITE}/authwall?session_redirect=%2Fa%2Fpage")


def _challenges() -> Iterator[UselessPage]:
    kind = PageKind.CHALLENGE
    for service, title, body in (
        ("Cloudflare", "Just a moment...", "<noscript>Enable JavaScript and cookies to continue"
         "</noscript><script>window._cf_chl_opt={cType:'managed'};</script>"),
        ("DataDome", "shop.example", "<p id='cmsg'>Please enable JS and disable any ad blocker</p>"
         "<script src='https://ct.captcha-delivery.com/c.js'></script>"),
        ("HUMAN", "Access to this page has been denied", '<div id="px-captcha"></div>'),
        ("Imperva", "", "<iframe src='/_Incapsula_Resource?CWUDNSAI=9&xinfo=1'>Request unsuccessful."
         " Incapsula incident ID: 1-2</iframe>"),
        ("AWS WAF", "Human Verification", "<script>window.gokuProps={};</script><div id='c'></div>"),
        ("Akamai", "Challenge", "<div class='x'><div id='sec-if-cpt-container'></div></div>"),
        ("Anubis", "Making sure you're not a bot!", '<script id="anubis_challenge">{}</script>'),
        ("Vercel", "Vercel Security Checkpoint", "<p>We're verifying your browser</p>"),
        ("Alibaba Cloud", "", "<script>var arg1='F1';document.cookie='acw_sc__v2='+arg1</script>"),
        ("a shop", "Robot Check", "<p>Type the characters you see in this image.</p><form><input"
         " name='field'></form>"),
        ("reCAPTCHA", "Verify", "<form><div class='g-recaptcha' data-sitekey='x'></div></form>"),
        ("hCaptcha", "One more step", "<div class='h-captcha'></div><p>Please complete the check.</p>"),
        ("German", "Sicherheitsüberprüfung", "<p>Bitte bestätigen Sie, dass Sie ein Mensch sind.</p>"),
        ("Russian", "Вы не робот?", "<p>Подтвердите, что запросы отправляли вы.</p>"),
        ("Chinese", "百度安全验证", "<div class='timeout'>网络不给力，请稍后重试</div>"),
        ("refusal", "Access Denied", "<h1>Access Denied</h1><p>You don't have permission.</p>"),
    ):  # fmt: skip
        yield UselessPage(service, kind, page(title, body))


def _walls() -> Iterator[UselessPage]:
    kind = PageKind.CONSENT
    buttons = "<form action='/save'><button>OK</button><button>No</button></form>"
    for title in (
        *("Before you continue to Shop", "We value your privacy", "Bevor Sie fortfahren"),
        *("Avant de continuer", "Antes de continuar", "Prima di continuare", "Age Verification"),
        *("Sind Sie mindestens 18 Jahre alt?", "Zanim przejdziesz do Shop"),
    ):
        body = f"<h1>{title}</h1><p>We and our 812 partners store cookies.</p>{buttons}"
        yield UselessPage(title, kind, page(title, body))
    body = page("Shop", f"<p>Cookies?</p>{buttons}")
    yield UselessPage(
        "moved", kind, body, url="https://consent.shop.example/m?continue=%2Fa%2Fpage"
    )
    yield UselessPage("an age", kind, body, url=f"{SITE}/age-check?return=/a/page")


def _parked() -> Iterator[UselessPage]:
    kind = PageKind.PARKED
    for title, body in (
        (
            "shop.example is for sale",
            "<h1>shop.example is for sale!</h1><a href='/offer'>Offer</a>",
        ),
        ("shop.example", "<div data-adblockkey='MFww'></div><script>window.park = 'x';</script>"),
        ("shop.example", "<p>This domain is parked.</p><a>shop.example</a>"),
        ("shop.example", "<p>Die Domain shop.example steht zum Verkauf.</p>"),
        ("shop.example", "<p>shop.example — este dominio está a la venta.</p>"),
        ("shop.example", "<p>Le nom de domaine shop.example est à vendre</p>"),
        ("shop.example", "<p>Домен shop.example продаётся</p>"),
        (
            "Welcome to nginx!",
            "<h1>Welcome to nginx!</h1><p>Further configuration is required.</p>",
        ),
        ("Apache2 Ubuntu Default Page: It works", "<p>This is the default welcome page.</p>"),
        ("Coming soon", "<h1>Coming soon</h1>"),
        ("Hier entsteht eine neue Website", "<p>Willkommen</p>"),
    ):
        yield UselessPage(body[:60], kind, page(title, body), url="https://shop.example/")
    led = page("Domains", with_menus("<h1>shop.example</h1><p>$2,395</p>"))
    seller = "https://www.hugedomains.com/domain_profile.cfm?d=shop.example"
    yield UselessPage("a seller's", kind, led, url=seller, asked="https://shop.example/")


def _searches() -> Iterator[UselessPage]:
    kind = PageKind.EMPTY_SEARCH
    for language, words in {
        "en": "No results found for “qwzx”",
        "en2": "Your search did not match any documents.",
        "de": "Leider keine Ergebnisse für „qwzx“",
        "fr": "Aucun résultat pour « qwzx »",
        "es": "No se encontraron resultados",
        "it": "Nessun risultato",
        "pt": "Nenhum resultado encontrado",
        "ru": "Ничего не найдено",
        "ja": "該当する商品はありません",
        "zh": "没有找到相关结果",
    }.items():
        body = page("Search | Shop", with_menus(f"<h1>qwzx</h1><p>{words}</p>"))
        yield UselessPage(language, kind, body, f"{SITE}/?q=qwzx", f"{SITE}/?q=qwzx")
    path = page("Suche", with_menus("<p>0 Treffer</p>"))
    yield UselessPage("by its path", kind, path, f"{SITE}/suche/qwzx", f"{SITE}/suche/qwzx")


def _shells() -> Iterator[UselessPage]:
    kind = PageKind.SCRIPT_SHELL
    script = "<script src='/static/main.js'></script>"
    for mount in (
        *("<div id='root'></div>", "<div id='app'></div>", "<div id='__next'></div>"),
        *("<app-root></app-root>", "<div id='__nuxt'><div></div></div>", "<div ng-app></div>"),
    ):
        yield UselessPage(mount, kind, page("Shop", mount + script))
    for words in (
        *("You need to enable JavaScript to run this app.", "Bitte aktivieren Sie JavaScript."),
        *("Veuillez activer JavaScript pour continuer.", "Active JavaScript en su navegador."),
        *("Для работы сайта включите JavaScript", "JavaScriptを有効にしてください。"),
    ):
        yield UselessPage(words, kind, page("Shop", f"<noscript>{words}</noscript>{script}"))
        yield UselessPage(f"shown: {words}", kind, page("Shop", f"<p>{words}</p>{script}"))
    state = "<script>window.__STATE__=" + "{'a':'" + "x" * 50_000 + "'}</script>"
    yield UselessPage("with its state", kind, page("Shop", "<div id='root'></div>" + state))


def _stubs() -> Iterator[UselessPage]:
    kind = PageKind.REDIRECT_STUB
    for body in (
        "<script>window.location.href = 'https://other.example/';</script>",
        "<script>location.replace('/new/place')</script><p>You are being redirected…</p>",
        "<script>top.location='/x';</script><a href='/x'>Weiter</a>",
        "<p>Redirecting</p><script>setTimeout(function(){window.location = '/b'}, 500)</script>",
    ):
        yield UselessPage(body[:60], kind, page("", body))


def _good_pages() -> Iterator[UselessPage]:
    """Pages to read, each with something that the others have."""
    kind = PageKind.PAGE
    sign_in = "<form class='menu'><input name='u'><input type='password'></form>"
    about_404 = page("404 Not Found - HTTP | Docs", f"<h1>404 Not Found</h1>{prose()}")
    status = f"{SITE}/docs/Status/404"
    search = f"{SITE}/?q=harbour"
    for name, markup, url in (
        ("an article", page("The harbour", f"<h1>The harbour</h1>{prose()}"), ""),
        ("a short notice", page("Opening hours", "<h1>Opening hours</h1><p>9 to 5</p>"), ""),
        ("a log-in in the menu", page("Shop", sign_in + with_menus(prose())), ""),
        ("a short page with a log-in in the menu",
         page("Opening hours", sign_in + with_menus("<h1>Opening hours</h1><p>Monday to Friday</p>")),
         ""),
        ("a hidden log-in", page("Chat", f"<div style='display: none'>{sign_in}</div><p>Hi</p>"), ""),
        ("about an error", about_404, status),
        ("about an error, short", page("404 Not Found", "<h1>404 Not Found</h1><p>See RFC</p>"), status),
        ("how to", page("How to fix “404 Not Found”", f"<h1>How to fix it</h1>{prose(10)}"), ""),
        ("results", page("Search", with_menus(f"<h1>harbour</h1>{prose()}")), search),
        ("few results", page("Search", with_menus("<h1>3 results</h1><p>Harbour</p>")), search),
        ("a lesson", page("JavaScript basics", f"<h1>Enable JavaScript</h1>{prose()}"), ""),
        ("a noscript", page("Shop", f"<noscript>Enable JavaScript</noscript>{prose()}"), ""),
        ("rendered", page("Shop", f"<div id='root'>{prose()}</div><script>x()</script>"), ""),
        ("a picture", page("A picture", "<div id='root'><img src='/p.jpg'></div><script>x()</script>"),
         ""),
        ("a banner for cookies", page("The harbour", "<div class='cookie'><h2>We value your privacy"
         f"</h2><button>OK</button></div><h1>The harbour</h1>{prose()}"), ""),
        ("a protected page", page("The harbour", f"<script src='https://js.datadome.co/tags.js'>"
         f"</script><script>window.__CF$cv$params={{}}</script>{prose()}"), ""),
        ("a contact form", page("Contact", "<h1>Contact</h1><form><input name='name'><input"
         " type='email'><textarea></textarea><div class='g-recaptcha'></div></form>"), ""),
        ("a new account", page("Create account", "<form><input type='email'><input type='password'>"
         "<input type='password'></form><p>Join us today and get 10 % off your first order.</p>"), ""),
        ("about domains", page("How to sell", f"<h1>This domain is for sale: a story</h1>{prose()}"),
         ""),
        ("a story about robots", page("Are you a robot?", f"<article><h1>Robots</h1>{prose(10)}"
         "</article>"), ""),
        ("no results of an election", page("Elections", "<h1>Elections</h1><p>No results yet.</p>"),
         ""),
        ("a small script", page("Map", "<h1>Map of the harbour</h1><p>" + "Quay, pier, dock. " * 30
         + "</p><script>if (x) location.href = '/m'</script>"), ""),
        ("a list", page("All harbours", with_menus("<ul>" + "<li>Harbour</li>" * 300 + "</ul>")), ""),
    ):  # fmt: skip
        at = url or f"{SITE}/a/page"
        yield UselessPage(name, kind, markup, url=at, asked=at)
    moved = page("The harbour", sign_in + f"<h1>The harbour</h1>{prose()}")
    yield UselessPage("moved", kind, moved, url=f"{SITE}/b/page")
