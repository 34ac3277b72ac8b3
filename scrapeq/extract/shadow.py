"""Declarative shadow roots: what a browser shows of them is part of the page."""

from __future__ import annotations

import re


def with_shadow_roots(markup: str) -> str:
    """`markup` in which each `<template shadowrootmode>` is a `<div>` with its attributes.

    Parsers without shadow trees keep the content of every template out of the page. As elements of
    one tree it is found by selectors, links, images and text alike (WHATWG HTML, 4.12.3). A div,
    because its end tag also ends what is left open in it, as that of a template does.
    """
    if (
        "shadowrootmode" not in markup
    ):  # so it is written everywhere, and each search of a page takes time
        return markup
    is_root: list[bool] = []

    def rename(tag: re.Match[str]) -> str:
        if tag["close"]:
            return "</div>" if is_root and is_root.pop() else tag[0]
        if not tag["open"]:
            return tag[0]  # a comment, a script or a style: not markup
        root = not any(not one for one in is_root) and bool(_MODE.search(tag["rest"]))
        is_root.append(root)
        return f"<div{tag['rest']}>" if root else tag[0]

    return _TAG.sub(rename, markup)


_TAG = re.compile(
    r"<!--(?:.*?-->|.*)"
    r"|<(?:script|style|textarea|title)\b(?:.*?</(?:script|style|textarea|title)|.*)"
    r"|(?P<close></template\s*+>)"
    r"""|(?P<open><template)(?P<rest>(?:\s(?:[^<>"']|"[^"]*+"|'[^']*+')*)?)>""",
    re.IGNORECASE | re.DOTALL,
)
_MODE = re.compile(r"""\sshadowrootmode\s*=\s*["']?(?:open|closed)\b""", re.IGNORECASE)
