"""Two projects on one Redis: a namespace, a record and a worker each, and nothing crosses."""

from __future__ import annotations

import re

import pytest
import redis

import scrapeq as sq
from scrapeq import database
from scrapeq.errors import ConfigError
from scrapeq.project.celery_app import SCRAPE
from scrapeq.project.services import open_services
from scrapeq.settings import load_settings
from scrapeq.testing import LittleWeb

WORKER = (
    "celery -A scrapeq.pipeline.worker worker --queues=scraping --concurrency=1 --loglevel=info"
)
NAMES = ("one", "two")
COMMON = {"SCRAPEQ_CONNECT_TO": "{}", "SCRAPEQ_ALLOW_PRIVATE_ADDRESSES": "true"}
PATIENCE_S = 60
SCRAPE_URL = "scrapeq.pipeline.worker.scrape_url_task"


@pytest.fixture(scope="module")
def projects(launch, tmp_path_factory):
    """The environment variables that differ between the two, with their workers running."""
    variables = {
        name: {"SCRAPEQ_NAMESPACE": name, "SCRAPEQ_HOME": str(tmp_path_factory.mktemp(name))}
        for name in NAMES
    }
    workers = [
        launch(f"{WORKER} --hostname={name}@%h", **COMMON, **variables[name]) for name in NAMES
    ]
    for worker in workers:
        worker.says(" ready.")
    return variables


@pytest.fixture
def queues(projects, environment, monkeypatch):
    for name, value in COMMON.items():
        monkeypatch.setenv(name, value)
    return {name: sq.get_job_queue(load_settings(**projects[name])) for name in NAMES}


@pytest.fixture
def client(redis_server):
    with redis.Redis.from_url(redis_server.url, decode_responses=True) as connected:
        yield connected


def test_two_projects_share_a_redis_and_nothing_crosses(projects, queues, client, run):
    with LittleWeb(hosts=2) as web:
        urls = {name: web.url(f"/article/{number}") for number, name in enumerate(NAMES, 1)}
        for name, queue in queues.items():
            sent = queue.services.app.send_task(SCRAPE_URL, ["the-same-job", urls[name]])
            assert sent.get(timeout=PATIENCE_S)["url"] == urls[name]
        batches = {
            name: sq.scrape(
                [f"{urls[name]}?{row}" for row in range(20)],
                queue=queue,
                name="same",
                main_text="off",
            )
            for name, queue in queues.items()
        }
        for name, batch in batches.items():
            assert batch.wait(PATIENCE_S).df["ok"].all()
            job = queues[name].wait("the-same-job", PATIENCE_S)
            assert job.url == urls[name]
            # each page once, by the one worker of its project
            assert web.hits(f"/article/{NAMES.index(name) + 1}") == 21

    for name in NAMES:
        said = run("celery -A scrapeq.pipeline.worker status", **projects[name])
        assert re.findall(r"(\w+)@\S+: OK", said.stdout) == [name], said.stderr
        assert len(queues[name].services.frontier.coordination.workers()) == 1
    starts = tuple(f"{name}:" for name in NAMES)
    assert [key for key in client.scan_iter("*") if not key.startswith(starts)] == []


def test_events_are_seen_by_their_project(projects, queues, start):
    """The channels of remote control and of events are apart, too."""
    events = start("celery -A scrapeq.pipeline.worker events --dump", **projects["one"])
    events.says("heartbeat", PATIENCE_S)

    for name in reversed(NAMES):
        cleaned = queues[name].services.app.send_task(SCRAPE_URL, [f"job-{name}", "about:blank"])
        cleaned.get(timeout=PATIENCE_S, propagate=False)

    seen = events.says("job-one", PATIENCE_S)
    assert "one@" in seen
    assert "two@" not in seen
    assert "job-two" not in seen


def test_a_message_of_one_is_not_the_others(projects, queues, start, client):
    """A queue that nobody serves in one project is not emptied by the other's workers."""
    queues["one"].services.app.send_task(
        "scrapeq.pipeline.worker.clean_data_task", [{"price": "1"}], queue="cleaning"
    )
    start(
        "celery -A scrapeq.pipeline.worker worker --queues=cleaning --concurrency=1 --loglevel=info "
        "--hostname=cleaner@%h",
        **projects["two"],
    ).says(" ready.")
    queues["two"].services.app.send_task(
        "scrapeq.pipeline.worker.clean_data_task", [{"price": "2"}]
    ).get(timeout=PATIENCE_S)

    assert queues["one"].services.queue_lengths()["cleaning"] == 1
    assert queues["two"].services.queue_lengths()["cleaning"] == 0
    assert client.llen(f"one:celery:{SCRAPE}") == queues["one"].services.queue_lengths()[SCRAPE]


def test_what_one_loses_the_other_keeps(projects, queues, client, eventually):
    with LittleWeb(hosts=2) as web:
        url = web.url("/slow/0.2")
        batches = {
            name: sq.scrape(
                [f"{url}?{name}{row}" for row in range(30)],
                queue=queue,
                max_per_host=2,
                main_text="off",
            )
            for name, queue in queues.items()
        }
        known = {name: database.history.known_redis(queues[name].services.engine) for name in NAMES}
        eventually(lambda: all(one.progress.completed for one in batches.values()))

        for key in client.scan_iter("one:*"):
            client.delete(key)
        for batch in batches.values():
            assert batch.wait(PATIENCE_S).df["ok"].all()

        epochs = {
            name: database.history.known_redis(queues[name].services.engine) for name in NAMES
        }
        assert epochs["two"] == known["two"]
        assert epochs["one"].epoch > known["one"].epoch


def test_a_record_with_open_jobs_is_not_opened_in_another_namespace(projects, queues):
    with LittleWeb(hosts=1) as web:
        batch = sq.scrape([web.url("/slow/600")], queue=queues["one"])
        moved = load_settings(**projects["one"] | {"SCRAPEQ_NAMESPACE": "three"})

        with pytest.raises(ConfigError, match="namespace 'one'") as caught:
            open_services(moved)

        batch.cancel()
        assert "SCRAPEQ_NAMESPACE=one" in caught.value.hint
        assert open_services(moved).frontier.namespace == "three"
