"""Sending a few bytes to somebody who is to be told something: through the guard, and within seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from yarl import URL

from scrapeq.clock import now
from scrapeq.errors import ConfigError
from scrapeq.fetch.exchange import Request
from scrapeq.fetch.failed import Failed
from scrapeq.fetch.http import AioTransport, user_agent
from scrapeq.fetch.retry import parse_retry_after
from scrapeq.fetch.route import Routes
from scrapeq.fetch.watch import Watch
from scrapeq.models import ScrapingConfig

#: Seconds for all of it, and for a connection.
TIMEOUT_S, CONNECT_S = 10.0, 5.0
#: What is read of an answer, whose status alone counts.
_MOST_ANSWER_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class Post:
    """What to send, and where."""

    url: str = field(repr=False)  # it may be a secret
    body: bytes
    headers: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Posted:
    """What the other side answered: a status, and for how many seconds it wants to be left alone; or why
    there is no answer, in a sentence."""

    http_status: int | None = None
    retry_after_s: float | None = None
    failure: str = ""


def post_all(posts: Sequence[Post], routes: Routes) -> list[Posted]:
    """Send each, all at the same time; the answers in their order. Takes `TIMEOUT_S` at most, and raises
    nothing for what goes wrong on the way. No redirect is followed."""
    return asyncio.run(_post_all(posts, routes))


async def _post_all(posts: Sequence[Post], routes: Routes) -> list[Posted]:
    transport = AioTransport()
    try:
        return await asyncio.gather(*(_post(transport, routes, one) for one in posts))
    finally:
        await transport.close()


async def _post(transport: AioTransport, routes: Routes, post: Post) -> Posted:
    limits = ScrapingConfig(
        connect_timeout_s=CONNECT_S, first_byte_timeout_s=TIMEOUT_S, total_timeout_s=TIMEOUT_S
    )
    try:
        url = str(URL(post.url).with_fragment(None))
        route = routes.route(url, limits)
        async with Watch(limits) as watch:
            answer = await transport.exchange(
                Request(
                    url=url,
                    headers={"User-Agent": user_agent(), **post.headers},
                    max_body_bytes=_MOST_ANSWER_BYTES,
                    reach=route.reach,
                    target=route.target,
                    proxy=None,
                    watch=watch,
                    on_head=lambda _status, _headers: None,
                    cut=True,
                    fresh=True,
                    posted=post.body,
                )
            )
    except (Failed, ConfigError, ValueError) as error:
        return Posted(failure=getattr(error, "message", "") or str(error))
    asked = answer.values("retry-after")
    return Posted(answer.status, parse_retry_after(asked[0], now()) if asked else None)
