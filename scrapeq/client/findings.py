"""What a batch found that needs a look, though its rows count as good: useless pages, and selectors
that matched next to nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import sqlalchemy as sa

from scrapeq import database, display
from scrapeq.models import Batch
from scrapeq.models.error_words import ADVICE as ERROR_ADVICE
from scrapeq.models.error_words import error_words
from scrapeq.models.page_kind import ADVICE, in_words

#: A selector is named that matched on less than this share of the pages; while a batch runs, once so
#: many pages were read.
SELDOM, ENOUGH_PAGES = 0.1, 20
#: Kinds of pages, and selectors, that a sentence names.
MOST_NAMED = 3
_SELECTOR_ADVICE = (
    "look at batch.html(0) (store_html=True) for what is there; "
    'what a script draws needs render="always"'
)


@dataclass(frozen=True, slots=True)
class Findings:
    """kinds: good rows by the kind of page, where it is of no use. refused: rows that failed for it.
    pages: those that were read with selectors. seldom: on how many of them each selector matched that
    matched on less than a tenth."""

    total: int
    kinds: Mapping[str, int] = field(default_factory=dict)
    refused: Mapping[str, int] = field(default_factory=dict)
    pages: int = 0
    seldom: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, engine: sa.Engine, batch: Batch) -> Self:
        """What there is now; two looks into an index and a row, whatever the size of the batch."""
        if not batch.done:
            return cls(batch.total)
        counts = database.jobs.page_kinds(engine, batch.id)
        pages, matches = 0, dict[str, int]()
        if batch.config.custom_selectors:
            pages, matches = database.batches.selector_matches(engine, batch)
        enough = pages >= ENOUGH_PAGES or (batch.is_complete and pages)
        return cls(
            batch.total,
            {kind: count for (kind, ok), count in counts.items() if ok},
            {kind: count for (kind, ok), count in counts.items() if not ok},
            pages,
            {name: n for name, n in matches.items() if enough and n < SELDOM * pages},
        )

    def in_words(self) -> str:
        """Sentences for a card and a note; "" where there is nothing to say."""
        parts = self._useless()
        if self.seldom:
            (name, count), *more = self.seldom.items()
            pages = f"{display.count(self.pages)} pages"
            if not more:
                who = f"the selector {_quoted(name)} matched on {display.count(count)} of {pages}"
                them, they = "it", "it selects"
            else:
                named = ", ".join(
                    f"{_quoted(name)} ({display.count(count)})"
                    for name, count in list(self.seldom.items())[:MOST_NAMED]
                )
                left = len(self.seldom) - MOST_NAMED
                who = f"the selectors {named}{f' and {left} more' if left > 0 else ''}"
                who += f" matched on few of {pages}"
                them, they = "them", "they select"
            parts.append(
                f"{who}: check {them} against a page, or try "
                f'render="always" if a script draws what {they}'
            )
        return display.sentences(*parts)

    def _useless(self) -> list[str]:
        """A sentence for each of the commonest kinds, with what to do; one for kinds that want the same."""
        by_advice: dict[str, list[tuple[str, int]]] = {}
        for kind, count in list(self.kinds.items())[:MOST_NAMED]:
            by_advice.setdefault(ADVICE.get(kind, "see page_kind"), []).append((kind, count))
        found = []
        for advice, kinds in by_advice.items():
            (first, count), *others = kinds
            sentence = (
                f"{display.count(count)} of {display.count(self.total)} pages "
                f"{'is' if count == 1 else 'are'} {in_words(first, count)}"
            )
            for other, number in others:
                sentence += f", {display.count(number)} {in_words(other, number)}"
            found.append(f"{sentence}: {advice}")
        if len(self.kinds) > MOST_NAMED:
            left = sum(list(self.kinds.values())[MOST_NAMED:])
            found.append(f"{display.count(left)} more are of other kinds: batch.problems has them")
        return found

    def behind(self, note: str) -> str:
        """A note with what was found behind it, unless it has that already."""
        found = self.in_words()
        if not found or found in note:
            return note
        return f"{note}; {found}" if note else found

    def rows(self, errors: Mapping[str, int]) -> list[tuple[str, str, int, int, str, str]]:
        """For `frames.problems_frame`, the most rows first; errors: failed rows by kind."""
        found = [
            ("error", kind, count, self.total, error_words(kind), ERROR_ADVICE.get(kind, ""))  # type: ignore[call-overload] # a kind of a newer version has none
            for kind, count in errors.items()
        ]
        kinds = {
            kind: self.kinds.get(kind, 0) + self.refused.get(kind, 0)
            for kind in [*self.kinds, *self.refused]
        }
        found += [
            ("page_kind", kind, count, self.total, in_words(kind, count), ADVICE.get(kind, ""))
            for kind, count in kinds.items()
        ]
        found += [
            (
                *("selector", name, self.pages - count, self.pages),
                f"matched on {count:,} of {self.pages:,} pages",
                _SELECTOR_ADVICE,
            )
            for name, count in self.seldom.items()
        ]
        return sorted(found, key=lambda row: (-row[2], row[:2]))


def _quoted(name: str) -> str:
    return repr(display.plain(name, 40))
