"""Every image of a page: its address, its description, its size, its other sizes."""

from __future__ import annotations

import re
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from scrapeq.extract.element_text import tidy
from scrapeq.extract.links import Joiner

#: Images of one page that are kept, in the page's order; candidates of one image.
MAX_IMAGES = 5_000
MAX_CANDIDATES = 50
MAX_ALT_CHARACTERS = 1_000


def images_of(tree: LexborHTMLParser, join: Joiner) -> list[dict[str, Any]]:
    """A dict with url, alt, width, height and srcset for each image, MAX_IMAGES at most.

    url: absolute; of an image that is loaded later, the address that a script would load (data-src
    and its like), and without any src the first candidate. width, height: the attributes in CSS
    pixels, None if they are not numbers. srcset: candidates as dicts with url and descriptor
    ("2x", "640w", "1x" if none is written), those of the <picture> around it first. Images inside
    the page's own text (data:) have no address and are left out, and so is the copy in a noscript
    of an image that was there.
    """
    images: list[dict[str, Any]] = []
    seen: set[str] = set()
    for node in tree.css("img, amp-img, amp-anim"):
        attributes = node.attributes
        candidates = _candidates(node, attributes, join)
        url = _address(attributes, join) or (candidates[0]["url"] if candidates else None)
        if url is None or (url in seen and _in_noscript(node)):
            continue
        seen.add(url)
        images.append(
            {
                "url": url,
                "alt": tidy(attributes.get("alt") or "")[:MAX_ALT_CHARACTERS],
                "width": _pixels(attributes.get("width")),
                "height": _pixels(attributes.get("height")),
                "srcset": candidates,
            }
        )
        if len(images) == MAX_IMAGES:
            break
    return images


def parse_srcset(srcset: str) -> list[tuple[str, str]]:
    """URL and descriptor of each candidate (WHATWG HTML, 4.8.4.3.10): URLs may hold commas."""
    srcset = srcset[:_MAX_SRCSET]
    candidates: list[tuple[str, str]] = []
    place = 0
    while (match := _URL.match(srcset, place)) and len(candidates) < MAX_CANDIDATES:
        url, place = match[1], match.end()
        descriptor = ""
        if not url.endswith(","):
            end = srcset.find(",", place)
            end = len(srcset) if end < 0 else end
            descriptor, place = srcset[place:end].strip(), end
        candidates.append((url.rstrip(","), descriptor or "1x"))
    return candidates


_MAX_SRCSET = 50_000
# It runs to the next white space; one that ends in a comma has no descriptor, others have all up
# to the next comma.
_URL = re.compile(r"[\s,]*+(\S++)")
_LAZY = ("data-src", "data-lazy-src", "data-original", "data-lazy", "data-url", "data-image")
_LAZY_SETS = ("data-srcset", "data-lazy-srcset")
_WHOLE_NUMBER = re.compile(r"\s*(\d{1,6})(?:\.\d*)?(?:px)?\s*$")


def _address(attributes: dict[str, str | None], join: Joiner) -> str | None:
    """What a script would load later, else what is there: the latter is then a placeholder."""
    for name in (*_LAZY, "src"):
        written = attributes.get(name)
        if written and written.strip() and (url := join(written)):
            return url
    return None


def _candidates(
    node: LexborNode, attributes: dict[str, str | None], join: Joiner
) -> list[dict[str, str]]:
    sets: list[str] = []
    parent = node.parent
    if parent is not None and parent.tag == "picture":
        sets += [_set(source.attributes) for source in parent.css("source")]
    sets.append(_set(attributes))
    found: dict[str, str] = {}
    for srcset in sets:
        for written, descriptor in parse_srcset(srcset) if srcset else ():
            if (url := join(written)) and len(found) < MAX_CANDIDATES:
                found.setdefault(url, descriptor)
    return [{"url": url, "descriptor": descriptor} for url, descriptor in found.items()]


def _set(attributes: dict[str, str | None]) -> str:
    for name in (*_LAZY_SETS, "srcset"):
        if value := attributes.get(name):
            return value
    return ""


def _in_noscript(node: LexborNode) -> bool:
    above = node.parent
    for _ in range(3):
        if above is None:
            return False
        if above.tag == "noscript":
            return True
        above = above.parent
    return False


def _pixels(written: str | None) -> int | None:
    match = _WHOLE_NUMBER.match(written or "")
    return int(match[1]) if match else None
