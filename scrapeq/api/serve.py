"""Running the server until it is interrupted: the dashboard of one person, or a service for a team."""

from __future__ import annotations

import ipaddress
import secrets
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapeq.errors import ConfigError, MissingExtra

if TYPE_CHECKING:
    from scrapeq.settings import Settings

#: The port that `scrapeq dashboard` asks for.
USUAL_PORT = 8765
#: Requests that one token may send in a minute.
USUAL_RATE = 3_000
_HERE = "127.0.0.1"
_THIS_MACHINE = ("127.0.0.0/8", "::1")
#: Where the addresses of strangers are: all of IPv4, and the public part of IPv6 (RFC 4291, 2.4; IANA's registry).
_PUBLIC = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("2000::/3"))


@dataclass(frozen=True, slots=True)
class Serving:
    """Where a team's server listens, and how it is reached.

    names: what people reach it by, besides `host`. certificate, key: PEM files, for TLS. behind: addresses and
    networks of the proxies before it, which say whose request they pass on; none: those of this machine.
    """

    host: str = _HERE
    port: int = 8000
    names: tuple[str, ...] = ()
    certificate: Path | None = None
    key: Path | None = None
    requests_per_minute: int = USUAL_RATE
    behind: tuple[str, ...] = ()

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it."""
        try:
            return self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def serve(
    say: Callable[[str], object], settings: Settings | None = None, port: int = USUAL_PORT
) -> None:
    """Serve the dashboard on 127.0.0.1; `say` is given its address, with the token, once it answers.

    `port` 0 takes a free one. Raises ConfigError for a port that is taken, MissingExtra without
    fastapi and uvicorn, and what `get_job_queue` raises.
    """
    make_app, people = _loaded()
    from scrapeq.dashboards import Dashboard
    from scrapeq.settings import load_settings

    settings = settings or load_settings()
    with _listener(_HERE, port) as listener:
        token = secrets.token_urlsafe(24)
        app = make_app(Dashboard(settings), people.OneToken(token, settings.owner))
        _run(app, listener, lambda: say(f"{_address(listener, _HERE)}/?token={token}"))


def serve_team(
    say: Callable[[str], object],
    serving: Serving,
    settings: Settings | None = None,
    warn: Callable[[str], object] = print,
) -> None:
    """Serve the API and the dashboard to people with tokens of the record; `say` is given its address.

    Raises ConfigError for an address that cannot be listened on, or that others than this machine reach
    while nobody has a token; MissingExtra without fastapi and uvicorn, and what `get_job_queue` raises.
    """
    make_app, people = _loaded()
    from scrapeq.client import access
    from scrapeq.dashboards import Dashboard
    from scrapeq.pipeline.job_queue import get_looking_queue

    tls = _tls(serving)
    proxies = believed(serving.behind)
    has_tokens = access.any_valid_token(get_looking_queue(settings))
    if not has_tokens and not serving.is_loopback:
        raise ConfigError(
            f"others than this machine reach {serving.host}, and nobody has a token",
            hint="make one first: scrapeq token create NAME --right administer",
        )
    if not has_tokens:
        warn("nobody has a token yet; make one: scrapeq token create NAME --right administer")
    if not serving.is_loopback and not tls:
        warn(
            "tokens travel in clear: give --tls-certificate and --tls-key, or put a proxy that speaks "
            "TLS before it"
        )
    with _listener(serving.host, serving.port) as listener:
        shown = Dashboard(settings)
        access.forget_old_writes(shown.project.queue)
        app = make_app(
            shown,
            people.StoredTokens(shown.project.queue),
            hosts=_names(serving),
            requests_per_minute=serving.requests_per_minute,
        )
        address = _address(listener, serving.host, "https" if tls else "http")
        _run(app, listener, lambda: say(address), forwarded_allow_ips=proxies, **tls)


def _loaded() -> tuple[Any, Any]:
    """What makes the application, and knows people. Raises MissingExtra."""
    try:
        import python_multipart  # noqa: F401 # FastAPI reads uploaded files with it
        import uvicorn  # noqa: F401

        from scrapeq.api import people
        from scrapeq.api.app import make_app
    except ImportError as error:
        raise MissingExtra(
            f"the server needs {error.name}", hint="pip install 'scrapeq[server]'"
        ) from None
    return make_app, people


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise ConfigError(
            f"port {port} of {host} cannot be used: {error.strerror}",
            hint="choose another, or --port 0 for any free one",
        ) from None


def _address(listener: socket.socket, host: str, scheme: str = "http") -> str:
    named = f"[{host}]" if ":" in host else host
    return f"{scheme}://{named}:{listener.getsockname()[1]}"


def _names(serving: Serving) -> list[str]:
    """The names in addresses that are answered: all where it listens for others and none is given."""
    from scrapeq.api.names import LOOPBACK

    if not serving.is_loopback and not serving.names:
        return ["*"]
    return [*LOOPBACK, serving.host, *serving.names]


def believed(behind: Sequence[str]) -> list[str]:
    """The proxies whose X-Forwarded-For and X-Forwarded-Proto are believed, as uvicorn takes them. Raises
    ConfigError for what is no address and no network, and where they hold half of all public addresses or more."""
    hint = (
        "give --behind an address or a network, like 10.0.0.5 or 172.16.0.0/12: whoever is in it may "
        "say whose request it passes on"
    )
    found: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = []
    for one in behind or _THIS_MACHINE:
        try:
            found.append(ipaddress.ip_network(one.strip(), strict=False))
        except ValueError:
            raise ConfigError(f"{one!r} is no address of a proxy", hint=hint) from None
    for whole in _PUBLIC:
        held = _held([one for one in found if one.version == whole.version], whole)
        if held * 2 >= whole.num_addresses:
            raise ConfigError(
                f"{', '.join(behind)[:200]} {'hold' if len(behind) > 1 else 'holds'} half of all addresses or more, "
                "so it is no address of a proxy",
                hint=hint,
            )
    return [str(one) for one in found]


def _held(networks: Sequence[Any], whole: Any) -> int:
    """Addresses of `whole` that are in some network; one that is in several counts once."""
    apart = ipaddress.collapse_addresses(networks)
    return sum(min(one.num_addresses, whole.num_addresses) for one in apart if one.overlaps(whole))


def _tls(serving: Serving) -> dict[str, Any]:
    """uvicorn's options. Raises ConfigError for files that are no certificate and key."""
    if serving.certificate is None and serving.key is None:
        return {}
    if serving.certificate is None or serving.key is None:
        raise ConfigError(
            "a certificate and its key belong together",
            hint="give --tls-certificate and --tls-key, or none of them",
        )
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
            serving.certificate, serving.key
        )
    except OSError as error:  # ssl.SSLError is one
        raise ConfigError(
            f"{serving.certificate} and {serving.key} cannot be used for TLS: {error}",
            hint="give PEM files of a certificate and of its key",
        ) from None
    return {"ssl_certfile": serving.certificate, "ssl_keyfile": serving.key}


def _run(app: Any, listener: socket.socket, say: Callable[[], object], **more: Any) -> None:
    import uvicorn

    options = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,  # it would hold the dashboard's token
        server_header=False,
        timeout_graceful_shutdown=1,  # seconds; pages that look on never leave by themselves
        **more,
    )
    say()
    uvicorn.Server(options).run(sockets=[listener])
