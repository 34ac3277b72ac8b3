"""URLs as people paste them, and the keys that are made of them."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapeq import urls
from scrapeq.models import ErrorKind, Failure
from scrapeq.project.submission import Submission
from scrapeq.urls import Url


def href(text: object) -> str:
    parsed = urls.parse(text)
    assert isinstance(parsed, Url), parsed
    return parsed.href


def failure(text: object) -> Failure:
    parsed = urls.parse(text)
    assert isinstance(parsed, Failure), parsed
    assert not parsed.may_retry
    return parsed


@pytest.mark.parametrize(
    ("pasted", "meant"),
    [
        ("https://example.com/a", "https://example.com/a"),
        ("  https://example.com/a\t\r\n", "https://example.com/a"),
        ("\ufeffhttps://example.com/\u200b", "https://example.com/"),
        ("<https://example.com/>", "https://example.com/"),
        ("“https://example.com/”", "https://example.com/"),
        ("'\"https://example.com/\"'", "https://example.com/"),
        ("HTTPS://EXAMPLE.com/Path", "https://example.com/Path"),
        ("https://example.com/a/../b/./c", "https://example.com/b/c"),
        ("https://example.com\\a", "https://example.com/a"),
        ("https:example.com", "https://example.com/"),
        ("https://example.com/a\nb", "https://example.com/ab"),
        ("https://example.com/a b", "https://example.com/a%20b"),
        ("https://example.com/x#part", "https://example.com/x"),
        ("http://example.com:80/", "http://example.com/"),
        ("http://example.com:8080/", "http://example.com:8080/"),
        ("https://münchen.de/straße", "https://xn--mnchen-3ya.de/stra%C3%9Fe"),
        ("http://0x7f.1/", "http://127.0.0.1/"),
        ("http://１２７.0.0.1/", "http://127.0.0.1/"),
    ],
)
def test_a_pasted_url_becomes_what_a_browser_would_open(pasted: str, meant: str) -> None:
    assert href(pasted) == meant
    assert urls.parse(pasted).text == pasted


@pytest.mark.parametrize(
    ("pasted", "meant"),
    [
        ("example.com/x", "https://example.com/x"),
        ("//example.com/x", "https://example.com/x"),
        ("www.example.com?q=1", "https://www.example.com/?q=1"),
        ("example.com:443", "https://example.com/"),
        ("example.com:8080/x", "http://example.com:8080/x"),
        ("localhost:8888/tree", "http://localhost:8888/tree"),
        ("localhost", "http://localhost/"),
        ("127.0.0.1:8000", "http://127.0.0.1:8000/"),
        ("[::1]:8000/x", "http://[::1]:8000/x"),
    ],
)
def test_a_missing_scheme_is_what_an_address_bar_would_take(pasted: str, meant: str) -> None:
    assert href(pasted) == meant


@pytest.mark.parametrize("empty", [None, "", "  ", "\n", float("nan"), pd.NA, pd.NaT, '""', "<>"])
def test_an_empty_cell_is_a_row_that_says_so(empty: object) -> None:
    assert failure(empty).kind is ErrorKind.SCHEME
    assert "empty" in failure(empty).message


class Link:
    """As yarl and pydantic have one."""

    def __str__(self) -> str:
        return "https://a.example/x"


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ({}, "dict"),
        ({"href": "https://a.example/"}, "dict"),
        (b"https://a.example/", "bytes"),
        (bytearray(b"https://a.example/"), "bytearray"),
        (7, "int"),
        (3232235777, "int"),
        (1.5, "float"),
        (float("inf"), "float"),
        (True, "bool"),
        (datetime(2026, 1, 1), "datetime"),
        (pd.Timestamp("2026-01-01"), "Timestamp"),
        (object(), "object"),
    ],
)
def test_a_value_that_is_no_text_is_named_by_its_type(value: object, kind: str) -> None:
    problem = f"a value of type {kind} is not a URL; one is text that begins with https://"
    assert failure(value).message == problem


def test_a_value_that_cannot_be_written_is_named_too() -> None:
    class Odd:
        def __str__(self) -> str:
            raise RuntimeError

    for value, kind in ((10**5_000, "int"), (Odd(), "Odd")):
        assert failure(value).message.startswith(f"a value of type {kind} is not a URL")
        submission = Submission([value])
        assert [job.url for job in submission.jobs({})] == [f"<{kind}>"]
        assert submission.fingerprint == Submission([value]).fingerprint


@pytest.mark.parametrize("value", [[], ["https://a.example/"], ("https://a.example/",), {"x"}])
def test_many_in_one_cell_are_to_have_a_row_each(value: object) -> None:
    assert failure(value).kind is ErrorKind.SCHEME
    assert failure(value).message.endswith("is not a URL; give each URL its own row, as text")


def test_an_object_that_is_written_as_a_url_is_one() -> None:
    assert href(Link()) == "https://a.example/x"


@pytest.mark.parametrize(
    "text", ["[]", "{}", "['https://a.example/']", '["https://a.example/"]', "[::1"]
)
def test_a_list_as_text_is_no_url(text: str) -> None:
    assert failure(text).message == "this is not a URL; one begins with https://"


def test_a_long_text_is_told_from_a_long_url() -> None:
    assert failure("word " * 5_000).message.startswith("this is a text of 24,999 characters, not")


@pytest.mark.parametrize(
    ("pasted", "said"),
    [
        ("mailto:a@example.com", "'mailto'"),
        ("a@example.com", "e-mail"),
        ("javascript:alert(1)", "'javascript'"),
        ("file:///etc/passwd", "'file'"),
        ("ftp://example.com/", "'ftp'"),
        ("tel:112", "'tel'"),
        ("C:\\temp\\page.html", "'C'"),
        ("N/A", "not a URL"),
        ("see example.com", "not a URL"),
        ("/only/a/path", "not a URL"),
        ("3.14", "number"),
        (42, "int"),
        ("http://", "no host"),
        ("http://example.com:99999/", "port"),
        ("http://example.com:8x/", "port"),
        ("https://http://example.com/", "scheme is there twice"),
        ("http://a.example\nhttp://b.example", "more than one URL"),
        ("https://example.com/\ud800", "broken characters"),
        ("https://example.com/" + "a" * 100_000, "100,020 characters"),
        ("https://example.com/" + "ä" * 3_000, "more than 8,000"),
    ],
)
def test_what_is_no_url_to_fetch_is_refused_with_a_reason(pasted: object, said: str) -> None:
    assert failure(pasted).kind is ErrorKind.SCHEME
    assert said in failure(pasted).message


@pytest.mark.parametrize(
    "pasted",
    [
        "http://a..b/",
        "http://a b.com/",
        "http://[::1/",
        "http://" + "a" * 64 + ".com/",
        "http://%zz",
    ],
)
def test_a_name_that_cannot_exist_is_dns(pasted: str) -> None:
    assert failure(pasted).kind is ErrorKind.DNS


def test_the_longest_allowed_url_is_taken() -> None:
    longest = "https://example.com/".ljust(urls.MAX_URL_LENGTH, "a")

    assert href(longest) == longest


def test_a_password_is_kept_for_the_request_and_shown_nowhere() -> None:
    parsed = urls.parse("https://ann:geheim@Example.com/a")

    assert isinstance(parsed, Url)
    assert parsed.href == "https://ann:geheim@example.com/a"
    assert parsed.host == "example.com"
    assert parsed.key == "https://example.com/a"
    assert urls.shown(parsed.href) == "https://example.com/a"
    for broken in ("https://ann:geheim@example.com:99999/", "https://ann:geheim@a..b/"):
        assert "geheim" not in failure(broken).message


def test_many_keep_their_order() -> None:
    parsed = list(urls.parse_many(["https://b.example", None, "https://a.example"]))

    assert [one.href if isinstance(one, Url) else one.kind for one in parsed] == [
        "https://b.example/",
        ErrorKind.SCHEME,
        "https://a.example/",
    ]


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("http://example.com/", "example.com"),
        ("https://Example.com./x", "example.com"),
        ("https://example.com:443/", "example.com"),
        ("http://example.com:443/", "example.com:443"),
        ("http://ann:pw@example.com:8080/", "example.com:8080"),
        ("http://[::1]:8080/", "[::1]:8080"),
        ("mailto:a@b.example", ""),
        ("no url", ""),
    ],
)
def test_host_key_is_who_is_asked(url: str, key: str) -> None:
    assert urls.host_key(url) == key


def test_origin_keeps_the_scheme_and_an_unusual_port() -> None:
    assert urls.origin("https://ann:pw@Example.com:443/x?y") == "https://example.com"
    assert urls.origin("http://example.com:8080/x") == "http://example.com:8080"
    assert urls.origin("about:blank") == ""


@pytest.mark.parametrize(
    "host", ["localhost", "a.localhost:80", "127.0.0.1", "127.9.9.9:8000", "[::1]", "[::1]:80"]
)
def test_this_machine_is_local(host: str) -> None:
    assert urls.is_local_host(host)


@pytest.mark.parametrize("host", ["example.com", "localhost.example.com", "10.0.0.1", "[::2]", ""])
def test_others_are_not_local(host: str) -> None:
    assert not urls.is_local_host(host)


def test_join_follows_the_standard() -> None:
    assert urls.join("https://example.com/a/b?c", "../d#e") == "https://example.com/d#e"
    assert urls.join("https://example.com/a", "//other.example") == "https://other.example/"
    assert urls.join("https://example.com/a", "http://[") is None
    assert urls.join("https://example.com/a", "\ud800") is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://e.com/a?b=1&a=2", "https://e.com/a?a=2&b=1"),
        ("https://e.com/a?utm_source=x&id=3", "https://e.com/a?id=3"),
        ("https://e.com/a?fbclid=1", "https://e.com/a"),
        ("https://e.com/a?PHPSESSID=el4ukv0kqbvoirg7nkp4dncpk3", "https://e.com/a"),
        ("https://e.com/a?session_id=8f14e45fceea167a5a36dedd4bea2543", "https://e.com/a"),
        ("https://e.com/a;jsessionid=1F00A7C2B4D6E8F01122334455667788", "https://e.com/a"),
        ("https://e.com/a;jsessionid=9A1F0C77B2D34E5F.node1?b=1", "https://e.com/a?b=1"),
        ("https://e.com/a?sid=0123456789abcdef0123456789abcdef", "https://e.com/a"),
        ("https://e.com/%7Eann/%c3%a9", "https://e.com/~ann/é"),
        ("https://e.com/a?", "https://e.com/a"),
        ("https://e.com/a#b", "https://e.com/a"),
        ("HTTPS://E.com:443/a", "https://e.com/a"),
    ],
)
def test_two_urls_of_one_page_have_one_key(one: str, other: str) -> None:
    assert urls.duplicate_key(one) == urls.duplicate_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://e.com/a", "https://e.com/A"),
        ("https://e.com/a", "https://e.com/a/"),
        ("https://e.com/a", "http://e.com/a"),
        ("https://e.com/a?id=1", "https://e.com/a?id=2"),
        ("https://e.com/a?sid=7", "https://e.com/a?sid=8"),
        ("https://e.com/a?session_id=101", "https://e.com/a?session_id=102"),
        ("https://e.com/a?sessionid=2024-05-01-morning", "https://e.com/a"),
        ("https://e.com/a?session_id=keynote-opening-2024", "https://e.com/a"),
        ("https://e.com/a?session_id=20240501100000000001", "https://e.com/a"),
        ("https://e.com/a?PHPSESSID=1", "https://e.com/a?PHPSESSID=2"),
        ("https://e.com/a;jsessionid=1F", "https://e.com/a;jsessionid=2F"),
        ("https://e.com/a;sid=7", "https://e.com/a;sid=8"),
        ("https://e.com/a?cfid=12", "https://e.com/a?cfid=13"),
        ("https://e.com/a?scid=SCL1", "https://e.com/a?scid=SCL2"),
        ("https://e.com/a?spm=a1", "https://e.com/a?spm=a2"),
        ("https://e.com/a?scm=git", "https://e.com/a?scm=svn"),
        ("https://e.com/a?pk_id=4", "https://e.com/a?pk_id=5"),
        ("https://e.com/a?x=1&x=2", "https://e.com/a?x=2&x=1"),
        ("https://e.com/a%2Fb", "https://e.com/a/b"),
        ("https://e.com/?a=b%26c=d", "https://e.com/?a=b&c=d"),
    ],
)
def test_two_pages_have_two_keys(one: str, other: str) -> None:
    assert urls.duplicate_key(one) != urls.duplicate_key(other)


@pytest.mark.parametrize(
    "text",
    [
        "url: http://e.com/a",
        "URL:http://e.com/a",
        "Web site: http://e.com/a",
        "link = http://e.com/a",
        "http%3A%2F%2Fe.com%2Fa",
        "http%3a%2f%2fe.com/a",
        "url: http://me:secret@e.com/a",
    ],
)
def test_the_url_that_is_meant_is_named(text: str) -> None:
    refused = failure(text)

    assert refused.kind is ErrorKind.SCHEME
    assert "http://e.com/a" in refused.message
    assert "secret" not in refused.message


@given(st.text(max_size=60))
def test_any_text_is_a_url_or_a_failure(text: str) -> None:
    parsed = urls.parse(text)

    if isinstance(parsed, Url):
        assert href(parsed.href) == parsed.href
        assert urls.duplicate_key(parsed.key) == parsed.key
        assert parsed.host == urls.host_key(parsed.href) != ""
    else:
        parsed.message.encode()


@given(st.text(alphabet="htps:/@.%?#[]\\0x1aé \t;=&", max_size=40))
def test_a_url_is_stable_however_odd(tail: str) -> None:
    parsed = urls.parse("http://" + tail)

    if isinstance(parsed, Url):
        assert href(parsed.href) == parsed.href
        assert urls.duplicate_key(parsed.key) == parsed.key


_ROOTS = (
    *("a.com", "www.example.co.uk", "127.0.0.1", "1.2.3.256", "01.2.3.4", "1.2.3", "a.0x1", "a.1b"),
    *(
        "a-.com",
        "-a.com",
        "a--b.com",
        "ab--c.com",
        "xn--a.com",
        "ab.xn--p1ai",
        "x_y.com",
        "localhost",
    ),
    *("a.com:80", "a.com:443", "a.com:8080", "a.com:08", "a.com:99999", "a.com.", "a..com", ".com"),
    *("a" * 63 + ".com", "a" * 64 + ".com", "a." * 126 + "com", "http", "http.", "A.com"),
)


@given(
    st.sampled_from(["http://", "https://"]),
    st.sampled_from(_ROOTS),
    st.sampled_from(["/", "/?", "/a?", "", "/.a", "/a/../b", "/a.b?utm_source=x&", "/a?b=1&a="]),
    st.text("abcXYZ019-_~!$&'()*+,:=./?#%@;[]|^\\ \t{}`<>\"é", max_size=12),
)
def test_a_url_that_stands_in_its_canonical_form_is_what_the_parser_makes_of_it(
    scheme: str, root: str, path: str, more: str
) -> None:
    text = scheme + root + path + more
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(urls, "_plain", lambda _: None)
        parsed = urls.parse(text)

    assert urls.parse(text) == parsed
