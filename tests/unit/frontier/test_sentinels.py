"""What a URL of Sentinels says, and how Celery is told the same."""

from __future__ import annotations

import pytest
from celery import Celery

from scrapeq.errors import ConfigError
from scrapeq.frontier import Sentinels
from scrapeq.project.celery_app import make_app
from scrapeq.settings import load_settings

URL = "sentinel://me:a%2Fb@one,[::1]:5/3?master_name=mine&sentinel_password=p%40w&min_other_sentinels=1"


def test_a_url_says_all_of_it() -> None:
    found = Sentinels.from_url(URL, named_by="REDIS_URL")

    assert found.hosts == (("one", 26_379), ("::1", 5))
    assert (found.master_name, found.database, found.min_other) == ("mine", 3, 1)
    assert (found.username, found.password, found.sentinel_password) == ("me", "a/b", "p@w")
    assert "a/b" not in repr(found)
    assert "p@w" not in repr(found)


def test_the_form_of_celery_is_the_same() -> None:
    url = "sentinel://:pw@one:1/2;sentinel://:pw@two:2/2?master_name=mine"

    assert Sentinels.from_url(url, named_by="") == Sentinels.from_url(
        "sentinel://:pw@one:1,two:2/2?master_name=mine", named_by=""
    )


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sentinel://one:26379/0", "which primary"),
        ("sentinel://one:x/0?master_name=a", "not the URL"),
        ("sentinel://one/nought?master_name=a", "not the URL"),
        ("sentinel://one/0;sentinel://two/1?master_name=a", "not the URL"),
        ("sentinel://one:26379,,two:26379/0?master_name=a", "not the URL"),
        ("sentinel://one:26379,/0?master_name=a", "not the URL"),
        ("sentinel://:secret@one,:other@two/0?master_name=a", "not the URL"),
        ("sentinel://one/0?master_name=a&sentinel_pasword=secret", "sentinel_pasword"),
        ("sentinel://one/0?master_name=a&tls=maybe", "not the URL"),
    ],
)
def test_what_cannot_be_met_is_named(url: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        Sentinels.from_url(url, named_by="REDIS_URL")

    assert "REDIS_URL" in caught.value.problem
    assert "master_name" in caught.value.hint
    assert "secret" not in str(caught.value)


def test_tls_is_asked_for() -> None:
    url = "sentinel://one/0?master_name=a&tls=true&ssl_ca_certs=%2Fetc%2Fca.pem"
    found = Sentinels.from_url(url, named_by="REDIS_URL")
    plain = Sentinels.from_url("sentinel://one/0?master_name=a&tls=false", named_by="REDIS_URL")

    assert found.celery_tls() == {"ssl_cert_reqs": "required", "ssl_ca_certs": "/etc/ca.pem"}
    assert found.celery_options()["sentinel_kwargs"]["ssl"] is True
    assert plain.celery_tls() == {}
    assert "ssl" not in plain.celery_options()["sentinel_kwargs"]


@pytest.mark.parametrize("name", ["REDIS_URL", "CELERY_BROKER_URL"])
def test_celery_takes_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Celery reads its own two variables by itself, too."""
    monkeypatch.setenv(name, URL)
    monkeypatch.setenv("CELERY_RESULT_BACKEND", URL)

    app = make_app(load_settings(), URL)

    url = "sentinel://me:a%2Fb@one:26379/3;sentinel://me:a%2Fb@[::1]:5/3"
    with app.connection_for_read() as read, app.connection_for_write() as write:
        for connection in (read, write):
            assert ";".join(connection.alt) == url
            assert connection.transport_options["master_name"] == "mine"
            assert "p@w" not in str(app.conf.table(censored=True))
    assert app.backend.url == url
    assert app.backend._transport_options["min_other_sentinels"] == 1


def test_a_socket_is_taken_from_celerys_own_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CELERY_BROKER_URL", "CELERY_RESULT_BACKEND"):
        monkeypatch.setenv(name, "unix:///run/redis.sock?db=2")
    settings = load_settings()

    app: Celery = make_app(settings, "redis+socket:///run/redis.sock?virtual_host=2")

    with app.connection_for_read() as read:
        assert read.transport_cls == "redis"
    assert app.backend.connparams["path"] == "/run/redis.sock"
