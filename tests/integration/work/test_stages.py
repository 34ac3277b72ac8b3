"""A second stage beside reading and cleaning: one that adds, fails, raises, or takes too long."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from scrapeq.fetch import Response
from scrapeq.models import Content, ErrorKind, Failure, ScrapingConfig
from scrapeq.work.child_stages import CLEAN, READ, ChildStage
from scrapeq.work.readers import Readers
from scrapeq.work.stages import FetchedPage, Stages

#: Stages of the reading child, which finds them by their names.
MODULE = """
from dataclasses import replace
from scrapeq.models import ErrorKind, Failure

def count_words(source, content):
    words = len((content.title or "").split())
    return replace(content, fields={**content.fields, "words": words})

def refuse(source, content):
    return Failure(ErrorKind.EMPTY, "there is nothing to count")

def spin(source, content):
    while True:
        pass

def stumble(source, content):
    return {}["missing"]
"""


@dataclass
class Loop:
    """A stage that waits for something, on the worker's loop."""

    does: str
    name: str = "ask a model"
    kind: ErrorKind = ErrorKind.AI
    limit_s: float = 0.05

    async def run(self, page: FetchedPage) -> Content | Failure:
        if self.does == "fail":
            return Failure(ErrorKind.AI, "the model said no")
        if self.does == "wait":
            await asyncio.Event().wait()
        if self.does == "raise":
            raise KeyError(self.does)
        assert page.content
        return replace(page.content, fields={**page.content.fields, "mood": "good"})


@pytest.fixture
def child_stage(tmp_path, monkeypatch):
    """`child_stage(function)`: a stage of the module above, where the child finds it."""
    (tmp_path / "stages_of_a_test.py").write_text(MODULE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")

    def make(function: str, cpu_s: float = 5.0) -> ChildStage:
        return ChildStage(
            function, ErrorKind.AI, "counting words", cpu_s, f"stages_of_a_test:{function}"
        )

    return make


def run(*stages):
    """What the stages make of one page."""
    url = "https://example.com/"
    response = Response(
        url=url,
        final_url=url,
        http_status=200,
        headers=(),
        content_type="text/html",
        body=b"<title> Two   words </title><p>and a text",
        redirects=(),
        fetched_at=datetime.now(UTC),
        elapsed_s=0.1,
    )
    config = ScrapingConfig(main_text="off")

    async def run_all() -> Content | Failure:
        readers = Readers(1)
        try:
            return await Stages(readers, stages).run(response, config, config.recipe)
        finally:
            await readers.close()

    return asyncio.run(run_all())


def test_stages_add_to_what_those_before_them_found(child_stage):
    found = run(READ, CLEAN, child_stage("count_words"), Loop("add"))

    assert found.title == "Two words"
    assert found.fields == {"words": 2, "mood": "good"}


def test_a_stage_of_the_child_follows_one_of_the_loop(child_stage):
    found = run(READ, CLEAN, Loop("add"), child_stage("count_words"))

    assert found.fields == {"words": 2, "mood": "good"}


def test_a_failure_ends_the_page_with_the_kind_that_the_stage_names(child_stage):
    assert run(READ, child_stage("refuse"), Loop("raise")).kind is ErrorKind.EMPTY
    assert run(READ, CLEAN, Loop("fail")).message == "the model said no"


def test_a_stage_of_the_child_that_takes_too_much_has_its_own_kind_and_bound(child_stage):
    failure = run(READ, CLEAN, child_stage("spin", cpu_s=0.1))

    assert failure.kind is ErrorKind.AI
    assert failure.message == "counting words took too much time or memory"


def test_a_stage_of_the_loop_that_takes_too_long_has_its_own_kind_and_bound():
    failure = run(READ, CLEAN, Loop("wait"))

    assert failure.kind is ErrorKind.AI
    assert failure.message == "ask a model took longer than 0.05 s"


def test_an_error_within_a_stage_of_the_child_is_ours(child_stage):
    failure = run(READ, CLEAN, child_stage("stumble"))

    assert failure.kind is ErrorKind.INTERNAL
    assert "KeyError" in failure.message


def test_an_error_within_a_stage_of_the_loop_is_left_to_the_rim():
    with pytest.raises(KeyError):
        run(READ, CLEAN, Loop("raise"))
