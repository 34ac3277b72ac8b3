"""Custom selectors, in CSS and in XPath."""

from __future__ import annotations

import pytest
from selectolax.lexbor import LexborHTMLParser

from scrapeq.errors import ConfigError
from scrapeq.extract import check_selectors
from scrapeq.extract.selectors import select

SHOP = LexborHTMLParser("""
    <h1>Blue <b>chair</b></h1>
    <p class=price>  12 &euro; </p>
    <ul><li class=tag>wood<li class=tag>blue<li></ul>
    <a>no href</a><a class=next href="../2?x=1&amp;y=2" title>Next</a>
    <div id=card><div>Name</div><div>Price</div><script>no()</script></div>
    <table><tr><td>1<td>2</table>
    <p class=deep><i>inner</i></p><p class=deep> own <i>inner</i> words </p>
""")


@pytest.mark.parametrize(
    ("selector", "value"),
    [
        ("h1", "Blue chair"),
        (".price", "12 €"),
        ("li.tag", "wood"),
        ("#card", "Name\nPrice"),
        ("table", "1 2"),
        (".nothing", None),
        ("li:last-child", ""),
        ("h1::text", "Blue"),
        ("p.deep::text", "own words"),
        ("table::text", None),
        ("a::attr(href)", "../2?x=1&y=2"),
        ("a.next::attr( 'HREF' )", "../2?x=1&y=2"),
        ("a::attr(title)", ""),
        ("a::attr(nothing)", None),
        ("h1, .price", "Blue chair"),
        ("ul:has(li) > li:nth-child(2)", "blue"),
        ("//h1", "Blue chair"),
        ("//a/@href", "../2?x=1&y=2"),
        ("//h1/text()", "Blue"),
        ("(//li)[2]", "blue"),
        ("(count(//li))", "3"),
        ("//nothing", None),
        ("//table", "1 2"),
    ],
)
def test_one_selector_gives_the_first_match(selector: str, value: str | None) -> None:
    assert select(SHOP, {"field": selector}) == {"field": value}


@pytest.mark.parametrize(
    ("selector", "values"),
    [
        ("li.tag", ["wood", "blue"]),
        ("li", ["wood", "blue", ""]),
        ("p.deep::text", ["own words"]),
        ("a::attr(href)", ["../2?x=1&y=2"]),
        ("//li", ["wood", "blue", ""]),
        (".nothing", []),
        ("//nothing", []),
    ],
)
def test_a_selector_in_a_list_gives_all_matches(selector: str, values: list[str]) -> None:
    assert select(SHOP, {"field": [selector]}) == {"field": values}


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("a<b>b</b>c<p>d</p>e", "abc\nd\ne"),
        ("a<span><div>b</div></span>c", "a\nb\nc"),
        ("<span><span><p>a</p></span></span><i>b</i>c", "a\nbc"),
        ("<div><div><p>a</p></div></div>b", "a\nb"),
        ("a<br>b<br><br>c<!-- d -->e", "a\nb\nce"),
        ("a <b>\n b </b>\xa0c\u2028d", "a b c d"),
        ("a<script>x</script>b<span>c<style>y</style></span>d", "abcd"),
        ("a<noscript><p>x</p></noscript>b<span><noscript>x</noscript></span>c", "abc"),
        ("a<span>b<script>x</script></span>", "ab"),
        ("a<template><p>x</p></template>b", "ab"),
        ("12<sup>99</sup>8<sup>th</sup>", "12⁹⁹8th"),
        ("12<span><sup>3</sup></span>4", "12³4"),
        ("12<sup>3</sup>", "12³"),
        ("<table><tr><td>a<td>b<tr><th>c</table>d", "a b\nc\nd"),
        ("&lt;p&gt; &amp;amp; &nbsp;x", "<p> &amp; x"),
        ("<!-- -->", ""),
        (" \n ", ""),
    ],
)
def test_the_text_of_an_element_is_what_a_person_reads(markup: str, text: str) -> None:
    page = LexborHTMLParser(f"<body><article>{markup}</article><p>after</p>")

    assert select(page, {"it": "article"}) == {"it": text or ""}


def test_xpath_reads_text_that_lxml_alone_would_drop() -> None:
    deep = LexborHTMLParser("<div>" * 400 + "<p>at the bottom" + "</div>" * 400)

    assert select(deep, {"field": "//p"}) == {"field": "at the bottom"}


def test_every_name_has_a_value_even_if_its_selector_is_none() -> None:
    assert select(SHOP, {"a": "h1[", "b": ["//h1["], "c": "h1"}) == {
        "a": None,
        "b": [],
        "c": "Blue chair",
    }


@pytest.mark.parametrize(
    ("selector", "problem"),
    [
        ("h1[", "not valid CSS"),
        ("div > > a", "not valid CSS"),
        ("p:contains('x')", "not valid CSS"),
        ("a::before", "pseudo-element"),
        ("//h1[", "not valid XPath"),
        ("//x/foo()", "not valid XPath"),
        ("//h1[foo()]", "not valid XPath (Unregistered function)"),
        ("//h1[@id and foo()]", "not valid XPath (Unregistered function)"),
        ("//h1[contains(.)]", "not valid XPath (Invalid number of arguments)"),
        ("//h1[. = $name]", "not valid XPath (Undefined variable)"),
        ("//a[re:test(@href, '[')]", "not valid XPath (unterminated character set"),
        ("count(//a)", 'is XPath, which begins with / or (: write it as "(count(//a))"'),
        (["li["], "not valid CSS"),
    ],
)
def test_a_wrong_selector_is_named_with_an_example(selector: str | list[str], problem: str) -> None:
    with pytest.raises(ConfigError, match=r"a\.next::attr") as caught:
        check_selectors({"fine": "h1", "mine": selector})

    assert "'mine'" in str(caught.value)
    assert problem in caught.value.problem


@pytest.mark.parametrize(
    "selector",
    [
        "//a[position() = last()]",
        "//a[contains(., 'foo(') and (@href or text())]",
        "//p[6 div (2) = 3]/following-sibling::node()",
        "//a[re:test(@href, 'a(b)') or has-class('x')]",
        "(//a[not(comment())])[last()]",
    ],
)
def test_calls_that_are_right_pass(selector: str) -> None:
    check_selectors({"a": selector})


def test_a_pattern_that_a_page_gives_and_that_is_none_matches_nothing() -> None:
    page = LexborHTMLParser("<a href='x' title='['>1</a>")

    assert select(page, {"a": ["//a[re:test(@href, @title)]"]}) == {"a": []}


def test_right_selectors_pass() -> None:
    check_selectors({"a": "h1", "b": ["//li"], "c": "a.next::attr(href)", "d": "p::text"})
