"""How often the rules of real robots.txt files mean the same to scrapeq as to Google's own parser.

    python benchmarks/robots.py FOLDER --peers-python .venv-peers/bin/python

FOLDER holds robots.txt files, one of each site, as `tests/test_data` of Protego's source does (4,231 of them).
Asked are up to 40 addresses of each: the paths of its own rules, in the order of the file, with words in place of
the stars, and each with something behind it. Not asked are /robots.txt, which RFC 9309 allows in any case, and an
empty query, which the package drops. Google's parser answers through the package fast-robotstxt
(github.com/google/robotstxt in C++), in an environment of its own. The product token is scrapeq's; and once more
with every "Googlebot" of a file called so, as most files name that and none names us.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TOKEN = "scrapeq"
MOST = 40
_RULE = re.compile(rb"^\s*(?:dis)?allow\s*:\s*([^\s#]+)", re.IGNORECASE | re.MULTILINE)
_NAMED = re.compile(r"^(\s*user-agent\s*:\s*)googlebot(?=\s*(?:#|$))", re.IGNORECASE | re.MULTILINE)


def questions(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """The text of each file and the URLs that are asked about, in the form in which they are fetched."""
    from scrapeq import urls

    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        body = path.read_bytes()
        text = body.decode("utf-8", "replace")
        asked: dict[str, None] = {}
        for rule in _RULE.findall(body):
            written = rule.decode("utf-8", "replace")
            plain = written.replace("*", "some").removesuffix("$")
            if not plain.startswith("/"):
                plain = f"/{plain}"
            for tail in ("", "more", "/and/more?x=1"):
                url = urls.parse(f"https://{path.name}{plain}{tail}")
                if isinstance(url, urls.Url) and not url.href.endswith(("?", "/robots.txt")):
                    asked[url.href] = None
            if len(asked) >= MOST:
                break
        if asked:
            some = list(asked)[:MOST]
            yield text, some
            if _NAMED.search(text):
                yield _NAMED.sub(rf"\1{TOKEN}", text), some


def google() -> None:
    """Answer questions from stdin by Google's parser: a line of JSON for each line."""
    from robotstxt import RobotsMatcher

    for line in sys.stdin:
        text, urls = json.loads(line)
        matcher = RobotsMatcher()
        json.dump([matcher.is_allowed(text, TOKEN, url) for url in urls], sys.stdout)
        print(flush=True)


def compared(folder: Path, peers: str) -> tuple[Counter[str], list[tuple[str, bool]]]:
    """Counts, and the URLs about which the two differ with our answer."""
    from scrapeq.fetch.robots import parse_rules

    counts: Counter[str] = Counter()
    different: list[tuple[str, bool]] = []
    asking: Any = subprocess.Popen(
        [peers, __file__, str(folder), "--google"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    for text, urls in questions(folder):
        print(json.dumps([text, urls]), file=asking.stdin, flush=True)
        theirs = json.loads(asking.stdout.readline())
        rules = parse_rules(text)
        counts["files"] += 1
        for url, their in zip(urls, theirs, strict=True):
            ours = rules.allows(url)
            counts["answers"] += 1
            counts["forbidden"] += not their
            counts["same"] += ours == their
            counts["wrongly allowed"] += ours and not their
            counts["wrongly forbidden"] += their and not ours
            if ours != their:
                different.append((url, ours))
    asking.stdin.close()
    asking.wait()
    return counts, different


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--peers-python", default=sys.executable)
    parser.add_argument("--google", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--different", action="store_true", help="list what differs")
    options = parser.parse_args()
    if options.google:
        google()
        return
    counts, different = compared(options.folder, str(Path(options.peers_python).absolute()))
    share = counts["same"] / max(1, counts["answers"])
    print(f"{share:.2%} of the answers are the same: {dict(counts)}")
    if options.different:
        for url, ours in different:
            print("we allow" if ours else "we forbid", url)


if __name__ == "__main__":
    main()
