"""Sentinels: which Redis of several is the primary now, by the URL that names them.

A client asks them whenever it makes a connection, so that it follows when another Redis becomes the primary.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, parse_qs, quote, unquote, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import MasterNotFoundError, Sentinel, SentinelConnectionPool

from scrapeq.errors import ConfigError

SCHEME = "sentinel://"
#: How to write one; for messages.
FORM = "sentinel://:password@one:26379,two:26379,three:26379/0?master_name=mymaster"
#: Where a Sentinel listens that is named without a port.
PORT = 26_379
#: Seconds that Celery gives a Sentinel.
_CELERY_S = 2
_NAMES = (
    *("master_name", "sentinel_username", "sentinel_password", "min_other_sentinels"),
    *("tls", "ssl_ca_certs"),
)
_TRUTHS = {"true": True, "1": True, "false": False, "0": False}


class NoPrimary(MasterNotFoundError):
    """No Sentinel names a primary that works. silent: those that gave no answer, and why; unknown: whether one
    that answered has never heard of the name."""

    def __init__(self, name: str, silent: Mapping[str, str], *, unknown: bool) -> None:
        super().__init__(f"no Sentinel names a working primary {name!r}")
        self.name, self.silent, self.unknown = name, silent, unknown


@dataclass(frozen=True)
class Sentinels:
    """What a URL says. hosts: name and port of each Sentinel. username, password: of the Redis that they watch
    over; sentinel_username, sentinel_password: their own, "" for none. min_other: how many others a Sentinel must
    see for its word to count. tls: to the Sentinels and to the Redis; their certificates are checked. ca_file: of the
    authority that signed these, "" for those that the machine trusts."""

    hosts: tuple[tuple[str, int], ...]
    master_name: str
    database: int = 0
    username: str = ""
    password: str = field(default="", repr=False)
    sentinel_username: str = ""
    sentinel_password: str = field(default="", repr=False)
    min_other: int = 0
    tls: bool = False
    ca_file: str = ""

    @classmethod
    def from_url(cls, url: str, *, named_by: str) -> Sentinels:
        """What `FORM` says, with commas between the hosts; Celery's form with `;sentinel://` is the same.
        named_by: the variable with this URL. Raises ConfigError for what cannot be met."""
        hosts, _, query = url.partition("?")
        try:
            parts = [
                urlsplit(f"redis://{one.strip().removeprefix(SCHEME)}")
                for one in re.split("[,;]", hosts)
            ]
            named = tuple((_host(one), PORT if one.port is None else one.port) for one in parts)
            more = {name: values[-1] for name, values in parse_qs(query).items()}
            (database,) = {path for one in parts if (path := one.path.strip("/"))} or {"0"}
            found = cls(
                hosts=named,
                master_name=more.get("master_name", ""),
                database=int(database),
                username=_only(one.username for one in parts),
                password=_only(one.password for one in parts),
                sentinel_username=more.get("sentinel_username", ""),
                sentinel_password=more.get("sentinel_password", ""),
                min_other=int(more.get("min_other_sentinels", 0)),
                tls=_TRUTHS[more.get("tls", "false").lower()],
                ca_file=more.get("ssl_ca_certs", ""),
            )
        except (ValueError, KeyError):
            raise ConfigError(
                f"{named_by} is not the URL of Sentinels", hint=f"write {FORM}"
            ) from None
        if unknown := sorted(set(more) - set(_NAMES)):
            raise ConfigError(
                f"{named_by} names Sentinels, with an option that there is none of: {', '.join(unknown)}",
                hint=f"there are {', '.join(_NAMES)}",
            )
        if not found.master_name:
            raise ConfigError(
                f"{named_by} names Sentinels, but not which primary to ask them for",
                hint=f"add the name in their configuration as master_name: {FORM}",
            )
        return found

    def pool(self, **options: Any) -> redis.ConnectionPool:
        """Connections to whichever Redis is the primary. options: of each connection; `socket_timeout` is shared
        out among the Sentinels, so that silent ones do not use it up. Nothing is sent yet."""
        timeout_s = options["socket_timeout"] / (len(self.hosts) + 1)
        asking = _Asking(  # type: ignore[no-untyped-call] # redis-py's own
            self.hosts,
            self.min_other,
            {
                "username": self.sentinel_username or None,
                "password": self.sentinel_password or None,
                "socket_timeout": timeout_s,
                "socket_connect_timeout": timeout_s,
                "retry": AskOnce(),
                **self._tls,
            },
            db=self.database,
            username=self.username or None,
            password=self.password or None,
            **options,
            **self._tls,
        )
        return _Pool(self.master_name, asking, **asking.connection_kwargs)  # type: ignore[no-untyped-call] # the same

    @property
    def _tls(self) -> dict[str, object]:
        """redis-py's options; it checks certificates and the names in them unless it is told not to."""
        return {"ssl": True, **self.celery_tls()} if self.tls else {}

    def celery_tls(self) -> dict[str, object]:
        """What of it Celery takes for the connections to the Redis; empty for plain ones."""
        if not self.tls:
            return {}
        trusted = {"ssl_ca_certs": self.ca_file} if self.ca_file else {}
        return {"ssl_cert_reqs": "required", **trusted}

    def celery_url(self) -> str:
        """The same as Celery takes it, but for `celery_options`. Holds the password: never print it."""
        user = f"{quote(self.username, safe='')}:{quote(self.password, safe='')}@"
        access = user if self.username or self.password else ""
        return ";".join(
            f"{SCHEME}{access}{f'[{host}]' if ':' in host else host}:{port}/{self.database}"
            for host, port in self.hosts
        )

    def celery_options(self) -> dict[str, object]:
        """What of it Celery takes as options of its transport."""
        own: dict[str, object] = {
            "socket_timeout": _CELERY_S,
            "socket_connect_timeout": _CELERY_S,
            "retry": AskOnce(),
            **self._tls,
        }
        if self.sentinel_password:
            own["credential_provider"] = SentinelAccess(
                self.sentinel_username, self.sentinel_password
            )
        return {
            "master_name": self.master_name,
            "min_other_sentinels": self.min_other,
            "sentinel_kwargs": own,
        }


def _host(part: SplitResult) -> str:
    """Raises ValueError for a part without one, as behind the last comma: nothing says that it is this machine."""
    if not part.hostname:
        raise ValueError("no host")
    return unquote(part.hostname)


def _only(words: Iterable[str | None]) -> str:
    """The word that is written once, or with each host. Raises ValueError if there are two different ones."""
    (word,) = {one for one in words if one} or {""}
    return unquote(word)


@dataclass(frozen=True, slots=True)
class SentinelFacts:
    """named, answering: Sentinels. replicas: of the primary, that work: one of them takes its place."""

    named: int
    answering: int
    replicas: int


def inspect_sentinels(client: redis.Redis) -> SentinelFacts | None:
    """One round trip to each; None for a Redis that is not reached through Sentinels."""
    pool = client.connection_pool
    if not isinstance(pool, _Pool):
        return None
    answering, replicas = 0, 0
    for one in pool.sentinel_manager.sentinels:
        try:
            known = one.sentinel_slaves(pool.service_name)
        except redis.exceptions.RedisError:
            continue
        answering += 1
        replicas = max(replicas, len(pool.sentinel_manager.filter_slaves(known)))
    return SentinelFacts(len(pool.sentinel_manager.sentinels), answering, replicas)


class AskOnce(Retry):
    """A Sentinel that is away is not asked again: there are others. redis-py waits for some 10 s by default.
    Celery shows its options to monitors, as JSON."""

    def __init__(self) -> None:
        super().__init__(NoBackoff(), 0)

    def __json__(self) -> str:
        return "once"


class SentinelAccess(redis.CredentialProvider):
    """The Sentinels' own password for Celery, which shows its options to monitors (`celery inspect stats`)."""

    def __init__(self, username: str, password: str) -> None:
        self._username, self._password = username, password

    def get_credentials(self) -> tuple[str] | tuple[str, str]:
        """What redis-py sends."""
        return (self._username, self._password) if self._username else (self._password,)

    def __json__(self) -> str:
        return "**"


class _Pool(SentinelConnectionPool):
    """Closed with the connections to the Sentinels."""

    def close(self) -> None:
        super().close()
        self.sentinel_manager.close()


class _Asking(Sentinel):
    """redis-py's own, with an error that says why."""

    def discover_master(self, service_name: str) -> tuple[str, int]:
        """Where the primary is, as the first Sentinel says that knows one. Raises NoPrimary."""
        silent: dict[str, str] = {}
        unknown = False
        for number, one in enumerate(self.sentinels):
            try:
                masters: dict[str, Any] = one.sentinel_masters()  # type: ignore[assignment] # so in RESP2's form
            except redis.exceptions.RedisError as error:  # away, or wants another password
                where = one.connection_pool.connection_kwargs
                silent[f"{where['host']}:{where['port']}"] = str(error)
                continue
            state = masters.get(service_name)
            unknown = unknown or state is None
            if state and self._works(state):
                self.sentinels[0], self.sentinels[number] = one, self.sentinels[0]
                return state["ip"], state["port"]
        raise NoPrimary(service_name, silent, unknown=unknown)

    def _works(self, state: dict[str, Any]) -> bool:
        return bool(self.check_master_state(state, ""))  # type: ignore[no-untyped-call] # redis-py's own
