"""Cells that run at the same moment, and looking where nothing runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

import scrapeq as sq
from scrapeq.client.handle import BatchHandle
from scrapeq.errors import ConfigError, NameTakenWarning
from scrapeq.models import ErrorKind, Fetched
from scrapeq.pipeline.job_queue import JobQueue
from scrapeq.project.services import looking_services
from scrapeq.settings import load_settings
from scrapeq.work.attempt import unwritable


def test_three_cells_with_one_name_make_one_batch(scrape, web, asked):
    urls = [web.url(f"/article/{row}?same", host=row % 8) for row in range(40)]

    with ThreadPoolExecutor(3) as cells:
        handles = list(cells.map(lambda _: scrape(urls, name="at-once"), range(3)))
    handles[0].wait(180)

    assert len({handle.id for handle in handles}) == 1
    assert len(asked()) == 40


#: A kernel that is stopped, or ends, inside scrape(name=...), when it has looked for the name.
KERNEL = """
import importlib, os, signal, sys
import scrapeq as sq
scraping = importlib.import_module("scrapeq.client.scrape")

look = scraping._newest_run
def look_and_stop(queue, name):
    found = look(queue, name)
    scraping._newest_run = look
    print("inside", flush=True)
    os.kill(os.getpid(), getattr(signal, sys.argv[1]))
    return found
scraping._newest_run = look_and_stop
batch = sq.scrape(sys.argv[3:], name=sys.argv[2], main_text="off", retry_backoff_s=0.05)
print(batch.id, flush=True)
"""


@pytest.fixture
def kernel_inside(cluster):
    """`kernel_inside(signal, name, urls)`: another kernel that got this signal inside its scrape()."""
    begun = []

    def begin(signal_name, name, urls):
        environment = {
            **os.environ,
            "SCRAPEQ_HOME": str(cluster.settings.home),
            "SCRAPEQ_ALLOW_PRIVATE_ADDRESSES": "true",
        }
        command = [sys.executable, "-c", KERNEL, signal_name, name, *urls]
        kernel = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        begun.append(kernel)
        assert kernel.stdout.readline() == "inside\n"
        return kernel

    yield begin
    for kernel in begun:
        kernel.kill()
        kernel.wait()
        kernel.stdout.close()


def test_a_submitter_that_stood_still_makes_no_second_run(kernel_inside, scrape, web, queue):
    urls = [web.url(f"/article/{row}?frozen", host=row) for row in range(4)]
    frozen = kernel_inside("SIGSTOP", "frozen", urls)

    with pytest.warns(NameTakenWarning, match=r"another kernel that submits 'frozen', since \d s"):
        batch = scrape(urls, name="frozen", main_text="off")
    frozen.send_signal(signal.SIGCONT)

    assert frozen.stdout.readline() == f"{batch.id}\n"
    assert [one.run for one in queue.list_batches() if one.name == "frozen"] == [1]


def test_a_kernel_that_was_killed_holds_no_name(kernel_inside, scrape, web):
    urls = [web.url("/article/1?killed")]
    kernel_inside("SIGKILL", "killed", urls).wait()

    with pytest.warns(NameTakenWarning, match="another kernel that submits 'killed'"):
        batch = scrape(urls, name="killed")
    assert batch.batch.run == 1
    batch.wait(180)


def test_refresh_joins_a_run_that_is_still_open(scrape, web, asked):
    urls = [web.url(path) for path in ("/slow/4", "/article/1?fresh", "/article/2?fresh")]
    # One at a time takes 4 s: long enough that it is open when it is paused.
    first = scrape(urls, name="fresh", refresh=True, max_per_host=1).pause()

    again = scrape(urls, name="fresh", refresh=True, max_per_host=1)
    again.resume().wait(180)

    assert again.id == first.id
    assert len(asked()) == 3
    third = scrape(urls, name="fresh", refresh=True, max_per_host=1).wait(180)
    assert third.id != first.id
    assert third.note == "run 2 of 'fresh'"
    assert len(asked()) == 6


def test_what_was_scraped_can_be_looked_at_where_no_redis_runs(cluster, scrape, web, tmp_path):
    settings = cluster.settings
    batch = scrape([web.url("/article/1?look")], name="to-look-at").wait(180)
    somewhere = settings.model_copy(update={"home": tmp_path / "home"})
    (tmp_path / "home").mkdir()
    copy = somewhere.database_path
    copy.write_bytes(settings.database_path.read_bytes())
    for end in ("-wal", "-shm"):
        source = settings.database_path.with_name(settings.database_path.name + end)
        if source.exists():
            copy.with_name(copy.name + end).write_bytes(source.read_bytes())

    queue = JobQueue(looking_services(somewhere))

    assert next(one.name for one in queue.list_batches()) == "to-look-at"
    frame = BatchHandle(queue, batch.id).df
    assert frame["ok"].all()
    assert BatchHandle(queue, batch.id).progress.is_done


def test_a_folder_that_cannot_be_made_says_which_variable_to_set(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("SCRAPEQ_HOME", str(tmp_path / "file" / "home"))

    with pytest.raises(ConfigError, match="set SCRAPEQ_HOME to a folder that you may write to"):
        sq.get_job_queue(load_settings())


def test_what_cannot_be_written_becomes_a_row_that_says_so(queue):
    from scrapeq import database

    page = Fetched(job_id="j", batch_id="b", row=3, url="u", ok=True, attempts=2)
    result = database.Result(
        page, token=7, url_key="k", recipe="r", started_ms=1, content={"title": "x"}, html=b"<p>"
    )

    row = unwritable(result)

    assert (row.page.ok, row.page.error_kind, row.html) == (False, ErrorKind.INTERNAL, None)
    assert row.content == {}
    assert (row.page.job_id, row.page.row, row.page.attempts, row.token) == ("j", 3, 2, 7)
