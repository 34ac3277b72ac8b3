"""How the nouns look in a cell or a log: one line, one card, and nothing that strangers planned."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
import sqlalchemy as sa

from scrapeq.cluster import ClusterStatus
from scrapeq.frontier import Frontier, connect
from scrapeq.models import Batch, ErrorKind, Job, JobStatus, Page, Progress, ScrapingConfig
from scrapeq.models.health import SystemHealth, unhealthy
from scrapeq.models.paused_host import PausedHost
from scrapeq.pipeline.job_queue import JobQueue
from scrapeq.pipeline.monitor import JobMonitor
from scrapeq.project.services import Services
from scrapeq.settings import load_settings

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRET = "geheim"
SECRETS = {
    "headers": {"Authorization": SECRET},
    "cookies": {"session": SECRET},
    "proxy": f"http://user:{SECRET}@proxy:1",
}
#: Characters of the longest line and of the longest card that any of them may make.
LONGEST_LINE, LONGEST_CARD = 700, 40_000

EVIL = [
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "{{ 7*7 }}{% raw %}",
    "user\u202egpj.exe\u2066",
    "a\nb\r\nc\x1b[31m\x00\u2028d",
    "\ud800",
    "x" * 100_000,
    "<b>\n" * 25_000,
]


def shown_things(text: str) -> list[object]:
    """One of each noun with a stranger's words wherever it has room for some."""
    config = ScrapingConfig(
        custom_selectors={text or "a": text or "b"},
        user_agent=text if text.isprintable() else None,
        **SECRETS,
    )
    page = Page(
        job_id=text, batch_id=text, row=0, url=text, ok=True, final_url=f"{text}?", title=text,
        text=text, author=text, language=text, fields={text: text, "url": [text] * 9},
        fetched_at=NOON, error_kind=ErrorKind.HTTP_4XX, error_message=text,
    )  # fmt: skip
    job = Job(
        id=text, batch_id=text, row=0, url=text, status=JobStatus.FAILED, created_at=NOON,
        error_kind=ErrorKind.DNS, error_message=text, result=page,
    )  # fmt: skip
    batch = Batch(id=text, name=text, run=2, config=config, total=4, failed=1, created_at=NOON)
    host = PausedHost(
        host=text, state="open", error_kind=text, error_message=text, failures=1, probes=0,
        since=NOON.isoformat(), until=NOON.isoformat(), waiting=1,
    )  # fmt: skip
    health = unhealthy(
        text, text, where=text, database_answers=True, errors={text: 3}, paused_hosts=(host,) * 9
    )
    cluster = ClusterStatus(Path(text.replace("\0", "")), running=True, problem=text)
    return [config, page, job, batch, health, cluster, Progress(total=2, failed=1)]


class Tags(HTMLParser):
    """The elements and attributes of a page, and its text."""

    def __init__(self, html):
        super().__init__()
        self.names, self.attributes, self.text = set(), set(), ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize("text", EVIL, ids=lambda text: ascii(text[:20]))
def test_a_line_is_short_and_plain_whatever_strangers_wrote(text):
    for thing in shown_things(text):
        for line in (repr(thing), str(thing), f"{thing}"):
            assert len(line) <= LONGEST_LINE
            assert not [
                one for one in line if unicodedata.category(one) in {"Cc", "Cf", "Cs", "Zl"}
            ]


@pytest.mark.parametrize("text", EVIL, ids=lambda text: ascii(text[:20]))
def test_a_card_shows_it_as_text(text):
    for thing in shown_things(text):
        html = thing._repr_html_()  # type: ignore[attr-defined] # all of them have it
        seen = Tags(html)

        assert seen.names <= {"div", "span"}
        assert seen.attributes <= {"style", "title", "role", "aria-label"}
        assert "\u202e" not in html
        assert "\x1b" not in html
        assert len(html) <= LONGEST_CARD


def test_secrets_are_in_no_line_and_no_card():
    config = ScrapingConfig(**SECRETS)
    batch = Batch(id="b", config=config, total=1, created_at=NOON)
    job = Job(id="j", batch_id="b", row=0, url=f"https://me:{SECRET}@x.example", created_at=NOON)
    page = Page(
        job_id="j", batch_id="b", row=0, url=job.url, final_url=f"{job.url}/end", ok=True,
    )  # fmt: skip

    for thing in (config, batch, job, page):
        assert SECRET not in repr(thing) + str(thing) + thing._repr_html_()
    assert "Authorization" in repr(config)
    assert "x.example" in job._repr_html_()


def test_a_config_shows_what_is_not_the_default_and_no_more():
    config = ScrapingConfig(max_retries=1, wait_time=0, max_age="12h", extract_links=False)

    assert repr(config) == "ScrapingConfig(max_retries=1, max_age='12h')"
    assert repr(ScrapingConfig()) == "ScrapingConfig()"
    assert eval(repr(config)) == config
    assert repr(ScrapingConfig(max_age=90.5)) == "ScrapingConfig(max_age='90.5s')"
    seen = Tags(config._repr_html_()).text
    assert "max_retries" in seen
    assert "wait_time" not in seen
    assert "all defaults" in ScrapingConfig()._repr_html_()


def test_a_job_says_where_it_is_and_why():
    job = Job(
        id="a-3", batch_id="a", row=3, url="https://x.example/p", status=JobStatus.FAILED,
        attempts=4, error_kind=ErrorKind.HTTP_5XX, error_message="503 four times",
        created_at=NOON, started_at=NOON, finished_at=NOON + timedelta(seconds=5),
    )  # fmt: skip

    assert repr(job) == "<Job a-3 failed (http_5xx) 'https://x.example/p'>"
    seen = Tags(job._repr_html_()).text
    for words in ("https://x.example/p", "row 3", "12:00:05 UTC", "http_5xx: 503 four times"):
        assert words in seen


def test_a_batch_says_how_far_it_is():
    batch = Batch(
        id="f00", name="firms", run=2, config=ScrapingConfig(max_retries=0), total=1000,
        completed=987, failed=12, created_at=NOON,
    )  # fmt: skip

    assert repr(batch) == "<Batch 'firms (run 2)' open, 999 of 1,000 done, 12 failed>"
    seen = Tags(batch._repr_html_()).text
    for words in (
        "firms (run 2)",
        "999 of 1,000 · 99 %",
        "987 completed",
        "1 open",
        "max_retries=0",
    ):
        assert words in seen


def test_a_page_shows_its_fields_also_one_that_is_called_like_a_fact():
    page = Page(
        job_id="j", batch_id="b", row=0, url="https://x.example/", ok=True, http_status=200,
        title="A title", fields={"url": "mine", "tags": ["a", "b"], "price": None},
    )  # fmt: skip

    assert repr(page) == "<Page 200 'https://x.example/' 'A title'>"
    seen = Tags(page._repr_html_()).text
    for words in ("A title", "https://x.example/", "url (selector)", "mine", "2: a, b", "price"):
        assert words in seen


def test_progress_is_never_whole_before_the_end():
    nearly = Progress(total=1000, completed=999, running=1, rate_per_s=2, eta_s=0.5)

    assert "(99 %)" in repr(nearly)
    assert "999 of 1,000 · 99 %" in nearly._repr_html_()
    assert "2.0 pages/s" in nearly._repr_html_()
    assert sum(nearly.counts.values()) == nearly.total


def test_health_leads_with_the_verdict():
    health = SystemHealth(
        verdict="DEGRADED", reasons=("60 % of the last 50 pages failed",), hint="look at errors",
        checked_at=NOON, redis_answers=True, database_answers=True, workers=2, running=3,
        open_jobs=3, window_s=900, finished=50, success_rate=40.0, p50_s=0.5, p95_s=2.25,
        errors={"http_4xx": 30},
    )  # fmt: skip

    assert repr(health) == (
        "<SystemHealth DEGRADED: 60 % of the last 50 pages failed (2 workers, 3 open jobs)>"
    )
    seen = Tags(health._repr_html_()).text
    for words in ("DEGRADED", "3 running", "40 % of them good", "95 % up to 2.2 s", "30 not found"):
        assert words in seen
    assert not health.is_healthy


def test_a_cluster_that_does_not_run_is_grey():
    status = ClusterStatus(Path("/somewhere"))

    assert repr(status) == "<ClusterStatus nothing runs in '/somewhere'>"
    assert "grayscale" in status._repr_html_()
    assert "scrapeq up" in status._repr_html_()


def test_a_running_cluster_says_what_runs():
    status = ClusterStatus(
        Path("/somewhere"), running=True, owners=1, uptime_s=61, redis_version="Valkey 9.1.0",
        redis_memory_bytes=2_500_000, worker_count=2, worker_restarts=1, problem="it keeps dying",
    )  # fmt: skip

    assert "Valkey 9.1.0, 2 worker processes, up for 1 min 01 s" in repr(status)
    seen = Tags(status._repr_html_()).text
    for words in ("2 worker processes", "2.5 MB", "workers 1", "it keeps dying"):
        assert words in seen


def test_where_the_record_is_holds_no_password():
    url = f"postgresql+psycopg://me:{SECRET}@127.0.0.1:9/pages?password={SECRET}"
    nowhere = Frontier(connect("unix:///no/such/socket"))
    services = Services(load_settings(), sa.create_engine(url), nowhere, f"redis://:{SECRET}@r")
    queue = JobQueue(services)

    assert SECRET not in repr(queue) + queue._repr_html_() + repr(JobMonitor(queue))
    assert SECRET not in repr(services)
    assert "pages on 127.0.0.1" in queue._repr_html_()
    assert "the record does not answer" in queue._repr_html_()
