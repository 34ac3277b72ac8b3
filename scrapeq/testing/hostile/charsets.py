"""Charsets: a byte order mark beats the header, the header the page, and the page a guess."""

from __future__ import annotations

from scrapeq.testing.hostile.case import Case
from scrapeq.testing.hostile.script import html, says

_RUSSIAN = "Съешь ещё этих мягких французских булок"
_JAPANESE = "これは日本語の文章です"
_CHINESE = "这是一个中文网页"
_TAIWANESE = "這是一個中文網頁"
_KOREAN = "이것은 한국어 문장입니다"
_GERMAN = "Die Straße über den Fluß — „schön“ für 5 €"
_GREEK = "Η γρήγορη καφέ αλεπού"


def _case(
    name: str,
    what: str,
    title: str,
    charset: str,
    *,
    header: str = "",
    meta: str = "",
    mark: bytes = b"",
    before: str = "",
    shown: str | None = None,
) -> Case:
    """A page written in `charset`, with what the header, the page and a mark say it is.

    `shown` is the title that has to be read, if it is not the one that was written.
    """
    declared = f'{before}<meta charset="{meta}">' if meta else before
    # A guess needs some text to go by, as a page has it.
    body = mark + html(title, f"{title}. " * 20, meta=declared).encode(charset)
    content_type = f"text/html; charset={header}" if header else "text/html"
    return Case(
        f"charset-{name}",
        what,
        "ok",
        says(body, content_type=content_type),
        title=title if shown is None else shown,
    )


_DECLARED = (
    _case("utf8", "UTF-8, as the header says.", _GERMAN, "utf-8", header="utf-8"),
    _case("bomoverheader", "A UTF-8 mark; the header says Cyrillic.", _GERMAN, "utf-8-sig", header="windows-1251"),
    _case("bomovermeta", "A UTF-8 mark; the page says Cyrillic.", _GERMAN, "utf-8-sig", meta="windows-1251"),
    _case("headerovermeta", "Cyrillic by the header; the page says Latin.", _RUSSIAN, "cp1251", header="windows-1251", meta="iso-8859-1"),
    _case("metaoverguess", "KOI8 by the page alone.", _RUSSIAN, "koi8-r", meta="koi8-r"),
    _case("quotedheader", "A label in quotes and capitals.", _RUSSIAN, "cp1251", header='"WINDOWS-1251"'),
    _case("nospaceheader", "A label behind other parameters.", _RUSSIAN, "cp1251", header="windows-1251;version=1"),
    Case(
        "charset-httpequiv",
        "KOI8 by a meta element that repeats a header.",
        "ok",
        says(
            html(
                _RUSSIAN,
                _RUSSIAN * 20,
                meta='<meta http-equiv="Content-Type" content="text/html; charset=koi8-r">',
            ).encode("koi8-r"),
            content_type="text/html",
        ),
        title=_RUSSIAN,
    ),
    Case(
        "charset-xmldeclaration",
        "KOI8 by an XML declaration.",
        "ok",
        says(
            ('<?xml version="1.0" encoding="koi8-r"?>' + html(_RUSSIAN, _RUSSIAN * 20)).encode("koi8-r"),
            content_type="application/xhtml+xml",
        ),
        title=_RUSSIAN,
    ),
    _case("latemeta", "The page says it after 5 KB of script.", _RUSSIAN, "cp1251", before=f"<script>{'x = 1; ' * 750}</script>", meta="windows-1251"),
    _case("commentedmeta", "A charset within a comment, which says nothing.", _RUSSIAN, "cp1251", before='<!-- <meta charset="koi8-r"> -->', meta="windows-1251"),
    _case("liar", "Cyrillic that the header calls UTF-8.", _RUSSIAN, "cp1251", header="utf-8", meta="windows-1251"),
    _case("utf8liar", "UTF-8 that the page calls Latin.", _GERMAN, "utf-8", meta="iso-8859-1"),
    _case("unknownlabel", "A label that nobody knows.", _GERMAN, "utf-8", header="klingon-1"),
)  # fmt: skip

_LABELS = (
    _case("latin1", "latin1 means windows-1252.", _GERMAN, "cp1252", header="latin1"),
    _case("ascii", "So does us-ascii.", _GERMAN, "cp1252", header="us-ascii"),
    _case("iso88591", "And iso-8859-1, of the page.", _GERMAN, "cp1252", meta="iso-8859-1"),
    _case("greek", "greek is ISO-8859-7.", _GREEK, "iso8859-7", header="greek"),
    _case("gb2312", "gb2312 means GBK.", _CHINESE, "gbk", header="gb2312"),
    _case("gb18030", "GB18030.", _CHINESE + "𠀀", "gb18030", meta="gb18030"),
    _case("big5", "Big5.", _TAIWANESE, "big5", header="big5"),
    _case("shiftjis", "Shift_JIS, by the header.", _JAPANESE, "shift_jis", header="Shift_JIS"),
    _case("sjismeta", "Shift_JIS, by a label of Windows.", _JAPANESE + "①", "cp932", meta="windows-31j"),
    _case("eucjp", "EUC-JP.", _JAPANESE, "euc_jp", meta="euc-jp"),
    _case("iso2022jp", "ISO-2022-JP, which is ASCII to look at.", _JAPANESE, "iso2022_jp", meta="iso-2022-jp"),
    _case("euckr", "EUC-KR.", _KOREAN, "euc_kr", header="euc-kr"),
    _case("ksc5601", "EUC-KR, by a label of old.", _KOREAN + "똠", "cp949", meta="ks_c_5601-1987"),
)  # fmt: skip

_GUESSED = (
    _case("guessutf8", "UTF-8, and nobody says so.", _GERMAN, "utf-8"),
    _case("guesscyrillic", "Cyrillic, and nobody says so.", _RUSSIAN, "cp1251"),
    _case("guesssjis", "Shift_JIS, and nobody says so.", _JAPANESE, "shift_jis"),
    _case("guessgbk", "GBK, and nobody says so.", _CHINESE, "gbk"),
    _case("guesseuckr", "EUC-KR, and nobody says so.", _KOREAN, "euc_kr"),
)

_WIDE = (
    _case("utf16le", "UTF-16 with its mark.", _RUSSIAN, "utf-16-le", mark=b"\xff\xfe"),
    _case("utf16be", "UTF-16 the other way round.", _RUSSIAN, "utf-16-be", mark=b"\xfe\xff"),
    _case("utf16header", "UTF-16 by the header.", _RUSSIAN, "utf-16-le", header="utf-16"),
    _case("utf16bare", "UTF-16, and nobody says so.", "plain words", "utf-16-le"),
    _case("utf16meta", "UTF-8 that the page calls UTF-16, which it cannot be.", _GERMAN, "utf-8", meta="utf-16"),
)  # fmt: skip

_UTF7 = "+ADw-script+AD4-alert(1)+ADw-/script+AD4-"

_NEVER = (
    _case("utf7header", "UTF-7 by the header: never read as that.", _UTF7, "ascii", header="utf-7"),
    _case("utf7meta", "UTF-7 by the page: never either.", _UTF7, "ascii", meta="utf-7"),
    _case("nuls", "NULs within words.", "w\0or\0ds", "utf-8", header="utf-8", shown="words"),
    Case(
        "charset-surrogates",
        "Lone surrogates, written in UTF-8 where they cannot be.",
        "ok",
        says(html("a@b").encode().replace(b"@", b"\xed\xa0\x80"), content_type="text/html"),
        text="words",
    ),
    Case(
        "charset-surrogateentities",
        "Lone surrogates as entities, which mean U+FFFD.",
        "ok",
        says(html("a&#xD800;b&#xDFFF;c")),
        title="a\ufffdb\ufffdc",
    ),
    Case(
        "charset-utf16surrogates",
        "A lone surrogate in UTF-16.",
        "ok",
        says(
            b"\xff\xfe" + html("a@b").encode("utf-16-le").replace(b"@\0", b"\x00\xd8"),
            content_type="text/html",
        ),
        title="a\ufffdb",
    ),
    _case(
        "cutcharacter",
        "UTF-8 with one broken character among many.",
        _GERMAN,
        "utf-8",
        header="utf-8",
    ),
)

CASES = (*_DECLARED, *_LABELS, *_GUESSED, *_WIDE, *_NEVER)
