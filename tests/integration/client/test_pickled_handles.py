"""A handle that is copied or pickled: it is its id and its project."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path

import pytest

import scrapeq as sq
from scrapeq.errors import ConfigError, NotFound

#: Unpickles what it reads, and says how many rows are good.
OTHER = "import pickle, sys; print(pickle.load(sys.stdin.buffer).df['ok'].sum())"


@pytest.fixture
def batch(web, scrape) -> sq.BatchHandle:
    handle: sq.BatchHandle = scrape([web.url("/article/1?pickled")]).wait(180)
    return handle


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))]
)
def test_a_copy_is_the_same_batch(batch, copied: Callable[[sq.BatchHandle], sq.BatchHandle]):
    again = copied(batch)

    assert (again.id, again.note) == (batch.id, batch.note)
    assert again.df.equals(batch.df)


def test_another_process_of_the_same_home_goes_on_with_it(batch):
    done = subprocess.run(
        [sys.executable, "-c", OTHER],
        input=pickle.dumps(batch),
        capture_output=True,
        check=True,
        cwd="/",
    )

    assert done.stdout.strip() == b"1"


def _good(batch: sq.BatchHandle) -> int:
    return int(batch.df["ok"].sum())


def test_a_fork_goes_on_with_it(batch):
    with get_context("fork").Pool(1) as others:
        assert others.map(_good, [batch, batch]) == [1, 1]
    assert _good(batch) == 1


def test_where_its_home_is_not_it_says_so(batch, tmp_path: Path):
    make, (batch_id, note, _, named_by) = batch.__reduce__()

    with pytest.raises(NotFound, match=r"pickled batch .* is in the folder .*, which is not here"):
        make(batch_id, note, tmp_path / "gone", named_by)


def test_of_another_record_it_says_that_it_is_not_there(batch, tmp_path: Path):
    make, (_, note, home, named_by) = batch.__reduce__()

    with pytest.raises(NotFound, match="there is no batch 'another'"):
        make("another", note, home, named_by)


def test_of_a_shared_redis_it_says_what_to_set(batch):
    make, (batch_id, note, home, _) = batch.__reduce__()

    with pytest.raises(ConfigError, match="set REDIS_URL"):
        make(batch_id, note, home, "REDIS_URL")
