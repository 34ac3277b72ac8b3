"""A stand-in for a language model on loopback: for notebooks, tests and trying out what AI fields cost.

It understands nothing. It speaks the protocol of chat completions with structured output, takes for each
field the first thing on the page that has the field's type, and counts tokens; so a batch runs, pays and is
accounted for as with a real one.
"""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

#: Words that a sentence must have, so that it is none of a menu.
_LEAST_WORDS = 6
#: Letters of English in a token, as a rule of thumb.
_LETTERS_A_TOKEN = 4
#: Schemas within schemas that are followed.
_DEEPEST = 20
#: Bytes of a request that are read.
_LARGEST = 10_000_000

_PAGE = re.compile(r"<<<PAGE \w+\n(.*)\nPAGE \w+>>>", re.DOTALL)
_SENTENCE = re.compile(r"[^\n.!?]+[.!?]")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


class LittleModel:
    """An endpoint at `url` that answers as a language model would, by a rule and at once.

    Use it in a `with` block, or call `start()` and `close()`. It runs in a thread of this process.
    `calls`: how many requests it has answered.
    """

    def __init__(self) -> None:
        self.calls = 0
        self._lock = threading.Lock()
        self._server: ThreadingHTTPServer | None = None

    def start(self) -> Self:
        """Listen on a free port of 127.0.0.1; nothing happens if it does."""
        if self._server is None:
            self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
            self._server.daemon_threads = True
            threading.Thread(
                target=self._server.serve_forever, name="scrapeq-little-model", daemon=True
            ).start()
        return self

    def close(self) -> None:
        """Listen no longer."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        """The endpoint's address. Raises RuntimeError before `start()`."""
        if self._server is None:
            raise RuntimeError("the little model is not started: call start()")
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    @property
    def environment(self) -> dict[str, str]:
        """What workers find in their environment to ask it, with the prices of a small real model (USD
        for a million tokens): update `os.environ` with it before the first scrape."""
        return {
            "SCRAPEQ_AI_BASE_URL": self.url,
            "SCRAPEQ_AI_API_KEY": "none",
            "SCRAPEQ_AI_MODEL": "little-model",
            "SCRAPEQ_AI_INPUT_PRICE": "0.15",
            "SCRAPEQ_AI_OUTPUT_PRICE": "0.60",
        }

    def answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The chat completion for one request."""
        with self._lock:
            self.calls += 1
        words = "\n".join(str(one.get("content", "")) for one in asked.get("messages", ()))
        found = _PAGE.search(words)
        page = found[1] if found else words
        wanted = asked.get("response_format", {}).get("json_schema", {}).get("schema")
        reply = _sentence(page) if wanted is None else json.dumps(_value(wanted, wanted, page))
        sent, answered = len(words) // _LETTERS_A_TOKEN, len(reply) // _LETTERS_A_TOKEN
        return {
            "id": f"little-{self.calls}",
            "object": "chat.completion",
            "created": 0,
            "model": "little-model",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": reply},
                    "finish_reason": "stop",
                }
            ],
            "usage": {
                "prompt_tokens": sent,
                "completion_tokens": answered,
                "total_tokens": sent + answered,
            },
        }


def _handler(model: LittleModel) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            try:
                length = min(int(self.headers["Content-Length"]), _LARGEST)
                reply, status = model.answer(json.loads(self.rfile.read(length))), 200
            except (KeyError, TypeError, ValueError, AttributeError):
                reply, status = {"error": {"message": "this is no chat completion's request"}}, 400
            body = json.dumps(reply).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def _sentence(page: str) -> str:
    """The first sentence of some words; else the first line."""
    sentences = (one.strip() for one in _SENTENCE.findall(page))
    whole = next((one for one in sentences if len(one.split()) >= _LEAST_WORDS), None)
    return whole or page.strip().partition("\n")[0]


def _value(schema: dict[str, Any], root: dict[str, Any], page: str, deep: int = 0) -> Any:
    """Something that is valid by the schema, from the page where it can be."""
    if deep > _DEEPEST:
        return None
    if name := schema.get("$ref"):
        where: Any = root
        for step in str(name).removeprefix("#/").split("/"):
            where = where[step]
        return _value(where, root, page, deep + 1)
    if choices := schema.get("enum"):
        lower = page.lower()
        return next((one for one in choices if str(one).lower() in lower), choices[0])
    if "const" in schema:
        return schema["const"]
    for one in schema.get("anyOf", ()):
        return _value(one, root, page, deep + 1)
    kind = schema.get("type")
    match kind[0] if isinstance(kind, list) else kind:
        case "object":
            fields = schema.get("properties", {})
            return {name: _value(one, root, page, deep + 1) for name, one in fields.items()}
        case "array":
            return [_value(schema.get("items", {}), root, page, deep + 1)]
        case "integer":
            return int(float(found[0])) if (found := _NUMBER.search(page)) else None
        case "number":
            return float(found[0]) if (found := _NUMBER.search(page)) else None
        case "boolean":
            return True
        case "null":
            return None
    return _sentence(page)
