"""How often a page in an older encoding is read to the letter, with and without somebody who names it.

    python benchmarks/charsets.py FOLDER

FOLDER is one of `labelled_pages.py`. Each page with more than ASCII is written anew, without what declares its
encoding, in the first of `ENCODINGS` that has all of its characters, and in UTF-8. It is read with the encoding in
the header, in a meta element, there with another one in the header, and with nobody who names it: then the end of the
host's name is known, as it is to a worker. Right: every character.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

from labelled_pages import labelled_pages

from scrapeq.extract.charset import decode

ENCODINGS = (
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258"),
    *("shift_jis", "euc_jp", "euc_kr", "gbk", "big5", "cp874"),
)
_DECLARES = re.compile(r"<meta[^>]{0,300}charset[^>]{0,300}>|<\?xml[^>]{0,300}>", re.IGNORECASE)


def written(text: str) -> tuple[str, bytes] | None:
    """The first encoding that has all characters, and the page in it."""
    for encoding in ENCODINGS:
        try:
            return encoding, text.encode(encoding)
        except UnicodeEncodeError:
            continue
    return None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    right: Counter[str] = Counter()
    every: Counter[str] = Counter()
    encodings: Counter[str] = Counter()
    for page in labelled_pages(options.folder):
        text = decode(page.body).text
        text = _DECLARES.sub("", text)
        if text.isascii() or "\ufffd" in text:
            continue
        host = urlsplit(page.url).hostname or ""
        top = host.rpartition(".")[2]
        versions = [("utf-8", text.encode("utf-8", "replace"))]
        if (older := written(text)) is not None:
            versions.append(older)
        for encoding, body in versions:
            encodings[encoding] += 1
            kind = {"utf-8": "UTF-8", "cp1252": "windows-1252"}.get(encoding, "another")
            wrong = "iso-8859-1" if kind == "UTF-8" else "utf-8"
            meta = f'<meta charset="{encoding}">'.encode()
            for how, content_type, before in (
                ("in the header", f"text/html; charset={encoding}", b""),
                ("in a meta element", "text/html", meta),
                ("in a meta element, another in the header", f"text/html; charset={wrong}", meta),
                ("nowhere", "text/html", b""),
            ):
                if kind == "UTF-8" and how.endswith("header") and "another" in how:
                    continue  # a header that says latin1 is believed by browsers, too
                every[f"{kind}, named {how}"] += 1
                found = decode(before + body, content_type, top).text.removeprefix(meta.decode())
                right[f"{kind}, named {how}"] += found == text
    print(f"encodings: {dict(encodings.most_common())}")
    for name, number in sorted(every.items()):
        print(f"| {name} | {number} | {right[name] / number:.3f} |")


if __name__ == "__main__":
    main()
