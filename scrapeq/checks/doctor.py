"""`sq.doctor()`: looks at everything that a scrape needs, and says what to do about what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from scrapeq import clock, database, frontier, lazy
from scrapeq.checks import endpoint, installation, places, redis, secret_key, together
from scrapeq.checks.check import Check, Diagnosis, good
from scrapeq.checks.looking import Look, look_at
from scrapeq.errors import ScrapeqError
from scrapeq.project.version import own_version
from scrapeq.settings import Settings, load_settings

#: Seconds for a look at this process itself, and for one at a service, which has its own shorter limits.
OWN_S, SERVICE_S = 20.0, 15.0


def doctor() -> Diagnosis:
    """What a scrape needs, looked at: the installation, the settings, the home, the record, Redis, the
    workers, a browser, the language model, the clocks.

    It changes nothing, starts nothing and raises nothing; each look has its time, so that a service that
    hangs is told within seconds. In a notebook the answer is a card; `.df` is a table, `.is_good` one
    word. The environment is read as `scrape()` reads it.
    """
    lazy.load(database, frontier)  # once, and not in several threads at the same time
    return Diagnosis(
        version=own_version(), checked_at=clock.now(), checks=tuple(look_at(list(_looks())))
    )


def _looks() -> Iterator[Look]:
    yield Look("Python", OWN_S, installation.python)
    yield Look("reading pages", OWN_S, installation.reading)
    yield Look("extras", OWN_S, installation.extras)
    try:
        settings = load_settings()
    except ScrapeqError as error:
        yield Look("settings", OWN_S, partial(_raise, error))
        return
    yield Look("settings", OWN_S, partial(_settings, settings))
    yield Look("home", OWN_S, partial(places.home, settings))
    yield Look("database", SERVICE_S, partial(places.record, settings))
    yield Look(secret_key.NAME, SERVICE_S, partial(secret_key.secret_key, settings))
    yield Look("Redis", SERVICE_S, partial(redis.redis, settings))
    yield Look(together.NAME, SERVICE_S, partial(together.together, settings))
    yield Look("Celery's broker", SERVICE_S, partial(redis.broker, settings))
    yield Look(
        "browser",
        installation.SHOW_S + OWN_S,
        partial(installation.browser, settings.browser),
    )
    yield Look("language model", SERVICE_S, partial(endpoint.endpoint, settings))


def _settings(settings: Settings) -> Iterator[Check]:
    """Which of the two modes they say, and what is not as usual."""
    mode = "a Redis of your own" if settings.shared else "a private Redis and workers"
    yield good("settings", f"{mode}, namespace {settings.namespace}")


def _raise(error: ScrapeqError) -> Iterator[Check]:
    raise error
