"""Environment variables: the guide's names, what cannot be met, and what must not be seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from scrapeq.errors import ConfigError
from scrapeq.frontier import BreakerPolicy
from scrapeq.settings import load_settings, make_home


def test_the_guides_variables_are_read(monkeypatch):
    for name, value in {
        "REDIS_URL": "redis://localhost:6379/0",
        "CELERY_BROKER_URL": "redis://localhost:6379/1",
        "CELERY_RESULT_BACKEND": "redis://localhost:6379/2",
        "CELERY_TASK_SERIALIZER": "json",
        "CELERY_RESULT_SERIALIZER": "json",
        "CELERY_ACCEPT_CONTENT": '["json"]',
        "CELERY_TIMEZONE": "UTC",
        "CELERY_ENABLE_UTC": "True",
    }.items():
        monkeypatch.setenv(name, value)

    settings = load_settings()

    assert settings.shared
    assert settings.celery_enable_utc is True
    assert settings.celery_accept_content == ["json"]


def test_without_any_variable_everything_is_in_this_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    settings = load_settings()

    assert not settings.shared
    assert settings.database_path == tmp_path / ".scrapeq" / "scrapeq.sqlite3"
    assert not settings.allow_private_addresses


@pytest.mark.parametrize(
    "written", ['["json"]', "[json]", "json", '"json"', "application/json", "['application/json']"]
)
def test_the_accepted_content_is_read_as_a_shell_leaves_it(monkeypatch, written):
    monkeypatch.setenv("CELERY_ACCEPT_CONTENT", written)

    assert load_settings().celery_accept_content == ["json"]


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("CELERY_TASK_SERIALIZER", "pickle", "write json"),
        ("CELERY_RESULT_SERIALIZER", "yaml", "write json"),
        ("CELERY_ACCEPT_CONTENT", '["json", "pickle"]', 'write ["json"]'),
        ("SCRAPEQ_WORKERS", "none", "SCRAPEQ_WORKERS"),
        ("SCRAPEQ_WORKERS", "0", "greater than or equal to 1"),
        ("SCRAPEQ_LEASE_S", "0.1", "SCRAPEQ_LEASE_S"),
        ("SCRAPEQ_BREAKER_FAILURES", "0", "SCRAPEQ_BREAKER_FAILURES"),
        ("SCRAPEQ_BREAKER_OPEN_S", "0", "SCRAPEQ_BREAKER_OPEN_S"),
        ("SCRAPEQ_CONNECT_TO", "nonsense", "SCRAPEQ_CONNECT_TO"),
    ],
)
def test_a_setting_that_cannot_be_met_says_so(monkeypatch, name, value, says):
    monkeypatch.setenv(name, value)

    with pytest.raises(ConfigError) as refused:
        load_settings()

    assert says.lower() in str(refused.value).lower()


def test_the_breaker_policy_is_that_of_the_settings():
    settings, policy = load_settings(), BreakerPolicy()

    assert policy == BreakerPolicy(
        failures=settings.breaker_failures,
        first_failures=settings.breaker_first_failures,
        open_s=settings.breaker_open_s,
        longest_s=settings.breaker_longest_s,
        give_up_s=settings.breaker_give_up_s,
    )
    assert policy.in_ms == (20, 5, 30_000, 600_000, 900_000)


def test_passwords_are_in_no_repr(monkeypatch):
    monkeypatch.setenv("REDIS_URL", "redis://:geheim@host/0")
    monkeypatch.setenv("SCRAPEQ_DATABASE_URL", "postgresql://u:geheim@host/db")
    monkeypatch.setenv("OPENAI_API_KEY", "geheim")

    assert "geheim" not in repr(load_settings())


def test_a_relative_database_is_the_same_file_in_every_process(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCRAPEQ_DATABASE_URL", "sqlite:///record.db")

    url = load_settings().database_url

    assert url is not None
    assert url.get_secret_value() == f"sqlite:///{tmp_path}/record.db"


def test_the_home_is_its_owners_and_not_gits(tmp_path):
    home = make_home(tmp_path / "project" / ".scrapeq")

    assert home.stat().st_mode & 0o077 == 0
    assert (home / ".gitignore").read_text(encoding="utf-8").splitlines()[-1] == "*"
    assert make_home(Path(home)) == home


def test_a_namespace_is_part_of_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().namespace == "scrapeq"
    monkeypatch.setenv("SCRAPEQ_NAMESPACE", "Study_2-b")
    assert load_settings().namespace == "Study_2-b"


@pytest.mark.parametrize("name", ["a:b", "a b", "a*", "x" * 41, "é"])
def test_a_namespace_that_would_be_no_part_of_a_key_is_refused(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCRAPEQ_NAMESPACE", name)

    with pytest.raises(ConfigError, match="SCRAPEQ_NAMESPACE: letters, digits"):
        load_settings()
