"""HTML: too deep, too much, never closed, and with things in it that are code elsewhere."""

from __future__ import annotations

from collections.abc import Callable

from scrapeq.testing.hostile.case import Case
from scrapeq.testing.hostile.script import Asked, Script, Send, answer, html, says

_START = b"<!doctype html><html><head><title>much</title></head><body><h1>much</h1>"
_END = b"<p>the last words</p></body></html>"
#: Of a page whose tree is many times its size, for what a parser keeps of each element.
_TREE_MB = 800.0
#: Of a page whose depth makes more of a small one.
_DEEP_MB = 150.0


def _of(make: Callable[[], bytes]) -> Callable[[Asked], Script]:
    """A page that is made when it is asked for."""
    return lambda _: (Send(answer(_START + make() + _END)),)


def _much(
    name: str, what: str, make: Callable[[], bytes], ends: str = "ok", *, mb: float = 64.0
) -> Case:
    title = "much" if ends == "ok" else None
    return Case(f"html-{name}", what, ends, _of(make), title=title, seconds=30, parser_mb=mb)


def _titled(name: str, what: str, written: str, read: str) -> Case:
    return Case(f"html-{name}", what, "ok", says(html(written)), title=read)


_DEEP = (
    Case(
        "html-deep300",
        "Elements 300 deep, with words at the bottom.",
        "ok",
        _of(lambda: b"<div>" * 300 + b"<p>" + b"words at the bottom of it " * 20 + b"</p>" + b"</div>" * 300),
        title="much",
        text="words at the bottom",
    ),
    _much("deep100000", "Elements 100,000 deep.", lambda: b"<div>" * 100_000, mb=_DEEP_MB),
    _much("deepinline", "Inline elements 100,000 deep.", lambda: b"<b><i>" * 50_000, mb=_DEEP_MB),
    _much("deeplists", "Lists 50,000 deep.", lambda: b"<ul><li>" * 50_000, mb=_DEEP_MB),
    _much("deeptables", "Tables 20,000 deep.", lambda: b"<table><tr><td>" * 20_000, mb=_DEEP_MB),
    _much("deepforms", "Fonts and links, misnested 50,000 times.", lambda: b"<a href=x><font>" * 50_000, mb=_DEEP_MB),
    _much("deepsvg", "Drawings 50,000 deep.", lambda: b"<svg><g>" * 50_000, mb=_DEEP_MB),
    _much("deeptemplates", "Templates 20,000 deep.", lambda: b"<template>" * 20_000, mb=_DEEP_MB),
)  # fmt: skip

_MANY = (
    _much("attributes", "An element with 1,000,000 attributes.", lambda: b"<p " + b"".join(b"a%d=b " % n for n in range(1_000_000)) + b">", mb=_TREE_MB),
    _much("attributesquoted", "20,000 of them, behind a > in quotes.", lambda: b'<p x=">" ' + b"".join(b"a%d=b " % n for n in range(20_000)) + b">", mb=_TREE_MB),
    _much("links", "1,000,000 links.", lambda: b"<a href=/x>y</a>" * 1_000_000, mb=_TREE_MB * 3),
    _much("elements", "1,000,000 elements and no word.", lambda: b"<br>" * 1_000_000, mb=_TREE_MB),
    _much("longattribute", "An attribute of 5 MB.", lambda: b"<p title='" + b"x" * 5_000_000 + b"'>words</p>", mb=_TREE_MB),
    _much("longword", "A word of 5 MB.", lambda: b"<p>" + b"x" * 5_000_000, mb=_TREE_MB),
    _much("entities", "500,000 entities.", lambda: b"<p>" + b"&amp;&notit;&#65;" * 170_000, mb=_TREE_MB),
    _much("comments", "300,000 comments.", lambda: b"<!-- no -->" * 300_000, mb=_TREE_MB),
    _much("metas", "50,000 meta elements.", lambda: b'<meta property="og:title" content="another">' * 50_000, mb=_TREE_MB),
    _much("jsonld", "JSON-LD nested 50,000 deep.", lambda: b'<script type="application/ld+json">' + b'{"a":[' * 50_000 + b"</script>"),
    Case(
        "html-spans",
        "A cell over 1,000 columns and 65,534 rows of a table that has them.",
        "ok",
        _of(lambda: b"<table><tr><th>a<th>b<tr><td colspan=1000 rowspan=65534>" + b"x" * 10_000 + b"<tr>" * 70_000),
        # its main text at its best would take Trafilatura all of the time that a page may take
        options={"page_fields": "all", "main_text": "fast"},
        title="much",
        seconds=30,
        parser_mb=_TREE_MB,
    ),
    _much("selects", "A select with 100,000 options.", lambda: b"<select>" + b"<option>x" * 100_000, mb=_TREE_MB),
)  # fmt: skip

_UNCLOSED = (
    _much("unclosed", "Nothing is ever closed.", lambda: b"<p><b><table><tr><td><ul><li><a href='x'>words" * 500),
    _much("unclosedcomment", "A comment that never ends.", lambda: b"<!-- " + b"words " * 20_000),
    _much("unclosedscript", "A script that never ends.", lambda: b"<script>" + b"words(); " * 20_000),
    _much("unclosedtag", "A tag that never ends.", lambda: b"<a href='" + b"words " * 20_000),
    _much("unclosedcdata", "CDATA that never ends.", lambda: b"<svg><![CDATA[" + b"words " * 20_000),
    _much("closings", "300,000 closing tags of what was never opened.", lambda: b"</div></b></table>" * 100_000, mb=_TREE_MB),
    _much("lessthans", "500,000 less-than signs.", lambda: b"<" * 500_000, mb=_TREE_MB),
    Case("html-unclosedtitle", "A title that never ends.", "ok", says("<!doctype html><html><title>" + "words " * 9000)),
    Case("html-frameset", "Nothing but frames.", "ok", says("<html><title>frames</title><frameset><frame src=a></frameset></html>"), title="frames"),
    Case("html-notags", "Words that are called HTML.", "ok", says("just words, " * 20)),
)  # fmt: skip

_PAYLOADS = (
    _titled("scriptintitle", "A script in the title.", "&lt;script&gt;alert(1)&lt;/script&gt;", "<script>alert(1)</script>"),
    _titled("formulaintitle", "A formula in the title.", "=HYPERLINK(\"http://a.test\")", '=HYPERLINK("http://a.test")'),
    _titled("commandintitle", "A command in the title.", "@SUM(1+1)*cmd|' /C calc'!A0", "@SUM(1+1)*cmd|' /C calc'!A0"),
    _titled("templateintitle", "A template in the title.", "{{7*7}}${7*7}%s%n", "{{7*7}}${7*7}%s%n"),
    _titled("quotesintitle", "Quotes of three languages in the title.", "' OR 1=1; DROP TABLE pages; --", "' OR 1=1; DROP TABLE pages; --"),
    Case("html-controlsintitle", "Escape sequences in the title.", "ok", says(html("a&#27;[31mb&#7;c"))),
    Case("html-directionsintitle", "Characters that turn text around.", "ok", says(html("a\u202ebc"))),
    Case("html-nulintitle", "NULs as entities in the title.", "ok", says(html("a&#0;b")), title="a\ufffdb"),
    Case("html-longtitle", "A title of 100 KB.", "ok", says(html("long " * 20_000))),
    Case("html-base", "A base that leads elsewhere.", "ok", says(html("based", meta='<base href="javascript:alert(1)//">')), title="based"),
    Case("html-badlinks", "Links that are no links.", "ok", says(html("linked", '<a href="http://[">a</a><a href="http://a:b">b</a><a href="&#0;">c</a>')), options={"extract_links": True}, title="linked"),
    Case("html-refresh", "A page that sends its reader elsewhere.", "ok", says(html("stays", meta='<meta http-equiv="refresh" content="0;url=file:///etc/passwd">')), title="stays"),
    Case("html-dates", "Dates that cannot be.", "ok", says(html("dated", meta='<meta property="article:published_time" content="99999-99-99T99:99">')), title="dated"),
)  # fmt: skip

#: What the pattern of a user needs years for, on thirty letters.
_SLOW_PATTERN = '//p[re:test(., "^(a+)+$")]'

_PATTERNS = (
    Case(
        "html-slowpattern",
        "A pattern of the user's own that would take years on this page.",
        "parse",
        says(html("slow", "a" * 60 + "!")),
        options={"custom_selectors": {"slow": _SLOW_PATTERN}},
        seconds=40,
    ),
)

CASES = (*_DEEP, *_MANY, *_UNCLOSED, *_PAYLOADS, *_PATTERNS)
