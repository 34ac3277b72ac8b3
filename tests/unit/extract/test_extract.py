"""A page as a whole: real ones, broken ones, hostile ones."""

from __future__ import annotations

import json
import subprocess
import sys
from random import Random

import pytest

from scrapeq.extract import extract
from scrapeq.extract.bounds import MAX_OPTIONS, cut_attributes, cut_options, flatten
from scrapeq.models import Content, ErrorKind, Failure, Links, Recipe
from scrapeq.models.config import USUAL_FIELDS
from scrapeq.testing.phrases import ENGLISH

SENTENCE = "These are words that a person reads on a page about tea. "
ARTICLE = f"""<!doctype html><html lang=en><head><title>Tea | Example</title>
<meta property=og:type content=article></head><body>
<nav><a href=/>Home</a><a href=/shop>Shop</a></nav>
<article><h1>Tea</h1><p>{SENTENCE * 8}</p><h2>Green &amp; black</h2>
<ul><li>{SENTENCE}</li><li>{SENTENCE}</li></ul><p>{SENTENCE * 5}</p></article>
<footer>Copyright <script>track()</script></footer></body></html>""".encode()

DECLARING = b"""<!doctype html><html lang=en><head><title>Tea | Example</title>
<meta property=og:site_name content=Example><link rel=canonical href=/tea>
<script type=application/ld+json>{"@type": "Article", "headline": "Tea", "author": {"name": "Ann Li"},
"datePublished": "2025-09-04T10:00:00Z"}</script></head>
<body><h1>Tea</h1><p class=byline>By Ann Li</p></body></html>"""

EVERYTHING = Recipe(
    custom_selectors={"title": "h1", "links": ["a::attr(href)"], "xpath": "//h1"},
    extract_links=True,
    extract_images=True,
    page_fields=(*USUAL_FIELDS, "markdown", "tables", "structured", "product"),
)


def read(
    body: bytes | str, recipe: Recipe = EVERYTHING, content_type: str = "text/html"
) -> Content:
    content = extract(
        body.encode() if isinstance(body, str) else body,
        url="https://example.com/tea",
        content_type=content_type,
        recipe=recipe,
    )
    assert isinstance(content, Content), content
    json.dumps(content.to_json(), ensure_ascii=False, allow_nan=False).encode()
    return content


@pytest.mark.parametrize(("how", "reader"), [("best", "trafilatura"), ("fast", "resiliparse")])
def test_an_article_is_its_text_without_the_menus(how: str, reader: str) -> None:
    content = read(ARTICLE, EVERYTHING.model_copy(update={"main_text": how}))

    assert content.text is not None
    assert content.markdown is not None
    assert content.text.count(SENTENCE.strip()) >= 13
    assert "Shop" not in content.text
    assert "track" not in content.text
    assert "## Green & black" in content.markdown
    assert content.sources["text"] == content.sources["markdown"] == reader


def test_the_best_reading_keeps_lists() -> None:
    content = read(ARTICLE)

    assert (content.text or "").count(SENTENCE.strip()) == 15
    assert f"- {SENTENCE.strip()}" in (content.markdown or "")


def test_a_page_gives_all_that_the_recipe_asks_for() -> None:
    content = read(ARTICLE)

    assert (content.title, content.language, content.charset) == ("Tea", "en", "utf-8")
    assert content.fields == {"title": "Tea", "links": ["/", "/shop"], "xpath": "Tea"}
    assert [link["url"] for link in content.links] == [
        "https://example.com/",
        "https://example.com/shop",
    ]
    assert content.sources["fields.title"] == "selector"
    assert content.changes == []


def test_markdown_is_not_made_unless_it_is_asked_for() -> None:
    content = read(ARTICLE, Recipe())
    plain = read("# Tea", Recipe(), content_type="text/plain")

    assert content.text
    assert plain.text == "# Tea"
    assert content.markdown is plain.markdown is None
    assert not {"markdown"} & {*content.sources, *plain.sources}


@pytest.mark.parametrize("name", USUAL_FIELDS)
def test_one_field_is_read_as_it_is_beside_the_others(name: str) -> None:
    alone = read(DECLARING, Recipe(main_text="off", page_fields=(name,)))
    beside = read(DECLARING, Recipe(main_text="off"))

    assert getattr(alone, name) == getattr(beside, name)
    assert getattr(alone, name)
    assert not any(getattr(alone, other) for other in USUAL_FIELDS if other != name)
    assert alone.sources.items() <= beside.sources.items()


def test_another_link_is_not_taken_for_the_canonical_one() -> None:
    content = read("<link itemprop=author href=/ann><link rel=canonical href=/tea><p>x")

    assert content.metadata["canonical"] == "https://example.com/tea"


def test_a_page_may_be_read_for_its_selectors_alone() -> None:
    recipe = Recipe(main_text="off", page_fields=(), custom_selectors={"heading": "h1"})
    content = read(DECLARING, recipe)

    assert content.fields == {"heading": "Tea"}
    assert set(content.sources) == {"charset", "fields.heading"}


def test_what_is_not_asked_for_is_not_there() -> None:
    content = read(ARTICLE, Recipe(main_text="off"))

    assert content.text is content.markdown is None
    assert (content.links, content.images) == (Links(), [])
    assert content.fields == {}
    assert not {"text", "links", "images"} & set(content.sources)


def test_a_list_is_read_where_no_article_is() -> None:
    items = "".join(f"<li><a href=/{n}>Green tea number {n}</a> {n} €</li>" for n in range(60))

    content = read(f"<title>Teas</title><nav>Menu</nav><h1>Teas</h1><ul>{items}</ul>")

    assert content.text is not None
    assert "Green tea number 59" in content.text
    assert "Menu" not in content.text


def test_a_list_of_cards_beside_an_article_does_not_take_its_place() -> None:
    cards = "".join(
        f"<div class=card><h4>Kettle {n}</h4><p>Steel, 1.{n} litres, with a lid</p><b>{n} €</b></div>"
        for n in range(150)
    )
    random = Random(3)
    prose = [" ".join(ENGLISH.sentence(random) for _ in range(6)) for _ in range(8)]
    article = f"<article><h1>Tea</h1>{''.join(f'<p>{one}</p>' for one in prose)}</article>"

    page = f"<html lang=en><title>Tea</title><body><div>{article}</div><div>{cards}</div>"
    content = read(page)

    assert content.sources["text"] == "trafilatura"
    assert "Kettle 99" not in (content.text or "")


def test_prose_beside_a_short_article_is_read() -> None:
    questions = "".join(f"<div><b>Why {n}?</b><div>{SENTENCE * 4}</div></div>" for n in range(30))
    article = f"<article><h1>Tea</h1><p>{SENTENCE * 6}</p></article>"

    content = read(f"<title>Tea</title>{article}<div>{questions}</div>")

    assert "Why 29?" in (content.text or "")


def test_plain_text_is_its_own_text() -> None:
    content = read("Request for Comments\n\n  Tea & <b>\n", content_type="text/plain")

    assert content.text == "Request for Comments\n\n  Tea & <b>"
    assert content.title is None
    assert content.fields == {"title": None, "links": [], "xpath": None}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", ErrorKind.EMPTY),
        (b"\xef\xbb\xbf \0 ", ErrorKind.EMPTY),
        (b"%PDF-1.4", ErrorKind.NOT_HTML),
    ],
)
def test_no_page_is_a_failure_with_a_reason(body: bytes, kind: ErrorKind) -> None:
    found = extract(body, url="", content_type="text/html", recipe=Recipe())

    assert isinstance(found, Failure)
    assert found.kind is kind
    assert found.message


WORDS = f"<p>{SENTENCE * 20}</p>"


@pytest.mark.parametrize("how", ["best", "fast"])
@pytest.mark.parametrize(
    "markup",
    [
        pytest.param("<div>" * 300 + WORDS + "</div>" * 300, id="300 deep"),
        pytest.param("<div>" * 100_000 + WORDS + "</div>" * 100_000, id="100,000 deep"),
        pytest.param("<b>" * 20_000 + WORDS, id="unclosed b"),
        pytest.param("<div></x>" * 20_000 + WORDS, id="wrong ends"),
        pytest.param("<table><tr><td>" * 5_000 + WORDS, id="tables"),
        pytest.param(
            "<div " + " ".join(f"a{n}=1" for n in range(300_000)) + ">" + WORDS, id="attributes"
        ),
        pytest.param("<a href=/x>x</a>" * 50_000 + WORDS, id="links"),
        pytest.param("<html><div><p>one<ul><li>a<table><td>b" + WORDS + "<a href='", id="unclosed"),
        pytest.param("<" * 100_000 + WORDS, id="less than"),
        pytest.param('<a "' * 50_000 + WORDS, id="quotes"),
        pytest.param("\0<h1>a\0b</h1>&#0;&#xD800;\ud800" + WORDS, id="no characters"),
    ],
)
def test_hostile_markup_keeps_its_words(markup: str, how: str) -> None:
    body = markup.encode("utf-8", "surrogatepass")

    content = read(body, EVERYTHING.model_copy(update={"main_text": how}))

    assert SENTENCE.strip() in (content.text or "")
    assert "\0" not in str(content)


def test_long_values_are_bounded() -> None:
    long = "word " * 100_000

    content = read(f"<title>{long}</title><meta name=author content='{long}'><a href=/>{long}</a>")

    assert content.title is not None
    assert len(content.title) == 1_000
    assert len(content.author or "") <= 300
    assert len(content.links.text[0]) == 1_000


def test_flatten_changes_only_what_is_too_deep() -> None:
    flat = "<ul><li>a<li>b</ul><p>c<p>d<svg><path/><path/></svg>" * 500

    assert flatten(flat, 10) == flat
    assert flatten("<i><b>a<u>c</u></b></i><i>d</i>", 2) == "<i><b>a<br>c</wbr></b></i><i>d</i>"
    assert flatten("<!-- <i><i><i> --><script>'<i><i><i>'</script><i>a", 2).endswith("<i>a")


def test_attributes_are_cut_only_where_there_are_thousands() -> None:
    data = "<img alt='a b = c' src='data:" + "x" * 10_000 + "'>"
    many = "<p " + " ".join(f"a{n}='{n}'" for n in range(5_000)) + ">text</p>"

    assert cut_attributes(data) == data
    assert cut_attributes(many).count("=") == 1_000
    assert cut_attributes(many).endswith("a999='999' >text</p>")


def test_options_that_are_too_many_are_no_options_and_keep_their_text() -> None:
    few = "<select>" + "<option>x" * MAX_OPTIONS + "</select>"
    many = "<select>" + "<OPTION value=1>word" * (MAX_OPTIONS + 3) + "</select>"

    assert cut_options(few * 3) == few * 3, "it is counted for each select"
    assert cut_options(many).count("<OPTION") == MAX_OPTIONS
    assert cut_options(many).endswith("<br value=1>word" * 3 + "</select>")


def test_checking_selectors_loads_no_heavy_parser() -> None:
    code = (
        "import sys; from scrapeq.extract import check_selectors; check_selectors({'a': 'h1'});"
        "print({'lxml', 'trafilatura', 'parsel', 'resiliparse'} & set(sys.modules))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"


def test_the_tables_of_a_page_are_values() -> None:
    content = read("<h1>Tea</h1><table><tr><th>Leaf<th>Price<tr><td>Green<td>3,50</table>")

    assert content.tables == [
        {"caption": None, "columns": ["Leaf", "Price"], "rows": [["Green", "3,50"]]}
    ]
    assert content.sources["tables"] == "table"
    assert Content.from_json(content.to_json()) == content
