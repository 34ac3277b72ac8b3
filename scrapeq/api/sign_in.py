"""The page on which a person who comes to the dashboard without a token is asked for one."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse

from scrapeq import display
from scrapeq.api.problems import Refusal

_HERE = Path(__file__).parent
#: Bytes that a filled-in form may have; a token has 50.
MOST_FORM = 4_000


def page(*, was_wrong: bool) -> HTMLResponse:
    """The form. was_wrong: a token was given, and nobody has it."""
    return HTMLResponse(display.render(_HERE, "sign_in", was_wrong=was_wrong), status_code=401)


async def token_of(request: Request) -> str:
    """The token in a form that was filled in, "" without one. Raises Refusal (413) for a longer form."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_FORM:
            raise Refusal(413, f"more than {MOST_FORM:,} bytes", "send the token alone")
    given = parse_qs(body.decode("ascii", "replace")).get("token", [""])
    return given[0].strip()
