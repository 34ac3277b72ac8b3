"""What needs a look, in sentences and as rows."""

from __future__ import annotations

import pytest

from scrapeq import frames
from scrapeq.client.findings import Findings
from scrapeq.models import PageKind
from scrapeq.models.page_kind import ADVICE, in_words


@pytest.mark.parametrize(
    ("findings", "words"),
    [
        (Findings(500), ""),
        (
            Findings(500, {"login": 12}),
            "12 of 500 pages are log-in forms: give the cookies of a session: cookies={...}",
        ),
        (
            Findings(90, {"login": 9, "script_shell": 4, "redirect_stub": 2, "parked": 1}),
            "9 of 90 pages are log-in forms: give the cookies of a session: cookies={...}. 4 of 90 "
            "pages are empty shells for scripts, 2 stubs that only lead on: they need a browser: "
            "`scrapeq doctor` says how to get one. 1 more are of other kinds: batch.problems has them",
        ),
        (
            Findings(9, {"parked": 2}, pages=9, seldom={"price": 0}),
            "2 of 9 pages are domains without a site: check the addresses; these sites are gone. The "
            "selector 'price' matched on 0 of 9 pages: check it against a page, or try "
            'render="always" if a script draws what it selects',
        ),
        (
            Findings(3, {"parked": 1}),
            "1 of 3 pages is a domain without a site: check the addresses; these sites are gone",
        ),
        (
            Findings(90, {"script_shell": 4, "login": 3, "redirect_stub": 2}, lacked=7),
            "7 of 90 pages need a browser and have none: install one where the workers run (pip install "
            '"scrapeq[browser]"; `scrapeq doctor` says what else), then scrape again with refresh=True. '
            "3 of 90 pages are log-in forms: give the cookies of a session: "
            "cookies={...}",
        ),
        (Findings(3, {"of_tomorrow": 2}), "2 of 3 pages are of tomorrow: see page_kind"),
        (
            Findings(9, pages=9, seldom={"price": 0}),
            "the selector 'price' matched on 0 of 9 pages: check it against a page, or try "
            'render="always" if a script draws what it selects',
        ),
        (
            Findings(99, pages=90, seldom={"a": 0, "b": 8, "c": 1, "d": 2}),
            "the selectors 'a' (0), 'b' (8), 'c' (1) and 1 more matched on few of 90 pages: check "
            'them against a page, or try render="always" if a script draws what they select',
        ),
    ],
)
def test_sentences(findings: Findings, words: str) -> None:
    assert findings.in_words() == words


def test_every_kind_has_words_and_advice() -> None:
    for kind in set(PageKind) - {PageKind.PAGE}:
        assert in_words(kind, 1) != in_words(kind, 2)
        assert ADVICE[kind]


def test_rows_are_a_table_with_the_most_first() -> None:
    kinds, refused = {"login": 2}, {"login": 1, "parked": 1}
    findings = Findings(10, kinds, refused, lacked=2, pages=5, seldom={"price": 0})
    table = frames.problems_frame(findings.rows({"dns": 4, "of_tomorrow": 1}))

    names = ["price", "dns", "login", "missing", "of_tomorrow", "parked"]
    assert table["name"].tolist() == names
    assert table["rows"].tolist() == [5, 4, 3, 2, 1, 1]
    assert table["share"].tolist() == [1.0, 0.4, 0.3, 0.2, 0.1, 0.1]
    assert table["problem"].astype(str).tolist()[:3] == ["selector", "error", "page_kind"]
    empty = frames.problems_frame(Findings(1).rows({}))
    assert empty.dtypes.astype(str).to_dict() == table.dtypes.astype(str).to_dict()
