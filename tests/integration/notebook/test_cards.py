"""What a cell shows of each object: a card where there is HTML, a line where there is none."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module")
def shown(kernel, web):
    """`shown(expression)`: what a cell shows of it, in a kernel that has scraped two pages."""
    kernel.run(
        "import scrapeq as sq\nqueue = sq.get_job_queue()\n"
        f"batch = sq.scrape([{web.url('/article/1')!r}, {web.url('/status/404')!r}], name='two',"
        " delay_between_requests=0).wait(180)"
    )
    return kernel.run


@pytest.mark.parametrize(
    ("expression", "line", "words"),
    [
        ("batch.batch", "<Batch 'two' finished, 2 of 2 done, 1 failed>", "1 completed"),
        ("batch.progress", "<Progress 2 of 2 (100 %)", "1 succeeded, 1 failed"),
        ("batch.pages()[0]", "<Page 200 ", "fetched"),
        ("queue.get_job_status(f'{batch.id}-1')", "failed (http_4xx)", "row 1 of batch"),
        ("batch.batch.config", "ScrapingConfig(delay_between_requests=0", "at their defaults"),
        ("queue", "<JobQueue on a private Redis", " failed"),  # those of the other tests, too
        ("sq.get_job_monitor()", "<JobMonitor of <JobQueue", "health of"),
        ("sq.health()", "<SystemHealth HEALTHY", "last 15 min"),
        ("sq.LocalCluster(workers=1)", "<LocalCluster 1 worker", "1 worker process"),
    ],
)
def test_an_object_is_a_card_and_a_line(shown, expression, line, words):
    ran = shown(expression)

    assert ran.status == "ok", ran.traceback
    (bundle,) = ran.bundles
    assert line in bundle["text/plain"]
    assert "\n" not in bundle["text/plain"]
    assert words in bundle["text/html"]


def test_a_batch_that_is_gone_is_a_card_that_says_so(shown):
    ran = shown("sq.BatchHandle(queue, 'never-was')")

    assert (ran.status, ran.traceback, ran.printed) == ("ok", "", "")
    assert "there is no batch" in ran.html
    assert "there is no batch" in ran.text


@pytest.fixture
def no_cluster(shown, web):
    """The cluster has been ended; afterwards there is one again that works."""
    shown("from scrapeq import cluster; cluster.down(queue.services.settings.home)")
    yield
    shown(f"sq.scrape([{web.url('/article/2')!r}], delay_between_requests=0).wait(180)")


@pytest.mark.usefixtures("no_cluster")
def test_without_a_cluster_nothing_raises(shown):
    for expression in ("queue", "sq.health()", "batch", "batch.progress"):
        ran = shown(expression)
        assert (ran.status, ran.traceback, ran.printed) == ("ok", "", "")
    assert "nothing runs" in shown("sq.health()").html
    assert "nothing runs" in shown("%health").text


def test_while_the_record_is_away_a_card_says_so(shown):
    ran = shown(
        "from dataclasses import replace\nimport sqlalchemy as sa\n"
        "from scrapeq.pipeline.job_queue import JobQueue\n"
        "nowhere = sa.create_engine('postgresql+psycopg://127.0.0.1:9/pages')\n"
        "away = JobQueue(replace(queue.services, engine=nowhere))\n"
        "sq.BatchHandle(away, 'some-batch')"
    )

    assert (ran.status, ran.traceback, ran.printed) == ("ok", "", "")
    assert len(ran.bundles) == 1
    for said in (ran.html, ran.text, shown("away").html, shown("sq.health(queue=away)").html):
        assert "the database cannot be read" in said


def test_a_batch_that_failed_keeps_its_button_and_obeys_it(shown, web):
    ran = shown(
        "from scrapeq.notebook import live\nfrom scrapeq.notebook.live import LiveCard\n"
        f"bad = sq.scrape([{web.url('/status/503')!r}], name='bad', delay_between_requests=0,"
        " max_retries=0).wait(180)\n"
        "card = LiveCard(bad)\n"
        "stays = card.repaint()\n"
        "offered = 'retry_failed' in card._widget.html\n"
        "card._pressed(None, {'action': 'retry_failed'}, None)\n"
        "card.repaint()\n"
        "again = bad.note\n"
        "bad.wait(180)\n"
        "live.LINGER_S = 0\n"
        "ends = card.repaint()\n"
        "print(stays, offered, again, ends)"
    )

    assert (ran.status, ran.traceback) == ("ok", "")
    assert "True True 1 row is tried again False" in ran.printed


SERVE = """
import socket, threading, uvicorn
from scrapeq.api.app import make_app
from scrapeq.api.people import OneToken
from scrapeq.client import Client
from scrapeq.dashboards import Dashboard
from scrapeq.notebook import live
from scrapeq.notebook.live import LiveCard
live.LINGER_S = 600.0
app = make_app(Dashboard(queue=sq.get_job_queue()), OneToken("token", "me"))
listener = socket.create_server(("127.0.0.1", 0))
server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True).start()
client = Client(f"http://127.0.0.1:{listener.getsockname()[1]}", "token")
"""


def test_a_batch_of_a_server_is_a_live_card_whose_buttons_work(shown, web):
    ran = shown(
        SERVE + f"far = client.scrape([{web.url('/status/503?far')!r}], delay_between_requests=0,"
        " max_retries=0).wait(180)\n"
        "card = LiveCard(far)\n"
        "stays = card.repaint()\n"
        "card._pressed(None, {'action': 'retry_failed'}, None)\n"
        "card.repaint()\n"
        "print(stays, far.note)"
    )
    assert (ran.status, ran.traceback) == ("ok", "")
    assert "True 1 row is tried again" in ran.printed

    live = shown("far")
    assert "application/vnd.jupyter.widget-view+json" in live.bundles[0]
    assert "data-action" not in live.html
    ended = shown("client.close()\nserver.should_exit = True")
    assert ended.status == "ok"
