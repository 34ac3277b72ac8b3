"""What a page says of the one product that it is about: for each field the best source, without a model."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from selectolax.lexbor import LexborHTMLParser, LexborNode

from scrapeq.extract.declared import Declared
from scrapeq.extract.element_text import text_of, tidy
from scrapeq.extract.nesting import level_of
from scrapeq.extract.product_words import AVAILABLE, CART, GONE, LABELS, OTHER_PRICES
from scrapeq.extract.structured import StructuredItem
from scrapeq.extract.title import title_of
from scrapeq.extract.vocabulary import short_name

#: What is found, each a text as it was written, with its source.
Found = dict[str, tuple[str, str]]

MAX_VALUE_CHARACTERS = 500
#: Of what is visible: elements that may hold a price, lines, and rows with a label.
MAX_PRICES, MAX_LINES, MAX_PAIRS = 400, 4_000, 500
#: Offers of one product that are looked at, and levels of items.
MAX_OFFERS, MAX_LEVELS = 50, 6
#: Buttons that are looked at; elements of one kind around another, each of which has its text read.
MAX_BUTTONS, MAX_AROUND = 300, 6


def product_of(
    tree: LexborHTMLParser, declared: Declared, items: Sequence[StructuredItem], url: str
) -> Found:
    """name, price, currency, sku, gtin, mpn, brand, availability, as far as they are found; each with
    its source: "json-ld", "microdata", "rdfa", "opengraph", "meta", "visible" or "inferred".

    items: what `structured_of` gave. Of several products that a page declares, the one that has its
    address or its heading is taken, else the first. A price is a text as it was written
    (`scrapeq.clean` reads it); an availability is schema.org's word: InStock, OutOfStock. What only
    people see is asked last: a price beside a currency, labels such as "Art. No.", buttons. What has a
    price, and nothing that says that it is gone, is inferred to be InStock.

    A page that declares no product gives what is visible only if it has a price, a button to buy, or a
    line that says that it is gone.
    """
    found: Found = {}
    for source, product in _products(items, declared, url):
        for name, value in _declared(product):
            found.setdefault(name, (value, source))
    for name, metas in _METAS.items():
        for meta in metas:
            if written := declared.metas.get(meta):
                source = "opengraph" if meta.partition(":")[0] in {"og", "product"} else "meta"
                found.setdefault(name, (_tidied(name, written), source))
    body = tree.body
    if body is not None:
        for name, value in _visible(body, found, url):
            found.setdefault(name, (value, "visible"))
    if "price" in found:
        found.setdefault("availability", ("InStock", "inferred"))
    if found.keys().isdisjoint({"price", "sku", "availability"}):
        return {}
    if "name" not in found and (title := title_of(declared, url)):
        found["name"] = title
    return {
        name: (value[:MAX_VALUE_CHARACTERS], source)
        for name in FIELDS
        if name in found and (value := found[name][0].strip()) and (source := found[name][1])
    }


#: The fields of a product, in the order of a table's columns.
FIELDS = ("name", "price", "currency", "availability", "brand", "sku", "gtin", "mpn")

_METAS = {
    "price": ("product:price:amount", "og:price:amount", "product:sale_price:amount"),
    "currency": ("product:price:currency", "og:price:currency", "product:sale_price:currency"),
    "availability": ("product:availability", "og:availability"),
    "brand": ("product:brand", "og:brand"),
    "sku": ("product:retailer_item_id", "product:sku", "sku"),
    "gtin": ("product:ean", "product:gtin", "product:upc", "product:isbn"),
    "mpn": ("product:mfr_part_no",),
}


# --- what is declared ----------------------------------------------------------------------------


def _products(
    items: Sequence[StructuredItem], declared: Declared, url: str
) -> list[tuple[str, dict[str, Any]]]:
    """The one product of the page as each format has it, the surest format first."""
    headings = {tidy(text_of(node)).casefold() for node in declared.headings[:5]}
    path = url.partition("#")[0].partition("?")[0].rstrip("/")
    best: list[tuple[str, dict[str, Any]]] = []
    for format_ in ("json-ld", "microdata", "rdfa"):
        known = [
            thing
            for item in items
            if item.format == format_
            for thing in _inside(item.data, MAX_LEVELS)
        ]
        if not known:
            continue

        def is_this(thing: dict[str, Any]) -> tuple[bool, bool, bool]:
            name = next(_texts(thing.get("name")), "").casefold()
            addresses = (
                next(_texts(thing.get(key)), "") for key in ("url", "@id", "mainEntityOfPage")
            )
            has_address = any(
                one.partition("#")[0].partition("?")[0].rstrip("/") == path
                for one in addresses
                if one
            )
            return has_address, name in headings, bool(thing.get("offers"))

        best.append((format_, max(known, key=is_this)))  # the first of those that are alike
    return best


def _inside(value: Any, levels: int) -> Iterator[dict[str, Any]]:
    """The products in an item: itself, or what a page or a list is about."""
    if isinstance(value, list):
        for one in value:
            yield from _inside(one, levels - 1)
    elif isinstance(value, dict) and levels:
        types = value.get("@type")
        names = types if isinstance(types, list) else [types]
        if any(
            isinstance(one, str) and short_name(one).lower().endswith(_PRODUCTS) for one in names
        ):
            yield value
        elif not any(isinstance(one, str) and short_name(one) in _LISTS for one in names):
            for key in ("mainEntity", "mainEntityOfPage", "about", "itemOffered"):
                yield from _inside(value.get(key), levels - 1)


_PRODUCTS = (
    "product",
    "productgroup",
    "productmodel",
    "individualproduct",
    "vehicle",
    "car",
    "book",
    "event",
)
_LISTS = frozenset({"ItemList", "BreadcrumbList", "OfferCatalog"})


def _declared(product: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Fields and values of an item that is a product."""
    offers = [*_dicts(product.get("offers"), MAX_LEVELS)][:MAX_OFFERS]
    if not offers and (variants := [*_dicts(product.get("hasVariant"), 2)]):
        offers = [one for variant in variants for one in _dicts(variant.get("offers"), 2)][
            :MAX_OFFERS
        ]
    for name, keys in _KEYS.items():
        for thing in (product, *offers):
            for key in keys:
                for text in _texts(thing.get(key)):
                    if _may_be(name, text):
                        yield name, _tidied(name, text)
    yield from _prices([*offers, product])
    states = [
        _tidied("availability", text) for one in offers for text in _texts(one.get("availability"))
    ]
    if states:  # one offer that can be bought is enough
        yield "availability", next((one for one in states if one in AVAILABLE), states[0])


def _prices(offers: Sequence[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """The prices of offers with their currencies; a currency alone where no price has one."""
    for offer in offers:
        specified = [offer, *_dicts(offer.get("priceSpecification"), 2)]
        for key in ("price", "lowPrice"):
            for one in specified:
                yield from _price_of(one, key, offer)
    for offer in offers:
        for text in _texts(offer.get("priceCurrency")):
            yield "currency", text


def _price_of(
    specified: dict[str, Any], key: str, offer: dict[str, Any]
) -> Iterator[tuple[str, str]]:
    for text in _texts(specified.get(key)):
        if any(character.isdigit() for character in text):
            yield "price", text
            for currency in _texts(specified.get("priceCurrency") or offer.get("priceCurrency")):
                yield "currency", currency


_KEYS = {
    "name": ("name",),
    "sku": ("sku", "productID", "productId", "identifier"),
    "gtin": ("gtin13", "gtin", "gtin14", "gtin12", "gtin8", "ean", "isbn"),
    "mpn": ("mpn",),
    "brand": ("brand", "manufacturer"),
}


def _dicts(value: Any, levels: int) -> Iterator[dict[str, Any]]:
    """The items of a value; of an AggregateOffer its offers too, behind it."""
    if isinstance(value, dict) and levels:
        yield value
        yield from _dicts(value.get("offers"), levels - 1)
    elif isinstance(value, list):
        for one in value:
            yield from _dicts(one, levels)


def _texts(value: Any) -> Iterator[str]:
    """The texts of a value; of an item its name or its value."""
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, (str, int, float)):
        if text := tidy(str(value)):
            yield text
    elif isinstance(value, list):
        for one in value[:MAX_OFFERS]:
            yield from _texts(one)
    elif isinstance(value, dict):
        for key in ("name", "@value", "value", "@id"):
            if isinstance(value.get(key), (str, int, float)):
                yield from _texts(value[key])
                return


def _may_be(name: str, text: str) -> bool:
    """Whether a value is one at all: a template's "$brand" is none, nor a sentence a brand or a key."""
    if text.startswith(("$", "{", "<%")) and name != "price":
        return False
    if name in {"sku", "mpn", "gtin"}:
        return len(text) <= 60 and " " not in text
    return name != "brand" or (len(text) <= 50 and "|" not in text)


def _tidied(name: str, text: str) -> str:
    """A value in the form that its field has."""
    if name == "availability":
        word = short_name(text.strip())
        return _STATES.get(re.sub(r"[\W_]", "", word).lower(), word)
    if name == "sku":
        return re.sub(r"^(?:sku|mpn|productid|isbn)\s*:\s*", "", text, flags=re.IGNORECASE)
    return text


_STATES = {
    "instock": "InStock", "instore": "InStoreOnly", "instoreonly": "InStoreOnly", "onlineonly": "OnlineOnly",
    "available": "InStock", "availablefororder": "InStock", "true": "InStock", "yes": "InStock",
    "limitedavailability": "LimitedAvailability", "preorder": "PreOrder", "presale": "PreSale",
    "backorder": "BackOrder", "madetoorder": "MadeToOrder", "outofstock": "OutOfStock", "oos": "OutOfStock",
    "soldout": "SoldOut", "discontinued": "Discontinued", "false": "OutOfStock", "unavailable": "OutOfStock",
    "pending": "OutOfStock", "notinstock": "OutOfStock",
}  # fmt: skip


# --- what people see -----------------------------------------------------------------------------


def _visible(body: LexborNode, found: Mapping[str, Any], url: str) -> Iterator[tuple[str, str]]:
    """Fields and values by what stands on the page; only what is not known is looked for."""
    missing = {"price", "sku", "availability", "brand", "gtin"} - found.keys()
    if not missing:
        return
    price = _price(body) if "price" in missing else None
    button = _buy_button(body)
    lines = text_of(body).split("\n")[:MAX_LINES]
    is_gone = any(len(line) <= 80 and GONE.search(line) for line in lines)
    if price is None and button is None and not is_gone and not found:
        return
    if price is not None:
        yield "price", price
    yield from _labelled([*_pairs(body), *_pairs_in(lines)], missing)
    if is_gone:
        yield "availability", "OutOfStock"
    elif button:
        yield "availability", "InStock"
    if "sku" in missing:
        yield from _hidden_sku(body, url)


def _price(body: LexborNode) -> str | None:
    """The likeliest price: of the elements that are called so and hold one amount, the first that is
    not an old price, a price by unit or the cost of delivery."""
    best: tuple[int, str] | None = None
    levels: dict[int, int] = {}
    for place, node in enumerate(body.css(_PRICE_ELEMENTS)[:MAX_PRICES]):
        levels[node.mem_id] = level = level_of(node, levels)
        if level > MAX_AROUND or (node.tag or "") in _STRUCK:
            continue
        text = tidy(text_of(node))
        amounts = _AMOUNT.findall(text) if len(text) <= 80 else []
        if not 1 <= len(amounts) <= 2:
            continue
        attributes = node.attributes
        words = " ".join((attributes.get(key) or "")[:200] for key in _NAMING).lower()
        is_other = bool(OTHER_PRICES.search(f"{words} {_around(node)}")) or "%" in text
        score = 40 * bool(_CURRENCY.search(text)) - 60 * is_other - place // 8
        score += 15 * bool(_NOW.search(words)) + 10 * (len(amounts) == 1) - 5 * (len(text) > 25)
        score += 5 * bool(attributes.get("id"))
        if score > (best[0] if best else 0):
            best = score, _first_amount(text)
    return best[1] if best else None


def _first_amount(text: str) -> str:
    """The first amount with what stands beside it."""
    match = _AMOUNT_WITH_SIGN.search(text)
    return match[0].strip() if match else text


def _around(node: LexborNode) -> str:
    """What the elements around one are called: an old price may stand in a <del>, or in a list of
    other products."""
    words = []
    above = node.parent
    for _ in range(4):
        if above is None or above.tag == "body":
            break
        if above.tag in _STRUCK:
            words.append("old-price")
        attributes = above.attributes
        words += [(attributes.get(key) or "")[:200] for key in ("class", "id")]
        above = above.parent
    return " ".join(words).lower()


_STRUCK = frozenset({"del", "s", "strike"})
_NAMING = ("class", "id", "itemprop", "data-testid", "data-test", "data-qa", "data-name")
_PRICE_NAMES = (
    "price",
    "prix",
    "preis",
    "precio",
    "prezzo",
    "cena",
    "preco",
    "hinta",
    "pris",
    "kaina",
    "prc",
)
_PRICE_ELEMENTS = (
    ", ".join(f'[{key}*="{name}" i]' for name in _PRICE_NAMES for key in ("class", "id"))
    + ', [itemprop="price"], [data-testid*="price" i], [data-test*="price" i]'
)
_SIGNS = (
    r"[$€£¥₹₽₩₺₴₪฿₫₱₦₸]|(?:R\$|kr\.?|zł|Kč|Ft|lei|лв\.?|руб\.?|грн|Rs\.?|TL|円|元|원|kn|NT\$|SAR|AED|CHF|EUR|USD"
    r"|GBP|SEK|NOK|DKK|PLN|CZK|HUF|RON|RUB|INR|PKR|TWD|CLP|ARS|BRL|KRW|JPY|CNY|BYN|ILS|₪)(?![A-Za-z])"
)
_CURRENCY = re.compile(_SIGNS, re.IGNORECASE)
_AMOUNT = re.compile(
    r"(?<![\w.,])\d{1,3}(?:[ .,'’\u00a0\u202f]\d{3})+(?:[.,]\d{1,2})?(?!\d)|(?<![\w.,])\d+(?:[.,]\d{1,2})?(?!\d)"
)
_AMOUNT_WITH_SIGN = re.compile(
    rf"(?:(?:{_SIGNS})\s?)?(?:{_AMOUNT.pattern})(?:\s?(?:{_SIGNS}))?", re.IGNORECASE
)
_NOW = re.compile(
    r"current|now|sale|special|final|our|offer|deal|actual|main|product|buy|today|discount"
)


def _buy_button(body: LexborNode) -> bool | None:
    """Whether what is there can be bought by a button; None where there is none."""
    levels: dict[int, int] = {}
    for node in body.css(_BUTTONS)[:MAX_BUTTONS]:
        levels[node.mem_id] = level = level_of(node, levels)
        if level > MAX_AROUND:
            continue
        attributes = node.attributes
        words = " ".join((attributes.get(key) or "")[:100] for key in _SAYING)
        if CART.search(f"{tidy(text_of(node))[:80]} {words}"):
            return "disabled" not in attributes
    return None


_SAYING = ("value", "aria-label", "title", "id", "class", "name", "data-testid")
_BUTTONS = 'button, input[type="submit"], input[type="button"], a[class*="btn" i], a[class*="button" i], a[class*="cart" i], a[id*="cart" i], [role="button"]'


def _pairs(body: LexborNode) -> Iterator[tuple[str, str]]:
    """Labels and values side by side: rows of two cells, terms and what they mean."""
    for row in body.css("tr")[:MAX_PAIRS]:
        cells = [tidy(text_of(cell)[:200]) for cell in row.iter() if cell.tag in {"td", "th"}]
        if len(cells) == 2:
            yield cells[0], cells[1]
    for term in body.css("dt")[:MAX_PAIRS]:
        behind = term.next
        while behind is not None and behind.tag == "-text":
            behind = behind.next
        if behind is not None and behind.tag == "dd":
            yield tidy(text_of(term)[:200]), tidy(text_of(behind)[:200])


def _pairs_in(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Labels and values in lines: "Art. No.: 4711", "SKU 4711", or the value on the next line."""
    for place, line in enumerate(lines):
        if len(line) > 200:
            continue
        label, colon, value = line.partition(":")
        if colon and value.strip():
            yield label, value
        elif place + 1 < len(lines) and len(lines[place + 1]) <= 40:
            yield label, f"\n{lines[place + 1]}"
        if match := _BEFORE_NUMBER.match(line):
            yield match[1], match[2]


def _labelled(pairs: Iterable[tuple[str, str]], missing: set[str]) -> Iterator[tuple[str, str]]:
    """The values whose labels say what they are; a brand on the line below its label may be anything."""
    for label, value in pairs:
        word = label.strip(" \t:.#•·*|-–()[]").casefold()
        if len(word) > 40:
            continue
        for name, labels in LABELS.items():
            if (
                name in missing
                and labels.fullmatch(word)
                and not (name == "brand" and "\n" in value)
            ):
                bare = value.strip(" \t\n:#–-\u200e\u200f")
                if (kept := _VALUES[name].match(bare)) and _may_be(name, kept[0]):
                    yield name, kept[0].strip(" .,;")


_BEFORE_NUMBER = re.compile(
    r"(\D{2,40}?)[\s#№]+(?:nr\.?|no\.?|#|№)?\s*((?=\S*\d)\S{3,40})$", re.IGNORECASE
)
_VALUES = {
    "sku": re.compile(r"(?=[\w./-]*\d)[A-Za-z0-9][\w./-]{2,30}"),
    "gtin": re.compile(r"\d{8}(?:\d{4,6})?(?!\d)"),
    "brand": re.compile(r"[^\W\d_][^\n:|/,;()]{1,40}"),
}


def _hidden_sku(body: LexborNode, url: str) -> Iterator[tuple[str, str]]:
    """By what a form sends, else by the number at the end of the address."""
    for node in body.css(_SKU_ELEMENTS)[:20]:
        attributes = node.attributes
        for key in ("value", "data-sku", "data-product-sku", "data-asin"):
            value = (attributes.get(key) or "").strip()
            if _VALUES["sku"].fullmatch(value):
                yield "sku", value
    address, _, query = url.partition("#")[0].partition("?")
    for key, value in parse_qsl(query)[:50]:
        if _ID_NAME.fullmatch(key) and _ID.fullmatch(value):
            yield "sku", value
    for token in reversed(re.split(r"[/_.-]", address)[3:]):
        if _ID.fullmatch(token):
            yield "sku", token
            return


_SKU_ELEMENTS = (
    'input[name*="sku" i], input[id*="sku" i], input[name="ASIN"], [data-sku], [data-product-sku]'
)
_ID_NAME = re.compile(
    r"(?:p|pid|id|sku|item|itemid|product|productid|product_id|artikel|goods_?id)", re.IGNORECASE
)
_ID = re.compile(r"(?=[A-Za-z]{0,4}\d{4})[A-Za-z]{0,4}\d{4,20}|(?=[A-Z0-9]*\d)B[A-Z0-9]{9}")
