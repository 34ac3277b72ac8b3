"""The catalogue of the hostile web through `sq.scrape`, beside 1,000 good pages.

Real workers, a private Redis, a record of its own: every case is a row of the right kind, and the
pages beside it do not notice. tests/integration/fetch/test_catalogue.py has what each costs, and
the other transport.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pytest

import scrapeq as sq
from scrapeq.settings import load_settings
from scrapeq.testing import CATALOGUE, Case, HostileWeb, LittleWeb
from scrapeq.testing.hostile.trial import ALONE

GOOD_PAGES = 1_000
#: Of the pages that are much to read, which all are read in test_catalogue.py, as these are here: one
#: that is deep, and one that is long.
MUCH = ("html-deepinline", "html-entities")
#: A machine that is busy takes longer; a batch that hangs fails.
PATIENCE_S = 900


def chosen(cases: Iterable[Case]) -> list[Case]:
    """All but most of those that are much to read."""
    usual_mb = Case("body-usual", "", "ok").parser_mb
    return [case for case in cases if case.parser_mb <= usual_mb or case.name in MUCH]


def by_options(cases: Iterable[Case]) -> list[list[Case]]:
    """The cases that can be rows of one batch, because they are visited with the same options."""
    groups: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        groups[json.dumps(dict(case.options), sort_keys=True)].append(case)
    return list(groups.values())


def test_every_case_is_a_row_and_no_good_page_suffers(
    tmp_path: Path, tmp_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slow: 1,500 pages, one of them made to take 10 seconds of CPU."""
    with HostileWeb() as hostile, LittleWeb(hosts=8) as good:
        trust = tmp_path / "authority.pem"
        trust.write_text(hostile.ca_pem)
        monkeypatch.setenv("SSL_CERT_FILE", str(trust))
        settings = load_settings(
            SCRAPEQ_HOME=tmp_home,
            SCRAPEQ_ALLOW_PRIVATE_ADDRESSES=True,
            SCRAPEQ_CONNECT_TO=hostile.connect_to,
        )
        pages = good.urls(GOOD_PAGES)
        groups = by_options(chosen(hostile.cases))
        with sq.LocalCluster(workers=2, home=tmp_home, settings=settings):
            beside = sq.scrape([page["url"] for page in pages], settings=settings, main_text="off")
            batches = [
                sq.scrape(
                    [hostile.url(case) for case in group],
                    settings=settings,
                    **{**ALONE, **group[0].options},
                )
                for group in groups
            ]
            frames = [batch.wait(PATIENCE_S).df for batch in batches]
            found = beside.wait(PATIENCE_S).df

    wrong = []
    rows = 0
    for group, frame in zip(groups, frames, strict=True):
        assert len(frame) == len(group)
        assert frame["ok"].notna().all(), "every row is final"
        for case, row in zip(group, frame.to_dict("records"), strict=True):
            rows += 1
            kind = None if row["ok"] else row["error_kind"]
            wrong.append(case.wrong(kind, row["title"], row["text"]))
    assert [one for one in wrong if one] == []
    assert rows == len(chosen(CATALOGUE)) > 500
    assert len(found) == GOOD_PAGES
    assert found["ok"].all(), found.loc[~found["ok"], "error_message"].unique()
