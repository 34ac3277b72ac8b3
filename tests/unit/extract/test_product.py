"""Products of pages: the best source for each field."""

from __future__ import annotations

import pytest
from selectolax.lexbor import LexborHTMLParser

from scrapeq.clean.products import clean_product, is_gtin
from scrapeq.extract.bounds import for_lexbor
from scrapeq.extract.declared import declarations
from scrapeq.extract.links import Joiner
from scrapeq.extract.product import FIELDS, product_of
from scrapeq.extract.structured import structured_of

URL = "https://shop.example/chairs/blue-chair-4711222?color=1"


def product(markup: str, url: str = URL) -> dict[str, tuple[str, str]]:
    tree = LexborHTMLParser(for_lexbor(markup))
    declared = declarations(tree)
    return product_of(tree, declared, structured_of(tree, declared, Joiner(url)), url)


def values(markup: str, url: str = URL) -> dict[str, str]:
    return {name: value for name, (value, _) in product(markup, url).items()}


def ld(text: str) -> str:
    return f'<script type="application/ld+json">{text}</script>'


CHAIR = """{"@type": "Product", "name": "Chair", "sku": "C-1", "gtin13": 4054278533728, "mpn": "M1",
"brand": {"@type": "Brand", "name": "Oak & Co"}, "offers": {"@type": "Offer", "price": 12.5,
"priceCurrency": "EUR", "availability": "http://schema.org/InStock"}}"""


def test_json_ld_says_all_of_it():
    assert product(ld(CHAIR)) == {
        "name": ("Chair", "json-ld"),
        "price": ("12.5", "json-ld"),
        "currency": ("EUR", "json-ld"),
        "availability": ("InStock", "json-ld"),
        "brand": ("Oak & Co", "json-ld"),
        "sku": ("C-1", "json-ld"),
        "gtin": ("4054278533728", "json-ld"),
        "mpn": ("M1", "json-ld"),
    }
    assert tuple(product(ld(CHAIR))) == FIELDS


@pytest.mark.parametrize(
    "offers",
    [
        '[{"price": "12.5", "priceCurrency": "EUR"}, {"price": "14"}]',
        '{"@type": "AggregateOffer", "lowPrice": "12.5", "highPrice": "20", "priceCurrency": "EUR"}',
        '{"priceSpecification": {"price": "12.5", "priceCurrency": "EUR"}}',
        '{"@type": "AggregateOffer", "offers": [{"price": "12.5", "priceCurrency": "EUR"}]}',
        '{"price": "", "priceSpecification": [{"price": "12.5", "priceCurrency": "EUR"}]}',
    ],
)
def test_offers_are_written_in_many_ways(offers):
    found = values(ld(f'{{"@type": "Product", "name": "Chair", "offers": {offers}}}'))

    assert (found["price"], found["currency"]) == ("12.5", "EUR")


def test_one_offer_that_can_be_bought_is_enough():
    offers = '[{"availability": "OutOfStock", "price": 1}, {"availability": "https://schema.org/InStock"}]'

    assert values(ld(f'{{"@type": "Product", "offers": {offers}}}'))["availability"] == "InStock"


def test_of_several_products_the_page_s_own_is_taken():
    others = '{"@type": "Product", "name": "Lamp", "sku": "L", "offers": {"price": 1}}'
    this = '{"@type": "Product", "name": "Blue chair", "sku": "B"}'
    linked = '{"@type": "Product", "name": "x", "sku": "U", "url": "https://shop.example/chairs/blue-chair-4711222"}'

    assert values(ld(f"[{others},{this}]") + "<h1>Blue  chair</h1>")["sku"] == "B"
    assert values(ld(f"[{others},{this},{linked}]") + "<h1>Blue chair</h1>")["sku"] == "U"
    assert values(ld(f"[{others},{this}]"))["sku"] == "L"
    nested = f'{{"@type": "WebPage", "mainEntity": {this}}}'
    assert values(ld(nested))["sku"] == "B"
    listed = f'{{"@type": "ItemList", "mainEntity": [{others}]}}'
    assert values(ld(listed)) == {}


def test_each_field_has_the_best_source():
    found = product(
        ld('{"@type": "Product", "name": "Chair", "sku": "not a key", "brand": "$brand"}')
        + '<div itemscope itemtype="https://schema.org/Product"><b itemprop=sku content=S-1></b></div>'
        + "<meta property=product:price:amount content=12.50><meta property=product:brand content=Oak>"
        + "<p>Bestell-Nr.: 99-1</p><p>EAN: 4054278533728</p><button>In den Warenkorb</button>"
    )

    assert found == {
        "name": ("Chair", "json-ld"),
        "price": ("12.50", "opengraph"),
        "availability": ("InStock", "visible"),
        "brand": ("Oak", "opengraph"),
        "sku": ("S-1", "microdata"),
        "gtin": ("4054278533728", "visible"),
    }


@pytest.mark.parametrize(
    ("markup", "price"),
    [
        ("<p class=price>12,50 €</p>", "12,50 €"),
        ("<p class=price><del>20 €</del></p><p class=price-now>12 €</p>", "12 €"),
        ("<p class=old-price>20 €</p><p class=price>12 €</p>", "12 €"),
        ("<del><b class=price>20 €</b></del><b class=price>12 €</b>", "12 €"),
        ("<p class=shipping-price>5 €</p><p id=our_price>$12.00</p>", "$12.00"),
        ("<ul class=related><li class=price>5 €</ul><p class=price>12 €</p>", "12 €"),
        ("<p class=preis>1.299,00 EUR</p>", "1.299,00 EUR"),
        ("<p class=price>-20 %</p><p class=price>12 kr</p>", "12 kr"),
        ("<p class=price>from 1 to 2 to 3 €</p><p class=price>12 zł</p>", "12 zł"),
    ],
)
def test_a_visible_price_is_the_one_that_is_asked(markup, price):
    assert product(f"<h1>Chair</h1>{markup}")["price"] == (price, "visible")


@pytest.mark.parametrize(
    ("markup", "sku"),
    [
        ("<p>Art. Nr.: C-4711</p>", "C-4711"),
        ("<p>SKU 12/AB</p>", "12/AB"),
        ("<table><tr><th>Item Number<td>77x9</table>", "77x9"),
        ("<dl><dt>Référence<dd>R12-3</dl>", "R12-3"),
        ("<p>Artikelnummer</p><p>4711</p>", "4711"),
        ("<form><input name=product_sku value=F-77></form>", "F-77"),
        ("<p>nothing</p>", "4711222"),
    ],
)
def test_a_key_stands_behind_its_label_or_in_the_address(markup, sku):
    assert values(f"<p class=price>12 €</p>{markup}")["sku"] == sku


@pytest.mark.parametrize(
    ("markup", "state"),
    [
        ("<button disabled>Add to cart</button>", ("InStock", "inferred")),
        ("<a class=btn>Ajouter au panier</a>", ("InStock", "visible")),
        ("<p>Currently unavailable.</p><button>Add to cart</button>", ("OutOfStock", "visible")),
        ("<p>Derzeit nicht verfügbar</p>", ("OutOfStock", "visible")),
        ("<p>" + "we say what is out of stock in our blog " * 3, ("InStock", "inferred")),
        ("<meta property=product:availability content=oos>", ("OutOfStock", "opengraph")),
        ("<meta property=og:availability content='in stock'>", ("InStock", "opengraph")),
    ],
)
def test_whether_it_can_be_bought(markup, state):
    assert product(f"<p class=price>12 €</p>{markup}")["availability"] == state


def test_a_page_that_sells_nothing_has_no_product():
    article = "<h1>News</h1><p>ISBN and EAN are keys. It costs 12 €.</p><p>Brand: none</p>"

    assert product(article) == {}
    assert product(ld('{"@type": "Article", "name": "News"}') + article) == {}
    assert product("") == {}


@pytest.mark.parametrize(
    "markup",
    [
        "<b class=price>" * 3_000 + "12 €",
        "<div role=button>" * 3_000 + "x " * 50_000,
        "<p class=price>" + "1" * 200_000,
        "<p>SKU: 1</p>" * 50_000,
        "<table>" + "<tr><td>SKU<td>1" * 50_000,
        ld('{"@type":"Product","offers":' * 200 + "1"),
        ld('{"@type":"Product","offers":[' + '{"price":1},' * 20_000 + "1]}"),
        "<p class='" + "price " * 100_000 + "'>1 €",
    ],
)
def test_hostile_markup_is_bounded(markup):
    assert all(len(value) <= 500 for value in values(markup).values())


@pytest.mark.parametrize(
    ("given", "source", "language", "clean"),
    [
        (
            {"price": "12.50", "currency": "EUR"},
            "json-ld",
            None,
            {"price": 12.5, "currency": "EUR"},
        ),
        ({"price": "1,299.00"}, "microdata", None, {"price": 1299}),
        ({"price": "1.299"}, "json-ld", None, {"price": 1.299}),
        ({"price": "1,299"}, "opengraph", None, {"price": 1299}),
        ({"price": "12,50 €"}, "microdata", None, {"price": 12.5, "currency": "EUR"}),
        ({"price": "1.299 €"}, "visible", "de", {"price": 1299, "currency": "EUR"}),
        ({"price": "1.299 €"}, "visible", None, {}),
        ({"price": "499€ 499€ 499"}, "visible", None, {"price": 499}),
        ({"price": "call", "currency": "€"}, "json-ld", None, {"currency": "EUR"}),
        ({"currency": "Taler"}, "json-ld", None, {}),
        ({"gtin": "4054278-533728"}, "json-ld", None, {"gtin": "4054278533728"}),
        ({"gtin": "123"}, "json-ld", None, {}),
    ],
)
def test_a_product_is_cleaned(given, source, language, clean):
    fields, unread = clean_product(given, source, language)

    assert fields == clean
    assert len(unread) == len(given.keys() - fields.keys())
    assert clean_product(fields, source, language) == (fields, [])


def test_a_gtin_has_its_check_digit():
    assert all(
        is_gtin(one) for one in ("96385074", "036000291452", "4006381333931", "00012345600012")
    )
    assert not any(
        is_gtin(one) for one in ("", "0" * 13, "4006381333930", "40063813339", "４006381333931")
    )
