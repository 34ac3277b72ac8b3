"""The cleaning that every page gets."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from scrapeq.clean import clean_content, language_tag
from scrapeq.models import Content, Links

NOW = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)


def cleaned(**values):
    return clean_content(Content(**values), now=NOW)


def changes(content):
    return [(one["field"], one["change"]) for one in content.changes]


def test_a_clean_page_comes_back_as_it_was():
    content = Content(
        title="A title",
        text="One line.\n\nAnother.",
        markdown="# A title\n\n    code",
        language="pt-BR",
        author="José",
        published_at=dt.datetime(2024, 1, 1, tzinfo=dt.UTC),
        fields={"price": "12 €", "tags": ["a", "b"], "none": None},
        links=Links(["https://a.example"], ["A"], [""]),
        metadata={"jsonld": [{"a": ["b"]}]},
        sources={"title": "h1"},
    )

    assert clean_content(content, now=NOW) is content


def test_every_value_is_cleaned_and_every_change_named():
    content = cleaned(
        title=" A\n title ",
        text="a\xa0b",
        fields={"price": "12\u200b €", "tags": [" a", "b\0"]},
        links=Links(["u"], ["x\ny"], [""]),
        images=[{"url": "u", "alt": "e\u0301"}],
        metadata={"x": {"y\0": ["z\ud800"]}},
    )

    assert content.title == "A title"
    assert content.text == "a b"
    assert content.fields == {"price": "12 €", "tags": ["a", "b"]}
    assert content.links.text == ["x y"]
    assert content.images[0]["alt"] == "é"
    assert content.metadata == {"x": {"y": ["z\ufffd"]}}
    assert changes(content) == [
        ("title", "white_space"),
        ("text", "white_space"),
        ("fields.price", "invisible"),
        ("fields.tags", "control_characters"),
        ("fields.tags", "white_space"),
        ("metadata", "control_characters"),
        ("metadata", "surrogates"),
        ("links", "white_space"),
        ("images", "normal_form"),
    ]
    assert all(one["reason"] for one in content.changes)
    json.dumps(content.to_json()).encode()


@pytest.mark.parametrize(
    ("written", "clean"),
    [
        ("a\nb\tc", "a\nb\tc"),
        ('a "b" \\n \\u0007 c', 'a "b" \\n \\u0007 c'),
        ("a\x07b", "ab"),
        ("a\rb", "a\rb"),
        ("a\x7fb\u200b", "ab"),
        ("e\u0301", "é"),
        ("\ud800", "\ufffd"),
        ("\u0301", "\u0301"),
        ("cafÃ©", "café"),
    ],
)
def test_metadata_loses_what_cannot_be_seen_and_nothing_else(written, clean):
    content = cleaned(metadata={"a": [{written: written}], "b": [1, None, 2.5, True]})

    assert content.metadata == {"a": [{clean: clean}], "b": [1, None, 2.5, True]}
    assert bool(content.changes) == (written != clean)


@pytest.mark.parametrize("where", ["url", "alt", "descriptor"])
@pytest.mark.parametrize("unclean", ["x\u200b", " x", "x  "])
def test_one_unclean_text_of_an_image_is_found(where, unclean):
    image = {"url": "u", "alt": "", "width": None, "srcset": [{"url": "u", "descriptor": "1x"}]}
    odd = {"url": "v", "alt": "b", "width": 1, "srcset": [{"url": "v", "descriptor": "2x"}]}
    (odd["srcset"][0] if where == "descriptor" else odd)[where] = unclean

    found = cleaned(images=[image, odd, image | {"url": "w"}]).images

    assert (found[1]["srcset"][0] if where == "descriptor" else found[1])[where] == "x"
    assert found[0] is image


def test_empty_values_become_none_and_lose_their_source():
    content = cleaned(
        title=" \u200b",
        text="",
        fields={"price": " "},
        sources={"title": "h1", "fields.price": "selector", "text": "trafilatura", "author": "x"},
    )

    assert (content.title, content.text, content.fields) == (None, None, {"price": None})
    assert content.sources == {"author": "x"}
    assert ("text", "emptied") in changes(content)


def test_empty_texts_in_a_list_keep_their_places():
    assert cleaned(fields={"tags": ["a", " ", "b"]}).fields == {"tags": ["a", "", "b"]}


def test_repeated_links_are_kept_once():
    content = cleaned(links=Links(["u"] * 4, ["x", "other", "x", "x"], [""] * 4))

    assert content.links == Links(["u"] * 2, ["x", "other"], [""] * 2)
    assert content.changes[0]["reason"] == "2 were there already, word for word"
    assert len(cleaned(images=[{"url": "u", "srcset": ["a"]}] * 2).images) == 1


@pytest.mark.parametrize(
    ("written", "tag"),
    [
        ("en", "en"),
        ("EN_us", "en-US"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("sr-LATN", "sr-Latn"),
        ("es-419", "es-419"),
        ("de-DE-u-CO-PHONEBK", "de-DE-u-co-phonebk"),
        ("fr, en", "fr"),
        ("de_DE.UTF-8", "de-DE"),
        ("english", None),
        ("und", None),
        ("{{lang}}", None),
        ("x-default", None),
        ("", None),
    ],
)
def test_languages_are_tags_written_in_one_way(written, tag):
    assert language_tag(written) == tag


def test_a_language_that_is_none_is_dropped_with_its_reason():
    content = cleaned(language="english", sources={"language": "html lang"})

    assert content.language is None
    assert content.sources == {}
    assert content.changes == [
        {
            "field": "language",
            "change": "dropped",
            "reason": "'english' is no language tag (BCP 47)",
        }
    ]


@pytest.mark.parametrize(
    ("when", "result"),
    [
        (NOW + dt.timedelta(hours=14), NOW + dt.timedelta(hours=14)),
        (NOW + dt.timedelta(days=2), None),
        (dt.datetime(1970, 1, 1, tzinfo=dt.UTC), None),
        (dt.datetime(1, 1, 1, tzinfo=dt.UTC), None),
        (dt.datetime(1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=2))), None),
        (dt.datetime(1851, 9, 18, tzinfo=dt.UTC), dt.datetime(1851, 9, 18, tzinfo=dt.UTC)),
        (dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 1, tzinfo=dt.UTC)),
        (
            dt.datetime(2024, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=2))),
            dt.datetime(2023, 12, 31, 22, tzinfo=dt.UTC),
        ),
    ],
)
def test_dates_of_publication_are_possible_ones(when, result):
    content = cleaned(published_at=when, sources={"published_at": "json-ld"})

    assert content.published_at == result
    assert ("published_at" in content.sources) == (result is not None)
    if result is not None:
        assert content.published_at.utcoffset() == dt.timedelta(0)


def test_nesting_without_end_is_cut():
    deep: list[object] = []
    for _ in range(600):
        deep = [deep]

    content = cleaned(metadata={"jsonld": deep})

    assert changes(content) == [("metadata", "too_deep")]
    json.dumps(content.to_json())


def test_earlier_changes_stay_in_the_report():
    earlier = {"field": "links", "change": "capped", "reason": "too many"}

    assert cleaned(title=" a", changes=[earlier]).changes[0] == earlier
