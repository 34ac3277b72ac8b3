"""A batch as it goes on: server-sent events, which go on where they were broken off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from scrapeq import display
from scrapeq.api.batch_routes import BatchId
from scrapeq.api.following import LOOK_S, MOST_ROWS, Followed, News, followed
from scrapeq.api.problems import Refusal
from scrapeq.api.route import CLOCKS, Route
from scrapeq.api.service import Reader
from scrapeq.database.jobs import FinishedRow
from scrapeq.errors import ScrapeqError

router = APIRouter(prefix="/v1/batches", tags=["batches"], route_class=Route)

#: Events that one process sends to so many at once; each takes some 100 kB.
MOST_STREAMS = 2_000
#: Seconds after which a browser connects again.
AGAIN_MS = 2_000


@dataclass(slots=True)
class Following:
    """One who follows a batch. place: of the last row that they know; rows: whether they want rows;
    still_known: asks whether their token is still good."""

    news: News
    all: Followed
    place: int
    rows: bool
    still_known: Callable[[], Awaitable[object]]


async def _following(
    request: Request,
    who: Reader,
    batch: BatchId,
    rows: Annotated[bool, Query(description="An event for each row, too.")] = True,
    last_event_id: Annotated[
        str | None,
        Header(pattern=r"^[0-9]{1,18}$", description="The id of the last event that was received."),
    ] = None,
) -> Following:
    found = await asyncio.to_thread(who.queue.find_batch, batch)
    every = followed(request.app)
    place = int(last_event_id or 0)
    news = every.news(who.service, found.id)
    if last_event_id is not None and found.is_complete and not (rows and await news.rows(place)):
        raise Refusal(204, "nothing follows")  # so a browser does not connect again
    if every.streams >= MOST_STREAMS:
        raise Refusal(
            503,
            f"{every.streams:,} follow a batch already",
            "ask for /progress now and then, or try again in a minute",
            {"Retry-After": "60"},
        )
    return Following(news, every, place, rows, request.state.still_known)


@router.get(
    "/{batch:path}/events",
    response_class=EventSourceResponse,
    responses={204: {"description": "The batch is over, and Last-Event-ID is its last event."}},
)
async def follow_batch(
    who: Annotated[Following, Depends(_following)],
) -> AsyncIterator[ServerSentEvent]:
    """The batch as it goes on, until every row has its result: server-sent events.

    `row` for each row as it is finished, with an id; `progress` when counts have changed; `away` where
    Redis or the record does not answer; `end` at the end. With the `Last-Event-ID` of the last one that
    was received, it goes on behind that, and no row is lost or comes twice.
    """
    who.all.streams += 1
    try:
        async for event in _events(who):
            yield event
    finally:
        who.all.streams -= 1


async def _events(who: Following) -> AsyncIterator[ServerSentEvent]:
    shown: dict[str, Any] = {}
    is_away = False
    while True:
        try:
            if not await who.still_known():
                return  # it was revoked; who asks again is told so
            progress, is_over = await who.news.latest()
            while who.rows and (rows := await who.news.rows(who.place)):
                for one in rows:
                    yield _row_event(one)
                    who.place = one.place
                if len(rows) < MOST_ROWS:
                    break
            counts = progress.model_dump(exclude=CLOCKS | {"rate_per_s"})
            if counts != shown or is_away:
                yield ServerSentEvent(event="progress", data=progress, retry=AGAIN_MS)
            shown, is_away = counts, False
            if is_over:
                yield ServerSentEvent(event="end", data=progress)
                return
        except ScrapeqError as error:
            if not is_away:
                away = {"detail": error.problem, "hint": error.hint}
                yield ServerSentEvent(event="away", data=away)
            is_away = True
        await asyncio.sleep(LOOK_S)


def _row_event(one: FinishedRow) -> ServerSentEvent:
    data = {
        "row": one.row,
        "job_id": one.job_id,
        "url": display.plain(one.url, 2_000),
        "status": one.status,
        "error_kind": one.error_kind,
        "error_message": one.error_message and display.plain(one.error_message, 1_000),
        "from_store": bool(one.from_store),
    }
    return ServerSentEvent(event="row", id=str(one.place), data=data)
