"""The posts of a thread and the comments below an article, as items: who, when, what, and to whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from scrapeq.extract.comment_blocks import comment_blocks
from scrapeq.extract.element_text import tidy
from scrapeq.extract.published import parse_time
from scrapeq.extract.structured import StructuredItem
from scrapeq.extract.visible import text_in

#: Of one page: comments, characters of one, and comments within comments in its structured data.
MAX_COMMENTS, MAX_CHARACTERS, MAX_LEVELS = 1_000, 20_000, 20
#: Objects of structured data that are looked at.
MAX_OBJECTS = 20_000


@dataclass(frozen=True, slots=True)
class Comment:
    """position: its place on the page, from 0; reply_to: that of the one it answers. date: None if the page
    does not say it in a way that a machine reads ("2 hours ago")."""

    position: int
    author: str | None
    published_at: datetime | None
    text: str
    reply_to: int | None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values: position, author, published_at (ISO 8601), text, reply_to."""
        moment = self.published_at.isoformat() if self.published_at else None
        return {**asdict(self), "published_at": moment}


def comments_of(
    tree: LexborHTMLParser, items: Callable[[], Sequence[StructuredItem]], language: str = "en"
) -> tuple[list[Comment], str | None]:
    """The comments of a page in its order, and their source; [] and None for a page without any.

    A thread's first post and a question are the first of them; an article is none. From structured data
    (types Comment, Answer, DiscussionForumPosting, a Question with its answers, UserComments; the source is
    "json-ld", "microdata" or "rdfa"), else from elements that repeat ("blocks"; see `comment_blocks`).
    Of both the one with more of them, if the structured data name only some: a site may declare its best
    answer alone.
    """
    declared, source = _declared(items())
    shown = [
        Comment(at, one.author, one.published_at, one.text[:MAX_CHARACTERS], one.reply_to)
        for at, one in enumerate(comment_blocks(tree, language)[:MAX_COMMENTS])
    ]
    if len(shown) > 2 * len(declared):
        return shown, "blocks"
    return declared, source if declared else None


def _declared(items: Sequence[StructuredItem]) -> tuple[list[Comment], str | None]:
    """Of the first format that has comments."""
    for format_ in ("json-ld", "microdata", "rdfa"):
        found: list[Comment] = []
        budget = [MAX_OBJECTS]
        for item in items:
            if item.format == format_:
                _collect(item.data, None, found, MAX_LEVELS, budget)
        # Questions with answers of nobody are a list that the site wrote itself
        if any(one.author or one.published_at for one in found):
            return found[:MAX_COMMENTS], format_
    return [], None


def _collect(
    thing: Any, reply_to: int | None, found: list[Comment], levels: int, budget: list[int]
) -> None:
    """Append a thing, if it is a comment, and those in it."""
    if not levels or budget[0] <= 0 or len(found) >= MAX_COMMENTS:
        return
    budget[0] -= 1
    if isinstance(thing, list):
        for one in thing:
            _collect(one, reply_to, found, levels, budget)
    elif isinstance(thing, dict) and not _has_type(thing, _OWN_WORDS):
        here = reply_to
        if _is_comment(thing) and (text := _text(thing)):
            here = len(found)
            when = next(_texts(thing, _TIMES), None)
            found.append(
                Comment(here, _author(thing), parse_time(when) if when else None, text, reply_to)
            )
        for name in (*_ANSWERS, *_AROUND):
            if isinstance(below := thing.get(name), (dict, list)):
                _collect(below, here, found, levels - 1, budget)


def _is_comment(thing: Mapping[str, Any]) -> bool:
    if _has_type(thing, _THREADED):
        return True
    return _has_type(thing, {"Question"}) and any(name in thing for name in _ANSWERS)


def _has_type(thing: Mapping[str, Any], names: Set[str]) -> bool:
    return any(isinstance(one, str) and one in names for one in _listed(thing.get("@type")))


def _text(thing: Mapping[str, Any]) -> str:
    written = next(_texts(thing, _BODIES), "") or next(_texts(thing, _HEADS), "")
    return text_in(written[:MAX_CHARACTERS]).strip()


def _author(thing: Mapping[str, Any]) -> str | None:
    for name in ("author", "creator"):
        for one in _listed(thing.get(name)):
            named = (
                next(_texts(one, ("name", "alternateName")), "") if isinstance(one, dict) else one
            )
            if isinstance(named, str) and (named := tidy(named)) and "://" not in named:
                return named[:200]
    return None


def _texts(thing: Mapping[str, Any], names: Sequence[str]) -> Iterator[str]:
    for name in names:
        for one in _listed(thing.get(name)):
            if isinstance(one, str) and one.strip():
                yield one


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


_THREADED = frozenset({"Comment", "Answer", "DiscussionForumPosting", "UserComments"})
#: What a site writes itself, and opinions of goods.
_OWN_WORDS = frozenset({"FAQPage", "Review", "HowTo", "Quiz"})
_ANSWERS = ("acceptedAnswer", "suggestedAnswer", "comment", "replies")
#: What may hold a thread or its comments.
_AROUND = ("mainEntity", "mainEntityOfPage", "hasPart", "itemListElement", "item")
_BODIES = ("text", "articleBody", "commentText", "description")
_HEADS = ("headline", "name")
_TIMES = ("dateCreated", "datePublished", "commentTime", "uploadDate")
