"""A language model's endpoint that says what it is told to, over real sockets."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from scrapeq.settings import Settings, load_settings

SECRET = "sk-very-secret-0123456789"


class Endpoint:
    """Says what it is told to, request after request, and keeps what it was asked.

    A scripted answer is a whole chat completion, a (status, body) pair with headers behind it if it has
    some, or a function that is given the handler and writes what it likes. When the script is at its
    end, `always` answers what it is asked.
    """

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.script: list[Any] = []
        self.always: Callable[[dict[str, Any]], Any] | None = None
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                endpoint.asked.append(json.loads(body))
                endpoint.headers.append(
                    {name.lower(): value for name, value in self.headers.items()}
                )
                if endpoint.script or endpoint.always is None:
                    said = endpoint.script.pop(0)
                else:
                    said = endpoint.always(endpoint.asked[-1])
                if callable(said):
                    said(self)
                    return
                reply(self, *(said if isinstance(said, tuple) else (200, json.dumps(said))))

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def settings(self, **others: object) -> Settings:
        return load_settings(
            **{
                "SCRAPEQ_AI_BASE_URL": self.url,
                "SCRAPEQ_AI_API_KEY": SECRET,
                "SCRAPEQ_AI_MAX_RETRIES": 0,
                **others,
            }
        )


def reply(
    handler: BaseHTTPRequestHandler, status: int, text: str, headers: Mapping[str, str] = {}
) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(text.encode())))
    handler.end_headers()
    handler.wfile.write(text.encode())


def completion(content: str | None, finish_reason: str = "stop", **message: Any) -> dict[str, Any]:
    """As little of a chat completion as servers get away with."""
    said = {"role": "assistant", "content": content, **message}
    return {"choices": [{"message": said, "finish_reason": finish_reason}]}


def counted(
    content: str | None, sent: int = 1000, answered: int = 100, **details: Any
) -> dict[str, Any]:
    """A chat completion with its tokens, of a model whose price is known."""
    usage = {"prompt_tokens": sent, "completion_tokens": answered, **details}
    return {**completion(content), "model": "gpt-4o-mini-2024-07-18", "usage": usage}
