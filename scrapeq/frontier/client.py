"""Connecting to Redis, and its errors in our words."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.connection import HiredisRespSerializer
from redis.retry import Retry

from scrapeq.errors import ConfigError, RedisEvicts, RedisFull, RedisUnavailable
from scrapeq.frontier import sentinels

#: Seconds until a silent Redis counts as away; far above the longest script (a few ms).
TIMEOUT_S = 10
#: How a Redis that lives but takes no command begins its answer: it cannot write its own files (a
#: full disk), a script holds it up, or the copies that it must have are missing.
_PROTOCOL = re.compile(r"([?&])protocol=\d+&?")
#: How Redis says from within a script that its user may not do that.
_NOT_ALLOWED = ("ACL failure", "can't access at least one of the keys", "NOPERM")
_REFUSING = ("MISCONF", "BUSY", "NOREPLICAS")


class Client(redis.Redis):
    """A client of one Redis. `named_by`: the environment variable with its URL, for messages; "" for
    the private one, of which no variable is to be corrected."""

    named_by = "REDIS_URL"


def connect(
    url: str, *, named_by: str = Client.named_by, timeout_s: float = TIMEOUT_S
) -> redis.Redis:
    """A client that answers in text and tries again once at most, where a connection went stale.

    named_by: see `Client`. timeout_s: seconds until a silent Redis counts as away. Nothing is sent
    yet. Raises ConfigError for a URL that is none.
    """
    options: dict[str, Any] = {
        "decode_responses": True,
        "encoding_errors": "surrogatepass",  # whatever a page or a cell holds
        "command_packer": _Packer(),
        "socket_timeout": timeout_s,
        "socket_connect_timeout": timeout_s,
        "health_check_interval": 30,
        # One reconnect, for a connection that went stale. A silent one is not asked twice.
        "retry": Retry(NoBackoff(), 1, supported_errors=(redis.exceptions.ConnectionError,)),
        "retry_on_error": [],
    }
    if url.startswith(sentinels.SCHEME):
        found = sentinels.Sentinels.from_url(url, named_by=named_by)
        client = Client.from_pool(found.pool(**options))
        client.named_by = named_by  # type: ignore[attr-defined] # from_pool makes a Client of Client
        return client
    try:
        # answers are read in redis-py's own shapes, not in RESP3's
        client = Client.from_url(_PROTOCOL.sub(r"\1", url), **options)
    except ValueError as error:
        raise ConfigError(
            f"{named_by or 'the address of the private Redis'} is not the URL of a Redis",
            hint="write redis://host:6379/0, rediss://..., unix:///path/to/socket or, for Sentinels, "
            f"{sentinels.FORM}",
        ) from error
    client.named_by = named_by  # type: ignore[attr-defined] # from_url makes a Client of Client
    return client


class _Packer(HiredisRespSerializer):
    """Writes commands in C, and those with half of a surrogate pair too, which hiredis cannot."""

    def pack(self, *words: Any) -> Any:
        """The command as it is sent."""
        try:
            return super().pack(*words)
        except UnicodeEncodeError:
            return super().pack(*map(_encoded, words))


def _encoded(word: Any) -> Any:
    return word.encode("utf-8", "surrogatepass") if isinstance(word, str) else word


def check_redis(client: redis.Redis) -> None:
    """Refuse a Redis that cannot be worked with, naming what to change.

    Raises RedisEvicts for one that may throw keys away; RedisUnavailable for one that does not
    answer, wants a password, lacks a right, is a cluster of several or a Sentinel; ConfigError for one without the
    database that is named.
    """
    with translated(client):
        facts = client.info()
    if int(facts.get("cluster_enabled", 0)):
        raise RedisUnavailable(
            "this Redis is a cluster: what belongs together would lie on several servers",
            hint=f"name a single Redis or Valkey in {_name(client)}; one is enough for millions of jobs",
        )
    if "sentinel" in (facts.get("redis_mode"), facts.get("server_mode")):  # Valkey says the second
        raise RedisUnavailable(
            "this is a Sentinel, which watches over Redis and keeps nothing itself",
            hint=f"write in {_name(client)} that it is one: {sentinels.FORM}",
        )
    with translated(client):  # only now: either of them would refuse it in its own words
        _when_loaded(
            lambda: client.eval("return redis.call('EXISTS', KEYS[1])", 1, "scrapeq:check")
        )
    policy = str(facts.get("maxmemory_policy", "noeviction"))
    if policy != "noeviction":
        raise RedisEvicts(
            f"this Redis may evict keys (its maxmemory-policy is {policy}), and jobs with them",
            hint="set it: redis-cli CONFIG SET maxmemory-policy noeviction",
            policy=policy,
        )


def _when_loaded(ask: Callable[[], object]) -> None:
    """Ask, as soon as a Redis that was just restarted has read its files: mostly milliseconds."""
    ends_s = time.monotonic() + TIMEOUT_S
    while True:
        try:
            ask()
            return
        except redis.exceptions.BusyLoadingError:
            if time.monotonic() > ends_s:
                raise
        time.sleep(0.02)


@contextmanager
def translated(client: redis.Redis) -> Iterator[None]:
    """The errors of this Redis inside the block come out as ours."""
    try:
        yield
    except redis.exceptions.OutOfMemoryError as error:
        raise _full() from error
    except redis.exceptions.AuthenticationError as error:
        raise _unavailable(
            client,
            f"Redis wants another user or password: {_first_line(error)}",
            "write them in {name}: redis://user:password@host:6379/0; without a user, "
            "redis://:password@host:6379/0",
        ) from error
    except redis.exceptions.NoPermissionError as error:
        raise _not_allowed(client, error) from error
    except redis.exceptions.TimeoutError as error:
        waited_s = client.connection_pool.connection_kwargs.get("socket_timeout", TIMEOUT_S)
        raise _unavailable(
            client,
            f"Error connecting to Redis: it does not answer (waited {waited_s:g} s)",
            "see whether it runs and is not frozen or overloaded, or correct {name}",
        ) from error
    except (redis.exceptions.ConnectionError, OSError) as error:
        raise _away(client, error) from error
    except (redis.exceptions.ReadOnlyError, redis.exceptions.ClusterDownError) as error:
        raise _refusing(client, error) from error
    except redis.exceptions.ResponseError as error:
        if "OOM" in str(error):
            raise _full() from error
        if str(error).startswith(_REFUSING):
            raise _refusing(client, error) from error
        if str(error).startswith("NOAUTH"):
            raise _unavailable(
                client,
                "Redis wants a password",
                "write it in {name}: redis://:password@host:6379/0",
            ) from error
        if "DB index is out of range" in str(error):
            raise ConfigError(  # waiting does not help
                f"this Redis has no database of the number that {_name(client)} names",
                hint=f"most have 0 to 15: write redis://host:6379/0 in {_name(client)}",
            ) from error
        if any(words in str(error) for words in _NOT_ALLOWED):
            raise _not_allowed(client, error) from error
        raise


#: What to do about a private Redis: no environment variable names it.
PRIVATE_ADVICE = (
    "it is the private one of this folder, and no row is lost: get_job_queue() or scrapeq up starts "
    "it again; scrapeq down ends one that hangs"
)


def is_gone(error: RedisUnavailable) -> bool:
    """Whether nothing listened there or it hung up, as while it is started again; not one that is silent."""
    return isinstance(error.__cause__, (redis.exceptions.ConnectionError, OSError))


def _name(client: redis.Redis) -> str:
    return getattr(client, "named_by", Client.named_by) or "REDIS_URL"


def _unavailable(client: redis.Redis, problem: str, advice: str) -> RedisUnavailable:
    """advice: for a Redis of the user's own, with {name} where its variable stands."""
    is_private = getattr(client, "named_by", Client.named_by) == ""
    hint = PRIVATE_ADVICE if is_private else advice.format(name=_name(client))
    return RedisUnavailable(problem, hint=hint)


def _away(
    client: redis.Redis, error: OSError | redis.exceptions.ConnectionError
) -> RedisUnavailable:
    if not isinstance(error, sentinels.NoPrimary):
        return _unavailable(
            client,
            f"Error connecting to Redis: {_first_line(error)}",
            "start Redis, correct {name}, or unset it to use a private Redis",
        )
    if error.unknown:
        return RedisUnavailable(
            f"the Sentinels know no primary of the name {error.name!r}",
            hint=f"correct master_name in {_name(client)}; SENTINEL MASTERS tells the names that they know",
        )
    silent = "; ".join(f"{where}: {why}" for where, why in error.silent.items())
    return RedisUnavailable(
        f"the Sentinels name no primary {error.name!r} that works"
        + (f" ({silent})" if silent else ""),
        hint="wait, if one was just lost: they name another within seconds, no row is lost, and work goes on by "
        f"itself; else see whether they run, or correct {_name(client)}",
    )


def _not_allowed(client: redis.Redis, error: BaseException) -> RedisUnavailable:
    return _unavailable(
        client,
        f"the user of Redis lacks a right: {_first_line(error)}",
        "give the user of {name} all keys and channels and all commands but administration: "
        "ACL SETUSER name ~* &* +@all -@admin",
    )


def _full() -> RedisFull:
    return RedisFull(
        "Redis is full: it is at its maxmemory and takes no more jobs",
        hint="raise maxmemory, wait until jobs are done, or submit fewer at once",
    )


def _refusing(client: redis.Redis, error: BaseException) -> RedisUnavailable:
    is_private = getattr(client, "named_by", Client.named_by) == ""
    hint = "make room on the disk of its folder"
    if not is_private:
        hint = f"make room on its disk, or name one in {_name(client)} that may be written to"
    return RedisUnavailable(
        f"Redis takes no commands now: {_first_line(error)}",
        hint=f"{hint}; work goes on by itself when it can",
    )


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
