"""Everything through Sentinels: rows, wake-ups, Celery's tasks, the doctor; and the primary is killed meanwhile."""

from __future__ import annotations

import pytest

import scrapeq as sq
from scrapeq.settings import load_settings
from scrapeq.testing import LittleWeb
from tests.redis_server import check_redis_program
from tests.sentinels import watched_redis

WORKER = "celery -A scrapeq.pipeline.worker worker --loglevel=info --concurrency=2"
PATIENCE_S = 180


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory, needs_service):
    """In place of a single Redis: the guide's three variables name the Sentinels."""
    check_redis_program(needs_service)
    with watched_redis(tmp_path_factory.mktemp("sentinels")) as watched:
        yield watched


def test_a_batch_outlives_its_primary(redis_server, start, run, eventually, monkeypatch):
    for name, value in {"SCRAPEQ_CONNECT_TO": "{}", "SCRAPEQ_ALLOW_PRIVATE_ADDRESSES": "1"}.items():
        monkeypatch.setenv(name, value)
    worker = start(WORKER, SCRAPEQ_CONNECT_TO="{}", SCRAPEQ_ALLOW_PRIVATE_ADDRESSES="1")
    worker.says(" ready.")
    queue = sq.get_job_queue(load_settings())
    with LittleWeb(hosts=4) as web:
        urls = [web.url(f"/slow/0.2?row={row}", host=row % 4) for row in range(200)]
        batch = sq.scrape(urls, queue=queue, max_per_host=4, delay_between_requests=0)
        pages = batch.as_completed(timeout=PATIENCE_S)
        for _ in range(20):
            next(pages)

        redis_server.kill(redis_server.watchers[0])
        redis_server.kill_primary()

        assert len(batch.wait(PATIENCE_S).pages()) == 200
        assert batch.df["ok"].all()
        assert batch.df["url"].tolist() == urls
        assert web.hits("/slow/0.2") <= 200 + 16  # what was open then is fetched again

        # the new primary knows them
        eventually(queue.services.frontier.coordination.workers, PATIENCE_S)
        after = sq.scrape([web.url("/article/1")], queue=queue).wait(PATIENCE_S)
        assert after.df["ok"].all()

        found = run("scrapeq doctor")
        assert "through Sentinels" in found.stdout
        assert "2 of 3 answer" in found.stdout

        def stats():  # while the worker makes its connections anew, it answers nobody
            shown = run("celery -A scrapeq.pipeline.worker inspect stats --timeout 5")
            return shown if "sentinel" in shown.stdout else None

        shown = eventually(stats, PATIENCE_S)
        clean = "scrapeq.pipeline.worker.clean_data_task"
        assert queue.services.app.send_task(clean, [{"title": " A  title "}]).get(PATIENCE_S)
    for text in (worker.said, found.stdout, found.stderr, shown.stdout):
        assert "s3cret" not in text
