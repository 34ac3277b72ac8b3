"""Two detectors of driven browsers, as a page: @fingerprintjs/botd and fpscanner; see README.md."""

from __future__ import annotations

import json
import re
from pathlib import Path

_BUILT = Path(__file__).with_name("built")
PAGE = b'<!doctype html><html lang="en"><script type="module" src="/built/page.js"></script></html>'
#: The page's script, compressed with gzip.
SCRIPT = (_BUILT / "page.js.gz").read_bytes()
#: A selector of what the page has found, when it has.
FOUND = "#found"


def found(html: bytes) -> dict[str, bool]:
    """Every check by its name, "botd ..." or "fpscanner ...": whether it tells a driven browser."""
    text = re.search(rb'<pre id="found"[^>]*>(.*?)</pre>', html, re.DOTALL)
    assert text, html[:300]
    return dict(json.loads(text[1])["given"])
