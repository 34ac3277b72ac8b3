"""Running the dashboard's server on this machine, until it is interrupted."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from scrapeq.errors import ConfigError, MissingExtra

if TYPE_CHECKING:
    from scrapeq.settings import Settings

#: The port that `scrapeq dashboard` asks for.
USUAL_PORT = 8765


def serve(
    say: Callable[[str], object], settings: Settings | None = None, port: int = USUAL_PORT
) -> None:
    """Serve the dashboard on 127.0.0.1; `say` is given its address, with the token, once it answers.

    `port` 0 takes a free one. Raises ConfigError for a port that is taken, MissingExtra without
    fastapi and uvicorn, and what `get_job_queue` raises.
    """
    try:
        import uvicorn

        from scrapeq.api.dashboard import make_app
    except ImportError as error:
        raise MissingExtra(
            f"the dashboard's page needs {error.name}", hint="pip install 'scrapeq[server]'"
        ) from None
    from scrapeq.dashboards import Dashboard

    try:
        listener = socket.create_server(("127.0.0.1", port))
    except OSError as error:
        raise ConfigError(
            f"port {port} cannot be used: {error.strerror}",
            hint="choose another, or --port 0 for any free one",
        ) from None
    token = secrets.token_urlsafe(24)
    app = make_app(Dashboard(settings), token)
    with listener:
        options = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,  # it would hold the token
            server_header=False,
            timeout_graceful_shutdown=1,  # seconds; pages that look on never leave by themselves
        )
        server = uvicorn.Server(options)
        say(f"http://127.0.0.1:{listener.getsockname()[1]}/?token={token}")
        server.run(sockets=[listener])
