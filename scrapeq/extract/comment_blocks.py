"""Comments and posts by their markup: elements of one name that repeat, each with an author or a date.

Forums and blogs call them post, message, comment, reply or answer, whatever their software. Which of the names
on a page is that of its comments is told by what the elements of that name hold.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from scrapeq.extract.element_text import tidy
from scrapeq.extract.nesting import level_of
from scrapeq.extract.published import EARLIEST, parse_time
from scrapeq.extract.written_dates import dates_in

#: Of one page: elements that are called like comments, elements and texts that are walked over, names that are
#: compared, headings; and elements around a time that are asked for what they are.
MAX_CALLED, MAX_NODES, MAX_NAMES, MAX_HEADINGS, MAX_ABOVE = 20_000, 100_000, 12, 500, 40
#: Characters that a name has at most, and that the comments of a page must have on average.
LONGEST_NAME, SHORTEST_TEXT = 60, 12
#: Characters of one comment that count for the choice of a name: a long one is still one.
MUCH_TEXT = 1_000


@dataclass(slots=True)
class Block:
    """What stands in one element. reply_to: the place in the list of the block that it is in.
    has_body: whether an element in it is called its text."""

    author: str | None = None
    published_at: datetime | None = None
    text: str = ""
    reply_to: int | None = None
    has_body: bool = False


def comment_blocks(tree: LexborHTMLParser, language: str = "en") -> list[Block]:
    """The comments of a page in its order, by their markup; [] where nothing looks like some.

    language: a tag, for the names of months. About 1 ms for a page whose elements are not called so, 10 ms for
    a thread of 200 KB. Each element is looked at once for each of `MAX_NAMES` names at most.
    """
    body = tree.body
    if body is None:
        return []
    named = _named(tree)
    if not named:
        return []
    page = _Page(body, language)
    best: list[Block] = []
    most = 0.0
    for name, nodes in named:
        blocks = page.blocks(nodes)
        worth = _worth(name, blocks)
        if worth > most and not (_OF_LISTS.search(name[1]) and page.is_list(nodes)):
            best, most = blocks, worth
    return best


def _named(tree: LexborHTMLParser) -> list[tuple[tuple[str, str], list[LexborNode]]]:
    """Elements by tag and by the word in their class or id that stands for comments; those first that are
    most, and in each the page's order."""
    found: dict[tuple[str, str], list[LexborNode]] = defaultdict(list)
    called = {node.mem_id: node for node in tree.css(_CALLED)[:MAX_CALLED]}  # each once
    for node in called.values():
        tag = node.tag or ""
        if tag not in _CONTAINERS:
            continue
        attributes = node.attributes
        names = {
            # An id is another kind of name: what is around a comment may have the name of its inside
            (sign, _NUMBER.sub("", word).lower())
            for sign, attribute in ((".", "class"), ("#", "id"))
            for word in (attributes.get(attribute) or "").split()
        }
        names |= {("", tag)}
        for sign, name in sorted(names):
            if _NAME.search(name) and not _NOT_ONE.match(name):
                found[f"{tag}{sign}", name].append(node)
    kept = [one for one in found.items() if len(one[1]) > 1 or _SINGLE.fullmatch(one[0][1])]
    return sorted(kept, key=lambda one: -len(one[1]))[:MAX_NAMES]


def _worth(name: tuple[str, str], blocks: Sequence[Block]) -> float:
    """How much a name looks like that of comments: the characters that are written by somebody, some time."""
    written = [one for one in blocks if one.text]
    signed = sum(one.author is not None for one in written)
    dated = sum(one.published_at is not None for one in written)
    is_sure = min(signed, dated) >= 0.6 * len(written)
    # Many lists have names, and many boxes are called after comments; one of them alone must have all
    if signed < max(1, 0.6 * len(written)) or (
        not is_sure and (len(written) == 1 or not _COMMENT.search(name[1]))
    ):
        return 0.0
    if not _COMMENT.search(name[1]) and sum(one.has_body for one in written) < 0.5 * len(written):
        return 0.0
    characters = sum(min(len(one.text), MUCH_TEXT) for one in written)
    if characters < SHORTEST_TEXT * len(written):
        return 0.0
    return characters * (signed + dated) / (2 * len(written))


@dataclass(slots=True)
class _Parts:
    """The texts within one element, by what they are."""

    authors: list[str] = field(default_factory=list)
    dates: list[datetime] = field(default_factory=list)
    bodies: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    others: list[str] = field(default_factory=list)


class _Page:
    """The texts and times of a page, walked over once, and who they belong to."""

    def __init__(self, body: LexborNode, language: str) -> None:
        self._language = language
        # With the element around it, and the first day that a short one names
        self._texts: list[tuple[str, int, datetime | None]] = []
        self._times: list[tuple[datetime, int]] = []
        self._above: dict[int, int] = {}
        self._roles: dict[int, str] = {}
        self._headings: list[tuple[str, str, int]] = []  # text, path of its link, element
        self._walk(body)

    def _walk(self, body: LexborNode) -> None:
        silent = -1
        levels: dict[int, int] = {}
        top = body.mem_id
        self._above[top] = 0
        for node in islice(body.traverse(include_text=True), MAX_NODES):
            above = node.parent
            if above is None or node.mem_id == top:
                continue
            place, tag = above.mem_id, node.tag or ""
            if place == silent or place not in self._above:
                continue
            if tag == "-text":
                text = tidy(node.text_content or "")
                if text:
                    day = None
                    if len(text) <= LONGEST_NAME:
                        day = next((one.day for one in dates_in(text, self._language)), None)
                    self._texts.append((text, place, day))
                continue
            if tag in _SILENT:
                silent = node.mem_id
                continue
            self._above[node.mem_id] = place
            attributes = node.attributes
            role = _role(tag, attributes)
            if role:
                self._roles[node.mem_id] = role
            if role == _TIME:
                self._take_time(node, attributes)
                self._is_no_body(place)
            if tag in _HEADINGS and len(self._headings) < MAX_HEADINGS:
                levels[node.mem_id] = level = level_of(node, levels)
                if level:
                    continue  # its text was read with that of the heading around it
                link = node.css_first("a[href]") or _link_around(node)
                path = ""
                if link is not None and not _is_user(link.attributes):
                    path = link.attributes.get("href") or ""
                self._headings.append((tidy(node.text()), path, node.mem_id))

    def _take_time(self, node: LexborNode, attributes: dict[str, str | None]) -> None:
        for name in ("datetime", "title", "data-time", "data-timestamp", "content"):
            written = (attributes.get(name) or "").strip()[:100]
            when = _moment(written, self._language) if written else None
            if when is not None:
                self._times.append((when, node.mem_id))
                return

    def _is_no_body(self, place: int) -> None:
        """What has a time in it holds more than the words of a comment."""
        for _ in range(MAX_ABOVE):
            if not place:
                return
            if self._roles.get(place) == _BODY:
                del self._roles[place]
            place = self._above.get(place, 0)

    def blocks(self, nodes: Sequence[LexborNode]) -> list[Block]:
        """What stands in these elements."""
        members = {node.mem_id: at for at, node in enumerate(nodes)}
        owners: dict[int, tuple[int, str, int]] = {}
        parts = [_Parts() for _ in nodes]
        for when, place in self._times:
            owner, role, _ = self._owner(place, members, owners)
            if owner >= 0 and role != _BODY:
                parts[owner].dates.append(when)
        for text, place, day in self._texts:
            owner, role, element = self._owner(place, members, owners)
            if owner < 0 or role == _SKIP:
                continue
            here = parts[owner]
            if role == _BODY:
                here.bodies[element].append(text)
            elif day is not None:
                here.dates.append(day)
            elif role == _AUTHOR:
                if _is_name(text):
                    here.authors.append(text)
            elif role != _TIME:
                here.others.append(text)
        found: list[Block] = []
        places: dict[int, int] = {}  # of those that say something
        for at, (node, here) in enumerate(zip(nodes, parts, strict=True)):
            text = "\n".join(_longest(here.bodies.values()) or here.others)
            author = _author_in(node) or next(iter(here.authors), None)
            if not text:
                continue
            around = self._owner(self._above.get(node.mem_id, 0), members, owners)[0]
            places[at] = len(found)
            first_day = next(iter(here.dates), None)
            found.append(Block(author, first_day, text, places.get(around), bool(here.bodies)))
        return found

    def is_list(self, nodes: Iterable[LexborNode]) -> bool:
        """Whether most of these elements have a heading with a link to another page: a list of articles."""
        members = {node.mem_id: at for at, node in enumerate(nodes)}
        owners: dict[int, tuple[int, str, int]] = {}
        led: dict[int, str] = {}
        for text, path, place in self._headings:
            owner, role, _ = self._owner(place, members, owners)
            if owner >= 0 and role not in {_AUTHOR, _SKIP} and path and not path.startswith("#"):
                led.setdefault(owner, _REPLY.sub("", text))
        return 2 * len(led) > len(members) and 2 * len(set(led.values())) > len(led)

    def _owner(
        self, place: int, members: dict[int, int], owners: dict[int, tuple[int, str, int]]
    ) -> tuple[int, str, int]:
        """The member around an element (-1: none), what the element is there, and which element says so:
        the outermost one within the member."""
        way: list[int] = []
        here = place
        known: tuple[int, str, int] | None = None
        while here and known is None:
            known = owners.get(here)
            if known is None:
                way.append(here)
                here = self._above.get(here, 0)
        known = known or (-1, "", 0)
        for one in reversed(way):
            if one in members:
                known = (members[one], "", 0)
            elif (role := self._roles.get(one)) and (
                not known[1] or (known[1] == _SKIP and role in {_AUTHOR, _TIME})
            ):
                known = (known[0], role, one)
            owners[one] = known
        return known


def _role(tag: str, attributes: dict[str, str | None]) -> str:
    """What an element within a comment is by its name; "" if it does not say."""
    if tag in _TIMES:
        return _TIME
    if tag in _SKIPPED:
        return _SKIP
    names = f"{attributes.get('class') or ''} {attributes.get('itemprop') or ''} {attributes.get('data-role') or ''}"
    if tag == "a" and ("author" in (attributes.get("rel") or "") or _is_user(attributes)):
        return _AUTHOR
    if not names.strip():
        return _BODY if attributes.get("slot") == "comment" else ""
    for role, called in _ROLES:
        if called.search(names):
            return role
    return ""


def _is_user(attributes: dict[str, str | None]) -> bool:
    href = attributes.get("href") or ""
    if not _MAY_BE_USER.search(href):
        return False
    parts = urlsplit(href[:500]) if "[" not in href[:500] else None
    return parts is not None and bool(_USER_PATH.search(f"{parts.path}?{parts.query}"))


def _is_name(text: str) -> bool:
    """A letter alone is the picture of somebody without one."""
    is_short = 1 < len(text) <= LONGEST_NAME and "://" not in text
    return is_short and bool(_LETTER.search(text)) and not _NO_AUTHOR.match(text)


def _link_around(node: LexborNode) -> LexborNode | None:
    above = node.parent
    for _ in range(3):
        if above is None or above.tag == "a":
            return above
        above = above.parent
    return None


def _author_in(node: LexborNode) -> str | None:
    """A name that the element of a comment has itself."""
    for name in ("data-author", "author", "data-username", "data-user-name"):
        written = tidy(node.attributes.get(name) or "")
        if written and len(written) <= LONGEST_NAME:
            return written
    return None


def _moment(written: str, language: str) -> datetime | None:
    if written.isdigit() and len(written) in {10, 13}:
        return datetime.fromtimestamp(int(written[:10]), UTC)
    when = parse_time(written)
    if when is None:
        when = next((one.day for one in dates_in(written, language)), None)
    return when if when is not None and when >= EARLIEST else None


def _longest(bodies: Iterable[list[str]]) -> list[str]:
    return max(bodies, key=lambda one: sum(map(len, one)), default=[])


_AUTHOR, _BODY, _TIME, _SKIP = "author", "body", "time", "skip"
_WORDS = r"comments?|posts?|messages?|msg|repl(?:y|ies)|answers?|respuestas?|kommentare?|beitrag|beitraege|commentaires?"
_CALLED = (
    ", ".join(
        f'[{attribute}*="{word}" i]'
        for attribute in ("class", "id")
        for word in ("comment", "post", "message", "repl", "answer", "kommentar", "beitrag", "msg")
    )
    + ", shreddit-comment"
)
#: A word of a class that stands for a comment: "comment", "post_123", "cPost", "js-post", "shreddit-comment".
_NAME = re.compile(
    rf"(?:^|[-_]|\bc(?=P)|\bjs)(?:{_WORDS})(?:[-_]?(?:item|row|container|wrapper|wrap|box|block|outer|main))*$|Comment$|Post$",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[-_]?\d+")
#: Words that say that an element is of comments, and is none.
_NOT_ONE = re.compile(
    r"(?:has|no|with|without|type|hide|show|add|view|leave|new|profile|format)[-_]"
)
#: What one element alone may be called.
_SINGLE = re.compile(r"(?:\w+[-_])?(?:comment|kommentar)(?:[-_](?:item|row|container|box|block))?")
_COMMENT = re.compile(r"comment|repl|kommentar", re.IGNORECASE)
#: Names that lists of articles have as well.
_OF_LISTS = re.compile(r"post|message|beitrag", re.IGNORECASE)
_REPLY = re.compile(r"^(?:re|aw|sv)\s*:\s*", re.IGNORECASE)
_LETTER = re.compile(r"[^\W\d_]")
_NO_AUTHOR = re.compile(
    r"(?:by|posted by|posted|sa(?:id|ys)|wrote|reply|quote|report|share|link|permalink|guest|joined|edited|author)\W*$",
    re.IGNORECASE,
)
_ROLES = (
    (
        _SKIP,
        re.compile(
            r"(?:^|[-_\s])(?:(?<!post-)signature|sig|actions?|buttons?|controls?|toolbar|share|vote\w*|votes|reactions?|likes?"
            r"|avatar|badges?|profile|postprofile|usertitle|user-?title|user-?extras|extras|flair|footer|quick-?reply)(?:$|[-_\s])",
            re.IGNORECASE,
        ),
    ),
    (
        _TIME,
        re.compile(
            r"(?:^|[-_\s])(?:date|dates|time|timestamp|datetime|posted-?on|post-?date|published|dateCreated|datePublished"
            r"|relative-?date|comment-?date|metadata-date|age)(?:$|[-_\s])"
        ),
    ),
    (
        _AUTHOR,
        re.compile(
            r"(?:^|[-_\s])(?:author|authors|author-?name|username|user-?name|poster|nick(?:name)?|creator|comment-?author"
            r"|display-?name|fn|member-?name|message-name|hnuser|user-details|comment-user)(?:$|[-_\s])",
            re.IGNORECASE,
        ),
    ),
    (
        _BODY,
        re.compile(
            r"(?:^|[-_\s])(?:content|body|text|bodytext|cooked|bbWrapper|md|prose|copy|comment-?text|comment-?copy"
            r"|comment-?body|commtext|comment-?content|post-body|post-?content|post-?text|message-?body|message-?content|msg-?body"
            r"|messageText|postcontent|commentContent|articleBody|entry-content|usertext)(?:$|\s)",
            re.IGNORECASE,
        ),
    ),
)
_CONTAINERS = frozenset(
    {
        "div",
        "li",
        "article",
        "section",
        "tr",
        "table",
        "td",
        "dl",
        "dd",
        "blockquote",
        "shreddit-comment",
    }
)
_SILENT = frozenset({"script", "style", "template", "select", "textarea", "svg"})
_SKIPPED = frozenset({"button", "nav", "footer", "input"})
_TIMES = frozenset({"time", "relative-time", "faceplate-timeago", "abbr"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4"})
_MAY_BE_USER = re.compile(r"user|member|profile|author|/u/|/[@~]|people", re.IGNORECASE)
_USER_PATH = re.compile(
    r"(?:^|/)(?:u|users?|members?|profiles?|people|authors?|userprofile)[/.?=]|/@\w|/~\w|[?&](?:u|user|uid|member)=\w|viewprofile|action=profile",
    re.IGNORECASE,
)
