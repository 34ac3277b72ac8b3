"""The guide as a shell reads it: its block of variables pasted, and tasks sent by their names."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from celery import Celery

import scrapeq as sq
from scrapeq.settings import load_settings
from tests.tls_relay import tls_relay

PATIENCE_S = 60
WORKER = "celery -A scrapeq.pipeline.worker worker --loglevel=info --concurrency=1"


def test_the_block_of_variables_can_be_pasted_into_a_shell(environment, guide_code):
    script = f"set -a\n{guide_code('bash', 'environment')}\nset +a\n"
    command = "import scrapeq.settings as s; print(s.load_settings().celery_accept_content)"

    said = subprocess.run(
        ["bash", "-c", f'{script}exec python -c "{command}"'],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )

    assert said.stdout.strip() == "['json']"


def test_a_task_sent_by_its_name_alone_is_done(worker, redis_server, guide_web):
    worker.says(" ready.")
    plain = Celery("somebody", broker=redis_server.url, backend=redis_server.url)

    sent = plain.send_task("scrapeq.pipeline.worker.clean_data_task", [{"title": "  A   title "}])

    assert sent.get(timeout=PATIENCE_S)["data"]["title"] == "A title"
    plain.close()


@pytest.fixture
def tls_redis(redis_server, environment, tmp_path: Path, monkeypatch) -> Iterator[str]:
    """The URL of the Redis behind TLS, with a certificate that this process and its children trust."""
    authority = trustme.CA()
    trusted = Path(environment["SSL_CERT_FILE"]).read_text() + authority.cert_pem.bytes().decode()
    (tmp_path / "ca.pem").write_text(trusted)
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(
        tmp_path / "server.pem"
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with tls_relay(redis_server.port, tmp_path / "server.pem") as port:
        yield f"rediss://localhost:{port}/0"


def test_a_redis_behind_tls_needs_its_url_alone(tls_redis, start, monkeypatch):
    named = dict.fromkeys(("REDIS_URL", "CELERY_BROKER_URL", "CELERY_RESULT_BACKEND"), tls_redis)
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    secure = start(WORKER, **named, SSL_CERT_FILE=os.environ["SSL_CERT_FILE"])
    secure.says(" ready.")

    batch = sq.scrape(["https://example.com/article/1"], settings=load_settings())

    assert batch.wait(PATIENCE_S).df["ok"].all()
