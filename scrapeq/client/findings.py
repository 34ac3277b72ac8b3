"""What a batch found that needs a look, though its rows count as good: useless pages, pages that
needed a browser and had none, and selectors that matched next to nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import sqlalchemy as sa

from scrapeq import database, display
from scrapeq.client.card import with_findings
from scrapeq.models import Batch, PageKind
from scrapeq.models.error_words import ADVICE as ERROR_ADVICE
from scrapeq.models.error_words import error_words
from scrapeq.models.page_kind import ADVICE, in_words

#: A selector is named that matched on less than this share of the pages; while a batch runs, once so
#: many pages were read.
SELDOM, ENOUGH_PAGES = 0.1, 20
#: Kinds of pages, and selectors, that a sentence names.
MOST_NAMED = 3
#: Kinds of which a browser makes another page.
_SCRIPTED = frozenset({PageKind.SCRIPT_SHELL, PageKind.REDIRECT_STUB})
_BROWSER_ADVICE = (
    'install one where the workers run (pip install "scrapeq[browser]"; `scrapeq doctor` says what else), '
    "then scrape again with refresh=True"
)
_AI_ADVICE = (
    "batch.violations says why; batch.reread() with a larger ai_budget, or when the endpoint is well, asks "
    "for these alone, and sends no request to their hosts"
)
_SELECTOR_ADVICE = (
    'batch.try_selector("...") says what the pages have instead; '
    'what a script draws needs render="always"'
)


@dataclass(frozen=True, slots=True)
class Findings:
    """kinds: good rows by the kind of page, where it is of no use. refused: rows that failed for it.
    lacked: rows whose page needed a browser and had none. pages: those that were read with selectors.
    seldom: on how many of them each selector matched that matched on less than a tenth. without_ai: rows
    whose fields the language model did not fill, because it gave no answer."""

    total: int
    kinds: Mapping[str, int] = field(default_factory=dict)
    refused: Mapping[str, int] = field(default_factory=dict)
    lacked: int = 0
    pages: int = 0
    seldom: Mapping[str, int] = field(default_factory=dict)
    without_ai: int = 0

    @classmethod
    def of(cls, engine: sa.Engine, batch: Batch) -> Self:
        """What there is now; three looks into indexes and a row, whatever the size of the batch."""
        if not batch.done:
            return cls(batch.total)
        counts = database.jobs.page_kinds(engine, batch.id)
        pages, matches = 0, dict[str, int]()
        if batch.config.recipe.asked:
            pages, matches = database.batches.selector_matches(engine, batch)
        asked = batch.config.recipe.asked
        by_model = {name for name, one in asked.items() if getattr(one, "by_model", None)}
        without_ai = database.page_rows.without_ai(engine, batch) if by_model else 0
        enough = pages >= ENOUGH_PAGES or (batch.is_complete and pages)
        return cls(
            batch.total,
            {kind: count for (kind, ok), count in counts.items() if ok},
            {kind: count for (kind, ok), count in counts.items() if not ok},
            database.jobs.without_browser(engine, batch.id),
            pages,
            {
                name: n
                for name, n in matches.items()
                if enough and n < SELDOM * pages and name not in by_model
            },
            without_ai,
        )

    def in_words(self) -> str:
        """Sentences for a card and a note; "" where there is nothing to say."""
        parts = self._useless()
        if self.lacked:
            who = f"{display.count(self.lacked)} of {display.count(self.total)} pages"
            need = "needs a browser and has" if self.lacked == 1 else "need a browser and have"
            parts.insert(0, f"{who} {need} none: {_BROWSER_ADVICE}")
        if self.without_ai:
            who = f"{display.count(self.without_ai)} of {display.count(self.total)} pages"
            have = "has" if self.without_ai == 1 else "have"
            parts.append(f"{who} {have} nothing of the language model: {_AI_ADVICE}")
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
        """A sentence for each of the commonest kinds, with what to do; one for kinds that want the same.

        Where there was no browser, that is what is wrong with pages that a script makes.
        """
        by_advice: dict[str, list[tuple[str, int]]] = {}
        explained = _SCRIPTED if self.lacked else frozenset()
        kinds_left = {kind: count for kind, count in self.kinds.items() if kind not in explained}
        for kind, count in list(kinds_left.items())[:MOST_NAMED]:
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
        if len(kinds_left) > MOST_NAMED:
            left = sum(list(kinds_left.values())[MOST_NAMED:])
            found.append(f"{display.count(left)} more are of other kinds: batch.problems has them")
        return found

    def behind(self, note: str) -> str:
        """A note with what was found behind it, unless it has that already."""
        return with_findings(note, self.in_words())

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
        if self.lacked:
            message = "needed a browser and had none"
            found.append(("browser", "missing", self.lacked, self.total, message, _BROWSER_ADVICE))
        if self.without_ai:
            message = "the language model gave no answer"
            found.append(("ai", "no answer", self.without_ai, self.total, message, _AI_ADVICE))
        found += [
            (
                *("selector", name, self.pages - count, self.pages),
                f"matched on {count:,} of {display.counted(self.pages, 'page', 'pages')}",
                _SELECTOR_ADVICE,
            )
            for name, count in self.seldom.items()
        ]
        return sorted(found, key=lambda row: (-row[2], row[:2]))


def _quoted(name: str) -> str:
    return repr(display.plain(name, 40))
