"""The little web's pages: made from a seed, a host and a path, the same every time.

A page is a few freshly written pieces (head, headline, facts) between ready ones (paragraphs,
navigation) that were encoded and deflated once. Deflated pieces that end in a full flush may be
put one after another (RFC 1951, 3.2.4: each starts on a byte border and looks back at nothing), so
a gzip page of 40 KB costs a tenth of a millisecond and the web needs no cache of pages.
"""

from __future__ import annotations

import json
import re
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from html import escape
from random import Random
from typing import Any

from scrapeq.testing.phrases import ENGLISH, LANGUAGES, Language

_SITE_NAMES = (
    "Quay Post",
    "Mill Lane Courier",
    "Valley Record",
    "Bridge Review",
    "Ferry Times",
    "Clock Tower Weekly",
    "Lantern Journal",
    "Weir Bulletin",
)
_AUTHORS = (
    "Ada Holm",
    "Jonas Weidner",
    "Claire Fontanel",
    "Inés Robledo",
    "Ewa Zielińska",
    "Вера Лапина",
    "田中 葵",
    "陈 晓梅",
)
_GOODS = ("Brass lantern", "Oak bench", "Wool blanket", "Harbour map", "Tide clock", "Rope ladder")
_AVAILABILITY = ("InStock", "OutOfStock", "PreOrder")
_CURRENCIES = ("EUR", "USD", "GBP", "PLN")


@dataclass(frozen=True)
class Block:
    """Bytes of a page, as they are and deflated up to a full flush."""

    raw: bytes
    deflated: bytes


@dataclass(frozen=True)
class Site:
    """What all pages of a host share."""

    host: str
    name: str
    language: Language
    charset: str
    top: Block
    bottom: Block
    paragraphs: tuple[Block, ...]


@dataclass(frozen=True)
class GeneratedPage:
    """A page and what a perfect reader would find in it.

    `title` is the text of its h1; `facts` has, by type of page, author, published_at (ISO 8601),
    language, price, currency, sku and availability.
    """

    title: str
    pieces: Sequence[Block]
    charset: str
    facts: dict[str, Any] = field(default_factory=dict)

    def plain(self) -> bytes:
        """The page's bytes, in its charset."""
        return b"".join(piece.raw for piece in self.pieces)

    def gzipped(self) -> bytes:
        """The same bytes as one gzip member (RFC 1952)."""
        plain = self.plain()
        return b"".join(
            (
                b"\x1f\x8b\x08\0\0\0\0\0\0\xff",
                *(piece.deflated for piece in self.pieces),
                b"\x03\0",  # the last block: empty, with fixed codes
                struct.pack("<II", zlib.crc32(plain), len(plain)),
            )
        )


def block(html: str, charset: str = "utf-8") -> Block:
    """`html` in `charset` (what it lacks becomes a character reference), ready to be put in a page."""
    raw = html.encode(charset, "xmlcharrefreplace")
    deflate = zlib.compressobj(level=1, wbits=-15)
    return Block(raw, deflate.compress(raw) + deflate.flush(zlib.Z_FULL_FLUSH))


_common = lru_cache(4096)(block)  # for pieces that many pages share


@cache
def site(seed: int, host: str, charset: str | None = None) -> Site:
    """The site at `host`: half are English in UTF-8, the rest of any language and charset.

    The first host, 127.0.0.1, is always English in UTF-8; `charset` overrides what the site uses.
    """
    random = Random(f"{seed} {host}")
    language, used = ENGLISH, "utf-8"
    if host != "127.0.0.1" and random.random() < 0.5:
        language = random.choice(LANGUAGES)
        used = random.choice(("utf-8", language.legacy_charset))
    used = charset or used
    name = random.choice(_SITE_NAMES)
    links = [(f"/listing/{number}", language.headline(random)) for number in range(1, 13)]
    top = (
        f'<header class="site"><a href="/" rel="home"><img src="/image/logo.png" alt="{name}" '
        f'width="120" height="40"></a><nav><ul>{_items(links)}</ul></nav></header>\n'
    )
    bottom = (
        f'<footer class="site"><ul>{_items(links[:6])}</ul><p>© 2026 {name}. '
        '<a href="/docs/1" rel="nofollow">Imprint</a> <a href="/docs/2">Privacy</a> '
        '<a href="mailto:desk@example.org">Contact</a></p></footer></body></html>\n'
    )
    return Site(
        host=host,
        name=name,
        language=language,
        charset=used,
        top=block(top, used),
        bottom=block(bottom, used),
        paragraphs=_paragraphs(seed, language.code, used),
    )


@cache
def _paragraphs(seed: int, code: str, charset: str) -> tuple[Block, ...]:
    """64 paragraphs of two to seven sentences; every fourth has a link."""
    language = next(one for one in LANGUAGES if one.code == code)
    random = Random(f"{seed} {code}")
    made = []
    for number in range(64):
        sentences = [language.sentence(random) for _ in range(random.randint(2, 7))]
        if number % 4 == 0:
            sentences[-1] = f'<a href="../article/{number}">{sentences[-1]}</a>'
        made.append(block(f"<p>{language.space.join(sentences)}</p>\n", charset))
    return tuple(made)


def page(
    seed: int,
    host: str,
    path: str,
    *,
    kilobytes: int | None = None,
    charset: str | None = None,
    title: str | None = None,
) -> GeneratedPage:
    """The page at `host` and `path`.

    The first part of the path says the type (article, product, listing, forum, docs; an article
    for all others), a number in it the place in the listing. `kilobytes`: at least that long;
    otherwise 5 to 60 KB. `title` is put in place of the one that would be made.
    """
    its_site = site(seed, host, charset)
    kind, number, random = _place(seed, host, path)
    made = _title(its_site, random, kind, number)
    return _TYPES[kind](its_site, random, number, title or made, kilobytes)


def title_at(seed: int, host: str, path: str) -> str:
    """The title of the page there, without making the page."""
    kind, number, random = _place(seed, host, path)
    return _title(site(seed, host), random, kind, number)


def _place(seed: int, host: str, path: str) -> tuple[str, int, Random]:
    kind, _, rest = path.strip("/").partition("/")
    number = re.search(r"\d{1,9}", rest)
    return (
        kind if kind in _TYPES else "article",
        int(number[0]) if number else 1,
        Random(f"{seed} {host} {path}"),
    )


def _title(its_site: Site, random: Random, kind: str, number: int) -> str:
    if kind == "product":
        return f"{random.choice(_GOODS)} {number}"
    headline = its_site.language.headline(random)
    match kind:
        case "listing":
            return f"{its_site.name}: {headline} ({number})"
        case "forum":
            return f"{headline}? ({number})"
        case "docs":
            return f"{number}. {headline}"
    return f"{headline} ({number})"


def _article(
    its_site: Site, random: Random, number: int, title: str, kilobytes: int | None
) -> GeneratedPage:
    author = random.choice(_AUTHORS)
    published = datetime(2019, 1, 1, 6, tzinfo=UTC) + timedelta(minutes=random.randrange(4_000_000))
    picture = f"/image/{number % 97}.png"
    data = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": title,
        "author": {"@type": "Person", "name": author},
        "datePublished": published.isoformat(),
        "image": picture,
    }
    lead = (
        f"<main><article><h1>{escape(title)}</h1>"
        f'<p class="byline"><span class="author" rel="author">{author}</span> '
        f'<time datetime="{published.isoformat()}">{published:%d.%m.%Y}</time></p>'
        f'<figure><img src="{picture}" srcset="{picture}?w=640 640w, {picture}?w=1280 1280w" '
        f'alt="{escape(its_site.language.headline(random))}" width="640" height="360">'
        f"<figcaption>{escape(its_site.language.sentence(random))}</figcaption></figure>\n"
    )
    related = [(f"{number + step}", its_site.language.headline(random)) for step in range(1, 9)]
    return _compose(
        its_site,
        title=title,
        data=data,
        description=its_site.language.sentence(random),
        lead=lead,
        body=_body(its_site, random, kilobytes),
        tail=f'</article><aside class="related"><ul>{_items(related)}</ul></aside></main>\n',
        facts={"author": author, "published_at": published.isoformat()},
    )


def _product(
    its_site: Site, random: Random, number: int, title: str, kilobytes: int | None
) -> GeneratedPage:
    price = f"{random.randint(100, 99_999) / 100:.2f}"
    currency, availability = random.choice(_CURRENCIES), random.choice(_AVAILABILITY)
    sku = f"LW-{number:05d}"
    facts = {"price": price, "currency": currency, "sku": sku, "availability": availability}
    offer = {
        "@type": "Offer",
        "price": price,
        "priceCurrency": currency,
        "availability": f"https://schema.org/{availability}",
    }
    lead = (
        '<main><div class="product" itemscope itemtype="https://schema.org/Product">'
        f'<h1 itemprop="name">{escape(title)}</h1>'
        f'<img itemprop="image" src="/image/{number % 97}.png" alt="{escape(title)}" width="400">'
        f'<p>SKU <span itemprop="sku">{sku}</span></p>'
        '<p itemprop="offers" itemscope itemtype="https://schema.org/Offer">'
        f'<span class="price" itemprop="price" content="{price}">{price}</span> '
        f'<span itemprop="priceCurrency">{currency}</span>'
        f'<link itemprop="availability" href="https://schema.org/{availability}"></p>\n'
    )
    return _compose(
        its_site,
        title=title,
        # Half of the shops have JSON-LD, all have microdata.
        data={
            "@context": "https://schema.org",
            "@type": "Product",
            "name": title,
            "sku": sku,
            "offers": offer,
        }
        if number % 2
        else None,
        description=its_site.language.sentence(random),
        lead=lead,
        body=_body(its_site, random, kilobytes, (3, 14)),
        tail="</div></main>\n",
        facts=facts,
    )


def _listing(
    its_site: Site, random: Random, number: int, title: str, kilobytes: int | None
) -> GeneratedPage:
    cards = "".join(
        f'<li class="card"><a href="/{random.choice(("article", "product"))}/{number * 40 + place}">'
        f"{escape(its_site.language.headline(random))}</a>"
        f"<p>{escape(its_site.language.sentence(random))}</p></li>\n"
        for place in range(40)
    )
    before = f'<a rel="prev" href="{number - 1}">‹</a> ' if number > 1 else ""
    return _compose(
        its_site,
        title=title,
        lead=f'<main><h1>{escape(title)}</h1><ul class="cards">{cards}</ul>\n',
        body=_body(its_site, random, kilobytes, (1, 2)),
        tail=f'<p class="pages">{before}{number} <a rel="next" href="{number + 1}">›</a></p></main>\n',
    )


def _forum(
    its_site: Site, random: Random, number: int, title: str, kilobytes: int | None
) -> GeneratedPage:
    posts = []
    for place, text in enumerate(_body(its_site, random, kilobytes, (4, 40)), 1):
        author = random.choice(_AUTHORS)
        head = f'<div class="post" id="p{place}"><b class="user">{author}</b>'
        posts += [_common(f'{head} <a href="#p{place}">#{place}</a>\n', its_site.charset), text]
        posts.append(_common("</div>\n", its_site.charset))
    return _compose(
        its_site,
        title=title,
        lead=f'<main class="thread"><h1>{escape(title)}</h1>\n',
        body=posts,
        tail="</main>\n",
    )


def _docs(
    its_site: Site, random: Random, number: int, title: str, kilobytes: int | None
) -> GeneratedPage:
    sections: list[Block] = []
    for place, text in enumerate(_body(its_site, random, kilobytes, (4, 40)), 1):
        heading = f'<h2 id="s{place}">§ {place}</h2>'
        code = f"<pre><code>lamp --level {place} &lt;name&gt;</code></pre>\n"
        sections += [_common(heading + code, its_site.charset), text]
    contents = "".join(
        f'<li><a href="#s{place}">§ {place}</a></li>' for place in range(1, len(sections) // 2 + 1)
    )
    return _compose(
        its_site,
        title=title,
        lead=f'<main><h1>{escape(title)}</h1><ol class="toc">{contents}</ol>\n',
        body=sections,
        tail=f'<p><a rel="next" href="{number + 1}">{number + 1}</a></p></main>\n',
    )


_TYPES: dict[str, Callable[[Site, Random, int, str, int | None], GeneratedPage]] = {
    "article": _article,
    "product": _product,
    "listing": _listing,
    "forum": _forum,
    "docs": _docs,
}
PAGE_TYPES = tuple(_TYPES)


def _body(
    its_site: Site, random: Random, kilobytes: int | None, between: tuple[int, int] = (4, 50)
) -> list[Block]:
    """Paragraphs that make at least `kilobytes`, or a random size `between` two numbers of them."""
    wanted_bytes = 1024 * (kilobytes or random.randint(*between))
    chosen = []
    while wanted_bytes > 0:
        chosen.append(random.choice(its_site.paragraphs))
        wanted_bytes -= len(chosen[-1].raw)
    return chosen


def _compose(
    its_site: Site,
    *,
    title: str,
    lead: str,
    body: list[Block],
    tail: str,
    data: dict[str, Any] | None = None,
    description: str = "",
    facts: dict[str, Any] | None = None,
) -> GeneratedPage:
    # Within a script element only "</" could end the JSON early, and ASCII suits every charset.
    ld = json.dumps(data).replace("<", "\\u003c") if data else ""
    head = (
        f'<!doctype html>\n<html lang="{its_site.language.code}"><head>'
        f'<meta charset="{its_site.charset}"><title>{escape(title)} | {its_site.name}</title>'
        f'<meta name="description" content="{escape(description)}">'
        f'<meta property="og:title" content="{escape(title)}">'
        f'<meta property="og:site_name" content="{its_site.name}">'
        '<link rel="stylesheet" href="/style.css"><link rel="icon" href="/image/icon.png">'
        + (f'<script type="application/ld+json">{ld}</script>' if ld else "")
        + "</head><body>\n"
    )
    charset = its_site.charset
    return GeneratedPage(
        title=title,
        pieces=(
            block(head, charset),
            its_site.top,
            block(lead, charset),
            *body,
            block(tail, charset),
            its_site.bottom,
        ),
        charset=charset,
        facts={"language": its_site.language.code, **(facts or {})},
    )


def _items(links: Sequence[tuple[str, str]]) -> str:
    return "".join(f'<li><a href="{url}">{escape(text)}</a></li>' for url, text in links)
