"""What can be wrong with the home, the record, the browser and the language model's endpoint."""

from __future__ import annotations

import json
import sqlite3
import stat
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from cryptography.fernet import Fernet

from scrapeq import database
from scrapeq.checks import endpoint, installation, places, secret_key
from scrapeq.checks.check import CheckState
from scrapeq.checks.endpoint import NAME
from scrapeq.database.inspection import VERSION
from scrapeq.database.new_job import NewJob
from scrapeq.errors import ConfigError, DatabaseUnavailable
from scrapeq.models import ScrapingConfig
from tests.integration.checks.conftest import by_name

GOOD, NOTE, BAD = CheckState.GOOD, CheckState.NOTE, CheckState.BAD


# -- the home -----------------------------------------------------------------------------------


def test_a_home_that_is_not_there_yet_is_not_made(settings_of):
    settings = settings_of()

    found = by_name(places.home(settings))

    assert found["home"].state is GOOD
    assert "made when it is needed" in found["home"].result
    assert found["disk"].state is GOOD
    assert not settings.home.exists()


@pytest.mark.parametrize("place", ["/proc/scrapeq-home", "/dev/null/home"])
def test_a_home_that_nobody_can_write_to(settings_of, place):
    found = by_name(places.home(settings_of(SCRAPEQ_HOME=place)))["home"]

    assert found.state is BAD
    assert "SCRAPEQ_HOME" in found.hint


def test_a_disk_without_room(settings_of, monkeypatch):
    monkeypatch.setattr(places, "LITTLE_SPACE", 10**18)  # more than any disk has

    found = by_name(places.home(settings_of()))["disk"]

    assert found.state is BAD
    assert "SCRAPEQ_STORED_PAGES_MB" in found.hint


# -- the record ---------------------------------------------------------------------------------


@pytest.fixture(params=["sqlite", "postgresql"])
def record_settings(request, settings_of):
    if request.param == "sqlite":
        return settings_of()
    return settings_of(SCRAPEQ_DATABASE_URL=request.getfixturevalue("postgres_url"))


def test_a_record_before_during_and_after_its_time(record_settings):
    def look():
        return by_name(places.record(record_settings))["database"]

    first = look()
    assert (first.state, look()) == (GOOD, first)  # it was not made by the look
    assert "no tables yet" in first.result
    database.open_database(record_settings).dispose()
    assert f"tables of version {VERSION}" in look().result
    engine = database.open_database(record_settings)
    with database.engine.write_transaction(engine) as connection:
        database.engine.write_meta(connection, "schema", str(VERSION - 1))
    assert look().state is NOTE
    assert "backup" in look().hint
    with database.engine.write_transaction(engine) as connection:
        database.engine.write_meta(connection, "schema", str(VERSION + 1))
    engine.dispose()
    assert look().state is BAD
    assert "newer scrapeq" in look().result
    assert "pip install --upgrade" in look().hint


def test_the_key_of_the_secrets(record_settings, settings_of):
    def look(**key):
        named = {"SCRAPEQ_DATABASE_URL": record_settings.database_url} | key
        return by_name(secret_key.secret_key(settings_of(**named)))["secret key"]

    assert (look().state, record_settings.home.exists()) == (GOOD, False)
    engine = database.open_database(record_settings)
    database.batches.add_batch(
        engine,
        batch_id="b",
        name=None,
        config=ScrapingConfig(cookies={"session": "very secret"}),
        fingerprint="",
        total=1,
        rows=[NewJob("b-0", 0, "u", "u", "h", 5)],
    )
    engine.dispose()
    assert look().state is GOOD

    file = record_settings.home / "secret.key"
    file.chmod(0o644)
    assert "chmod 600" in look().hint
    key = file.read_text()
    file.unlink()
    assert "put its file back" in look().hint
    another = Fernet.generate_key().decode()
    assert "does not fit 1 of 1" in look(SCRAPEQ_SECRET_KEY=another).result
    assert look(SCRAPEQ_SECRET_KEY=f"{another},{key}").state is GOOD
    assert look(SCRAPEQ_SECRET_KEY="a word").state is BAD


def test_a_key_in_a_file_is_noted_where_there_may_be_other_machines(settings_of, tmp_path):
    settings = settings_of(f"unix://{tmp_path}/redis")
    settings.home.mkdir()
    (settings.home / "secret.key").write_bytes(Fernet.generate_key())
    (settings.home / "secret.key").chmod(0o600)

    found = by_name(secret_key.secret_key(settings))["secret key"]

    assert (found.state, "SCRAPEQ_SECRET_KEY everywhere" in found.hint) == (NOTE, True)


def test_a_file_that_is_no_database(settings_of):
    settings = settings_of()
    settings.home.mkdir()
    settings.database_path.write_bytes(b"this is a diary and no database, " * 100)

    with pytest.raises(DatabaseUnavailable, match="cannot be read"):
        list(places.record(settings))


def test_a_record_in_use_is_read_without_waiting(settings_of):
    settings = settings_of()
    database.open_database(settings).dispose()
    with closing(sqlite3.connect(settings.database_path)) as other:
        other.execute("BEGIN EXCLUSIVE")

        assert by_name(places.record(settings))["database"].state is GOOD


def test_a_file_for_many_machines_is_noted(settings_of, tmp_path):
    found = by_name(places.record(settings_of(f"unix://{tmp_path}/redis")))

    assert found["record for many machines"].state is NOTE


def test_a_postgresql_that_is_away_says_so_without_the_password(settings_of, tmp_path):
    url = f"postgresql://ann:secret@/x?host={tmp_path}"
    with pytest.raises(DatabaseUnavailable, match="cannot be opened") as caught:
        list(places.record(settings_of(SCRAPEQ_DATABASE_URL=url)))

    assert "secret" not in str(caught.value)
    with pytest.raises(ConfigError):
        list(places.record(settings_of(SCRAPEQ_DATABASE_URL="mysql://x/y")))


def test_a_postgresql_without_rights_or_writes(settings_of, postgres_server):
    url = postgres_server.new_database()
    name = url.removeprefix("postgresql://postgres@/").partition("?")[0]
    postgres_server.execute(
        "DO $$ BEGIN CREATE ROLE looker LOGIN; EXCEPTION WHEN duplicate_object THEN END $$",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        f"ALTER DATABASE {name} SET default_transaction_read_only = on",
        name=name,
    )
    as_looker = url.replace("postgres@", "looker@")

    found = by_name(places.record(settings_of(SCRAPEQ_DATABASE_URL=as_looker)))

    assert found["writing to the record"].state is BAD
    assert found["tables of the record"].state is BAD
    assert "GRANT" in found["tables of the record"].hint
    assert found["clock of PostgreSQL"].state is GOOD


def test_a_postgresql_with_few_connections_left(settings_of, postgres_url, monkeypatch):
    monkeypatch.setattr(places, "MANY_CONNECTIONS", 0.001)

    found = by_name(places.record(settings_of(SCRAPEQ_DATABASE_URL=postgres_url)))

    assert found["connections of PostgreSQL"].state is NOTE


# -- the language model -------------------------------------------------------------------------


@pytest.fixture
def answering():
    """`answering(status, body)`: the address of an endpoint that answers so."""
    servers = []

    def start(status: int, body: object) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/v1"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


LISTED = {"object": "list", "data": [{"id": "little-1", "object": "model", "created": 1}]}
REFUSED = {"error": {"message": "Incorrect API key provided: sk-very-secret"}}


@pytest.mark.parametrize(
    ("status", "body", "model", "state", "words"),
    [
        (200, LISTED, "little-1", GOOD, "model little-1"),
        (200, LISTED, "big-9", BAD, "has no model 'big-9'; it has little-1"),
        (200, "a page", "little-1", BAD, "cannot be read"),
        (401, REFUSED, "little-1", BAD, "refused the key (HTTP 401)"),
        (403, REFUSED, "little-1", BAD, "refused the key (HTTP 403)"),
        (404, {}, "little-1", NOTE, "does not say which models"),
        (500, {}, "little-1", BAD, "HTTP 500"),
    ],
)
def test_the_endpoint_of_the_language_model(
    settings_of, answering, status, body, model, state, words
):
    settings = settings_of(
        SCRAPEQ_AI_BASE_URL=answering(status, body),
        SCRAPEQ_AI_API_KEY="sk-very-secret",
        SCRAPEQ_AI_MODEL=model,
    )

    found = by_name(endpoint.endpoint(settings))[NAME]

    assert found.state is state
    assert words in found.result
    assert bool(found.hint) is (state is not GOOD)
    assert "sk-very-secret" not in f"{found}"


def test_an_endpoint_that_is_away_or_not_set(settings_of):
    away = settings_of(SCRAPEQ_AI_BASE_URL="http://127.0.0.1:1/v1")

    assert by_name(endpoint.endpoint(away))[NAME].state is BAD
    assert list(endpoint.endpoint(settings_of())) == []


# -- the browser --------------------------------------------------------------------------------


def test_a_browser_that_is_none(tmp_path):
    missing = by_name(installation.browser(tmp_path / "no-browser"))["browser"]
    program = tmp_path / "browser"
    program.write_text("#!/bin/sh\necho cannot find libnss3 >&2\nexit 1\n")
    program.chmod(stat.S_IRWXU)
    broken = by_name(installation.browser(program))["browser"]

    assert missing.state is broken.state is BAD
    assert "SCRAPEQ_BROWSER names no program" in missing.result
    assert "playwright install" in broken.hint
