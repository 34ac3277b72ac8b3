"""The README's Python runs as it is printed, in one process, like cells of one notebook.

But for one letter: https becomes http, for the names lead to a little web without certificates.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from scrapeq.testing import LittleWeb

README = Path(__file__).parents[2] / "README.md"

#: What a kernel does with cells: one namespace, await allowed. Ends by saying what came out.
NOTEBOOK = """
import ast, asyncio, inspect, json, sys

names = {"__name__": "__main__"}
for cell in json.load(sys.stdin):
    code = compile(cell, "README.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    if inspect.iscoroutine(waiting := eval(code, names)):
        asyncio.run(waiting)
table = names["batch"].df
print(json.dumps({
    "link": table["link"].tolist(),
    "ok": table["ok"].tolist(),
    "titles": [page.title for page in names["pages"]],
    "name": names["batch"].name,
    "errors": len(names["batch"].errors),
}))
"""


def test_the_readmes_notebook_runs(tmp_home: Path, little_web: LittleWeb) -> None:
    text = README.read_text("utf-8").replace("https://", "http://")
    cells = re.findall(r"^```python\n(.*?)^```", text, re.M | re.S)
    kernel = subprocess.run(
        [sys.executable, "-c", NOTEBOOK],
        check=False,
        input=json.dumps(cells),
        capture_output=True,
        text=True,
        timeout=180,
        cwd=tmp_home.parent,
        env={
            **os.environ,
            "SCRAPEQ_CONNECT_TO": json.dumps(little_web.connect_to),
            "SCRAPEQ_ALLOW_PRIVATE_ADDRESSES": "true",
            "SCRAPEQ_WORKERS": "1",
        },
    )

    assert kernel.returncode == 0, kernel.stderr
    out = json.loads(kernel.stdout.splitlines()[-1])
    links = ["http://example.com/article/1", "http://example.com/article/2"]
    assert out["link"] == links
    assert out["ok"] == [True, True]
    assert all(out["titles"])
    assert out["name"] == "firms"
    assert out["errors"] == 0
