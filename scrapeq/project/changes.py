"""What changed from one run to the next, in numbers and a few examples."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scrapeq import database
from scrapeq.models import Batch
from scrapeq.models.change import CHANGES, Seen

if TYPE_CHECKING:
    import sqlalchemy as sa

#: Pages that are named of those that changed, and characters of a URL.
MOST_EXAMPLES, LONGEST_URL = 20, 500
_UNSEEN, _GOOD, _BAD = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Changes:
    """counts: how many pages of each change there are (see `models.change.CHANGES`), those that occur.
    examples: URL and change of the first that are not the same."""

    counts: dict[str, int]
    examples: list[tuple[str, str]]

    @property
    def any(self) -> bool:
        """Whether something is not the same."""
        return any(count for change, count in self.counts.items() if change != "same")


def changes_since(engine: sa.Engine, before: Batch, batch: Batch) -> Changes:
    """What `sq.compare` says of two runs, counted. Of a million pages it keeps two numbers each, 130 MB,
    and reads the text of all."""
    names = database.compared.names_to_compare(before.config, batch.config)
    with_text = database.compared.texts_compare(before.config, batch.config)
    left: dict[int, int] = {}
    for key, page in database.compared.seen_pages(engine, before.id, names, with_text=with_text):
        left.setdefault(hash(key), _mark(page))
    counts: Counter[str] = Counter()
    examples: list[tuple[str, str]] = []
    looked: set[int] = set()
    for key, page in database.compared.seen_pages(engine, batch.id, names, with_text=with_text):
        place = hash(key)
        if place in looked:
            continue
        looked.add(place)
        change = _judge(left.pop(place, None), _mark(page))
        if change is None:
            continue
        counts[change] += 1
        if change != "same" and len(examples) < MOST_EXAMPLES:
            examples.append((page.url[:LONGEST_URL], change))
    counts["removed"] = len(left)
    return Changes({name: counts[name] for name in CHANGES if counts[name]}, examples)


def _mark(page: Seen) -> int:
    """A number that is equal for equal pages, whose last two bits tell whether it is a good one."""
    state = _UNSEEN if page.ok is None else _GOOD if page.ok else _BAD
    return (hash(page.compared) << 2) | state


def _judge(old: int | None, new: int) -> str | None:
    if old is None:
        return "added"
    if old & 3 == _UNSEEN or new & 3 == _UNSEEN:
        return None
    if old & 3 != new & 3:
        return "broke" if old & 3 == _GOOD else "mended"
    return "same" if old == new else "changed"
