"""Workers of two versions on one Redis and one record: each is a copy of the package of its own."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import scrapeq as sq
from scrapeq.database.schema import VERSION
from scrapeq.settings import load_settings
from scrapeq.testing import LittleWeb

WORKER = "celery -A scrapeq.pipeline.worker worker --loglevel=info --concurrency=1"
PACKAGE = Path(sq.__file__).parent
OTHER = "99.0.0"
PATIENCE_S = 180
#: What the next version does to the tables: what most steps do.
STEP = """

def _of_tomorrow(connection):
    connection.exec_driver_sql("CREATE TABLE of_tomorrow (id TEXT)")
    connection.exec_driver_sql("ALTER TABLE jobs ADD COLUMN of_tomorrow TEXT")


MIGRATIONS = {**MIGRATIONS, VERSION: _of_tomorrow}
VERSION += 1
"""


@pytest.fixture
def installed(tmp_path: Path) -> Callable[..., str]:
    """`installed(step="")`: the PYTHONPATH of another version, whose tables take one step more."""

    def install(step: str = "") -> str:
        folder = tmp_path / "other"
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(PACKAGE, folder / "scrapeq", ignore=ignored)
        about = folder / f"scrapeq-{OTHER}.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: scrapeq\nVersion: {OTHER}\n")
        with (folder / "scrapeq" / "database" / "schema.py").open("a") as schema:
            schema.write(step)
        return str(folder)

    return install


@pytest.fixture
def workers(start, postgres_url, tmp_path, monkeypatch):
    """`workers("old")`, `workers("new", PYTHONPATH=...)`: one that is ready, of a home of its own."""
    shared = {
        "SCRAPEQ_DATABASE_URL": postgres_url,
        "SCRAPEQ_CONNECT_TO": "{}",
        "SCRAPEQ_ALLOW_PRIVATE_ADDRESSES": "true",
    }
    for name, value in shared.items():
        monkeypatch.setenv(name, value)

    def begin(name, **more):
        home = str(tmp_path / name)
        worker = start(f"{WORKER} -n {name}@%h", SCRAPEQ_HOME=home, **shared, **more)
        worker.says(" ready.")
        return worker

    return begin


def test_old_and_new_workers_share_the_work(workers, installed, run, eventually):
    path = installed()
    workers("here")
    workers("other", PYTHONPATH=path)
    queue = sq.get_job_queue(load_settings())
    eventually(lambda: len(queue.services.frontier.coordination.workers()) == 2)
    with LittleWeb(hosts=4) as web:
        urls = [web.url(f"/slow/0.2?row={row}", host=row % 4) for row in range(80)]
        batch = sq.scrape(urls, queue=queue, max_per_host=4, delay_between_requests=0)

        assert batch.wait(PATIENCE_S).df["ok"].all()
        assert len(batch.pages()) == 80
        assert web.hits("/slow/0.2") <= 80 + 16  # a busy machine may lose a lease

    found = run(
        "scrapeq doctor", SCRAPEQ_DATABASE_URL=load_settings().database_url.get_secret_value()
    )
    assert re.search(rf"\S+ has {re.escape(OTHER)}", found.stdout), found.stdout


def test_a_newer_version_takes_the_record_over_in_the_middle(workers, installed, run):
    path = installed(STEP)
    workers("here")
    queue = sq.get_job_queue(load_settings())
    with LittleWeb(hosts=4) as web:
        urls = [web.url(f"/slow/0.2?row={row}", host=row % 4) for row in range(120)]
        batch = sq.scrape(
            urls, queue=queue, max_per_host=2, delay_between_requests=0, main_text="off"
        )
        pages = batch.as_completed(timeout=PATIENCE_S)
        for _ in range(20):
            next(pages)

        workers("other", PYTHONPATH=path)

        assert batch.wait(PATIENCE_S).df["ok"].all()
        assert batch.df["url"].tolist() == urls
        assert len(batch.pages()) == 120
        assert web.hits("/slow/0.2") <= 120 + 16  # what was open when the tables changed

    found = run(
        "scrapeq migrate", SCRAPEQ_DATABASE_URL=load_settings().database_url.get_secret_value()
    )
    assert found.returncode != 0
    assert f"its tables are version {VERSION + 1}" in found.stderr
