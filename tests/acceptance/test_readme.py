"""The README's Python runs as it is printed, in one process, like cells of one notebook.

So do the tutorial and the how-to pages, one after the other. Only blocks marked `python` run; `py`
is for what needs a browser's cell, a secret or an endpoint. One letter differs: https becomes http,
for the names lead to a little web without certificates.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from scrapeq.testing import LittleWeb

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
GUIDES = [ROOT / "docs" / "tutorial.md", *sorted((ROOT / "docs" / "how-to").glob("*.md"))]

#: What a kernel does with cells: one namespace, await allowed. Ends with the results.
NOTEBOOK = """
import ast, asyncio, inspect, json, sys

names = {"__name__": "__main__"}
for cell in json.load(sys.stdin):
    code = compile(cell, "guide.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    if inspect.iscoroutine(waiting := eval(code, names)):
        asyncio.run(waiting)
"""
RESULT = """
table = names["batch"].df
print(json.dumps({
    "link": table["link"].tolist(),
    "ok": table["ok"].tolist(),
    "titles": [page.title for page in names["pages"]],
    "name": names["batch"].name,
    "errors": len(names["batch"].errors),
}))
"""
GUIDES_RESULT = """
print(json.dumps({
    "changes": names["changes"]["change"].tolist(),
    "records": names["result"].data,
}))
"""


def run(pages: list[Path], ending: str, home: Path, web: LittleWeb) -> dict[str, Any]:
    """What `ending` prints after all cells of the pages ran in one process."""
    texts = [page.read_text("utf-8").replace("https://", "http://") for page in pages]
    cells = [
        cell for text in texts for cell in re.findall(r"^```python\n(.*?)^```", text, re.M | re.S)
    ]
    kernel = subprocess.run(
        [sys.executable, "-c", NOTEBOOK + ending],
        check=False,
        input=json.dumps(cells),
        capture_output=True,
        text=True,
        timeout=180,
        cwd=home.parent,
        env={
            **os.environ,
            "SCRAPEQ_CONNECT_TO": json.dumps(web.connect_to),
            "SCRAPEQ_ALLOW_PRIVATE_ADDRESSES": "true",
            "SCRAPEQ_WORKERS": "1",
        },
    )
    assert kernel.returncode == 0, kernel.stderr
    result: dict[str, Any] = json.loads(kernel.stdout.splitlines()[-1])
    return result


def test_the_readmes_notebook_runs(tmp_home: Path, little_web: LittleWeb) -> None:
    out = run([README], RESULT, tmp_home, little_web)

    assert out["link"] == ["http://example.com/article/1", "http://example.com/article/2"]
    assert out["ok"] == [True, True]
    assert all(out["titles"])
    assert out["name"] == "firms"
    assert out["errors"] == 0


def test_the_tutorial_and_the_how_to_pages_run(tmp_home: Path, little_web: LittleWeb) -> None:
    out = run(GUIDES, GUIDES_RESULT, tmp_home, little_web)

    assert out["changes"] == ["same", "same"]
    assert out["records"] == [
        {"price": 1299.0, "price_currency": "EUR", "date": "2025-03-03"},
        {"price": 15.5, "price_currency": "EUR", "date": "2025-03-17"},
    ]
