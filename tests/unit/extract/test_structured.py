"""Structured data of a page: every form, as items."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from scrapeq.extract import json_ld, marked_items, script_json, structured
from scrapeq.extract.bounds import for_lexbor
from scrapeq.extract.declared import declarations
from scrapeq.extract.links import Joiner
from scrapeq.extract.structured import structured_of

PAGE = "https://shop.example/chairs/1"


def items(markup: str) -> list[dict[str, Any]]:
    tree = LexborHTMLParser(for_lexbor(markup))
    found = [one.to_json() for one in structured_of(tree, declarations(tree), Joiner(PAGE))]
    json.dumps(found, allow_nan=False).encode()
    assert all(set(one) == {"format", "type", "data"} for one in found)
    return found


def data(markup: str) -> Any:
    (item,) = items(markup)
    return item["data"]


def ld(*scripts: str) -> str:
    return "".join(f'<script type="application/ld+json">{one}</script>' for one in scripts)


# -- JSON-LD --------------------------------------------------------------------------------------

CHAIR = {"@type": "Product", "name": "Chair", "offers": {"@type": "Offer", "price": "12"}}


@pytest.mark.parametrize(
    "written",
    [
        json.dumps(CHAIR),
        json.dumps([CHAIR]),
        json.dumps({"@context": "https://schema.org", "@graph": [CHAIR]}),
        '{"@type":"Product","name":"Chair","offers":{"@type":"Offer","price":"12",},}',
        '{"@type":"Product",/* the "name" */"name":"Chair", // this one\n"offers":{"@type":"Offer","price":"12"}}',
        '{"@type":"http://schema.org/Product","name":"Chair","offers":{"@type":"schema:Offer","price":"12"}}',
        '{"@type":["Product"],"name":"Chair","offers":{"@type":"Offer","price":"12"}};',
        '{\\"@type\\":\\"Product\\",\\"name\\":\\"Chair\\",\\"offers\\":{\\"@type\\":\\"Offer\\",\\"price\\":\\"12\\"}}',
        '{"@type":"Product"\n"name":"Chair"\n"offers":{"@type":"Offer","price":"12"}}',
        '{,"@type":"Product",,"name":"Chair","offers":{"@type":"Offer","price":"12"}}',
        "<![CDATA[" + json.dumps(CHAIR) + "]]>",
        "<!-- " + json.dumps(CHAIR) + " -->",
        "\ufeff" + json.dumps(CHAIR),
        json.dumps(CHAIR).replace('"', "&quot;"),
    ],
)  # fmt: skip
def test_json_ld_is_read_as_real_pages_write_it(written):
    assert items(ld(written)) == [{"format": "json-ld", "type": "Product", "data": CHAIR}]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (r'{"@type":"A","n":"a \"good\" one"}', 'a "good" one'),
        ('{"@type":"A","n":"a "good" one"}', 'a "good" one'),
        ('{"@type":"A","n":"the "best", really","m":"x"}', 'the "best", really'),
        ('{"@type":"A","n":"5\\\' 11\\""}', "5' 11\""),
        ('{"@type":"A","n":"two\nlines"}', "two\nlines"),
        ('{"@type":"A","n":"tab\there"}', "tab\there"),
        (r'{"@type":"A","n":"a \& b \x27c\x27"}', "a & b 'c'"),
        ('{"@type":"A","n":"https://a.example/*b*/"}', "https://a.example/*b*/"),
        ('{"@type":"A","n":,"m":1}', None),
        ('{"@type":"A","n":undefined}', None),
        ('{"@type":"A","n":NaN}', None),
    ],
)
def test_strings_keep_what_is_in_them(written, value):
    assert data(ld(written))["n"] == value


def test_each_block_and_each_object_counts():
    found = items(ld('{"@type":"A"}{"@type":"B"}', "{no json", '[{"@type":"C"},{"@type":"D"}]'))

    assert [one["type"] for one in found] == ["A", "B", "C", "D"]


def test_references_in_a_graph_are_what_they_refer_to():
    graph = [
        {"@type": "WebPage", "@id": "#page", "about": {"@id": "#chair"}},
        {"@type": "Product", "@id": "#chair", "brand": {"@id": "#us"}, "page": {"@id": "#page"}},
        {"@type": "Brand", "@id": "#us", "name": "Us", "self": {"@id": "#us"}, "x": {"@id": "#no"}},
    ]
    page, chair, brand = [one["data"] for one in items(ld(json.dumps({"@graph": graph})))]

    assert chair["brand"]["name"] == "Us"
    assert page["about"]["brand"]["name"] == "Us"
    assert page["about"]["page"] == {"@id": "#page"}
    assert brand["self"] == {"@id": "#us"}
    assert brand["x"] == {"@id": "#no"}


def test_references_are_bounded():
    every = [{"@id": f"#{n}"} for n in range(90)]
    graph = [{"@id": f"#{n}", "@type": "A", "all": every} for n in range(90)]

    found = items(ld(json.dumps({"@graph": graph})))

    assert len(found) == 90
    assert len(json.dumps(found)) < 50_000_000
    assert json_ld.MAX_COPIES == 1_000


# -- microdata ------------------------------------------------------------------------------------


def test_microdata_is_read_by_the_kind_of_element():
    found = data("""
        <div itemscope itemtype="https://schema.org/Product https://schema.org/Chair" itemid="/c/1">
        <h1 itemprop=name>Blue <b>chair</b></h1><meta itemprop=sku content=" A 1 ">
        <a itemprop="url https://schema.org/sameAs" href=../1>x</a>
        <img itemprop=image src=/i.png><link itemprop=availability href=https://schema.org/InStock>
        <time itemprop=released datetime=2026-01-05>5 January</time><time itemprop=seen>today</time>
        <data itemprop=code value=7>seven</data><meter itemprop=fill value=0.5></meter>
        <object itemprop=plan data=plan.svg></object><span itemprop=price content=12.50>12,50 €</span>
        <i itemprop=tag>a</i><i itemprop=tag>b</i><i itemprop=empty></i></div>""")

    assert found == {
        "@type": ["Product", "Chair"],
        "@id": "https://shop.example/c/1",
        "name": "Blue chair",
        "sku": "A 1",
        "url": "https://shop.example/1",
        "sameAs": "https://shop.example/1",
        "image": "https://shop.example/i.png",
        "availability": "https://schema.org/InStock",
        "released": "2026-01-05",
        "seen": "today",
        "code": "7",
        "fill": "0.5",
        "plan": "https://shop.example/chairs/plan.svg",
        "price": "12.50",
        "tag": ["a", "b"],
    }


def test_items_are_in_items_and_elsewhere_on_the_page():
    found = items("""
        <div itemscope itemtype=//schema.org/Product itemref="more loop">
          <b itemprop=name>Chair</b>
          <div itemprop=offers itemscope itemtype=https://schema.org/Offer><b itemprop=price>12</b></div>
        </div>
        <p id=more><i itemprop=color>blue</i><i itemscope><u itemprop=name>Other</u></i></p>
        <div id=loop itemprop=isRelatedTo itemscope itemref=loop><b itemprop=name>Loop</b></div>""")

    assert found[0] == {
        "format": "microdata",
        "type": "Product",
        "data": {
            "@type": "Product",
            "name": "Chair",
            "offers": {"@type": "Offer", "price": "12"},
            "color": "blue",
            "isRelatedTo": {"name": "Loop"},
        },
    }
    assert [one["data"] for one in found[1:]] == [{"name": "Other"}]


# -- RDFa Lite, OpenGraph, Twitter ----------------------------------------------------------------


def test_rdfa_lite_is_read():
    found = items("""
        <meta property=og:title content=Chair>
        <div vocab=https://schema.org/ typeof=Product resource=#c>
        <b property=name>Chair</b><a property=schema:url href=/c>x</a><img property=image src=i.png>
        <div property=offers typeof=schema:Offer><meta property=price content=12></div></div>""")

    assert found[0] == {
        "format": "rdfa",
        "type": "Product",
        "data": {
            "@type": "Product",
            "@id": "https://shop.example/chairs/1#c",
            "name": "Chair",
            "url": "https://shop.example/c",
            "image": "https://shop.example/chairs/i.png",
            "offers": {"@type": "Offer", "price": "12"},
        },
    }
    assert found[1] == {"format": "opengraph", "type": None, "data": {"og:title": "Chair"}}


def test_opengraph_has_its_prices_and_twitter_its_card():
    found = items("""
        <meta property=og:type content=og:product><meta property=product:price:amount content=12>
        <meta property=og:price:currency content=EUR><meta name=twitter:card content=summary>""")

    assert found == [
        {
            "format": "opengraph",
            "type": "product",
            "data": {
                "og:type": "og:product",
                "product:price:amount": "12",
                "og:price:currency": "EUR",
            },
        },
        {"format": "twitter", "type": "summary", "data": {"twitter:card": "summary"}},
    ]


# -- JSON in scripts ------------------------------------------------------------------------------

STATE = '{"product": {"id": 7, "name": "Chair"}}'


@pytest.mark.parametrize(
    ("script", "name"),
    [
        (f'<script id="__NEXT_DATA__" type="application/json">{STATE}</script>', "__NEXT_DATA__"),
        (f'<script type="application/json">{STATE}</script>', None),
        (f"<script>window.__INITIAL_STATE__ = {STATE};</script>", "__INITIAL_STATE__"),
        (f"<script>window['__STATE__']={STATE}</script>", "__STATE__"),
        (f"<script>(function(){{a();window.__NUXT__={STATE}}})()</script>", "__NUXT__"),
        (f"<script>var productData = {STATE}, x = 1</script>", "productData"),
        (f"<script>window.__PRELOADED_STATE__ = JSON.parse({json.dumps(STATE)})</script>", "__PRELOADED_STATE__"),
    ],
)  # fmt: skip
def test_json_for_scripts_is_an_item(script, name):
    assert items(script) == [{"format": "script", "type": name, "data": json.loads(STATE)}]


@pytest.mark.parametrize(
    "script",
    [
        "<script>window.__NUXT__=(function(a){return {data:a}})(1)</script>",
        "<script>var state = {key: 'no quotes around it', more: [1]};</script>",
        "<script>if (pageData == '{}') { go({}) }</script>",
        '<script type="application/json">{"cut off": [1, 2, 3, 4, 5</script>',
        '<script type="application/json">"only a text, and a long one"</script>',
        '<script type="importmap">{"imports": {"a": "/b.js", "c": "/d.js"}}</script>',
        '<script src=x type="application/json">{"a": "not what is in it"}</script>',
    ],
)
def test_what_is_no_json_is_no_item(script):
    assert items(script) == []


def test_a_list_is_given_by_a_name():
    assert data('<script type="application/json">[{"a": 1}, {"a": 2}, {"a": 3}]</script>') == {
        "@list": [{"a": 1}, {"a": 2}, {"a": 3}]
    }


# -- bounds ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "markup",
    [
        "<div itemscope><b itemprop=a>" * 3_000,
        "<div itemscope itemprop=a itemref='x x y' id=x>" * 2_000,
        "<div itemscope itemref=all></div>" * 400 + "<p id=all>" + "<b itemprop=a>x</b>" * 400,
        "<div typeof=a property=b>" * 3_000,
        ld('{"a":[' * 50_000),
        ld('{"a":"' + '"' * 100_000),
        ld('{"a" "b" ' * 20_000),
        ld('{"a":"' + '\\"' * 100_000),
        ld('{"a":"' + '"x' * 100_000),
        ld("{" + "/* " * 100_000),
        ld("[" + '"a",' * 100_000),
        "<script>" + "xData = {" * 50_000 + "</script>",
        "<script>" + 'xData = {"a":[' * 30_000 + "</script>",
        '<script type="application/json">' + "[" * 100_000 + "</script>",
        '<script type="application/json">["' + "x" * 3_000_000 + '"]</script>',
        "".join(f"<meta property='og:{n}' content=x>" for n in range(5_000)),
    ],
)
def test_hostile_markup_is_bounded(markup):
    found = items(markup)

    assert len(found) <= structured.MAX_ITEMS
    assert len(json.dumps(found)) < 20_000_000
    assert marked_items.MAX_LEVELS < script_json.MAX_LEVELS


_PARTS = st.sampled_from(
    [
        *(
            '{"a":',
            "[",
            "]",
            "}",
            ",",
            ":",
            '"',
            '"b"',
            "1",
            "null",
            "\\",
            "//",
            "/*",
            "*/",
            "\n",
            " ",
        ),
        *("&quot;", "<!--", "-->", "undefined", "\\u00", "\ud800", "@id"),
    ]
)


@given(st.lists(_PARTS, max_size=30).map("".join))
def test_any_json_ld_ends_in_plain_values(written):
    items(ld(written))


@given(st.text(max_size=10) | st.recursive(st.none() | st.booleans() | st.text(), st.lists))
def test_what_is_json_is_read_as_it_is(value):
    written = json.dumps({"@type": "A", "n": value}).replace("<", "\\u003c")
    sound = json.loads(json.dumps(value).replace("\\u0000", ""))

    assert data(ld(written)).get("n") == sound
