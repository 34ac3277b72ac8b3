"""The tables of a batch, read from a server: the same as those that the record gives."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from scrapeq import frames, minhash
from scrapeq.client.page_tables import PageRows, PageTables
from scrapeq.client.remote.transport import Transport
from scrapeq.models import Batch, Links, Page, ScrapingConfig

_T = TypeVar("_T")

#: Pages that are asked for at once.
PAGES_AT_ONCE = 100
#: The columns of what each page keeps of a field.
_VALUE = ("row", "page_url", "value")
#: What the server shows of a secret.
_MASKED = "**********"


class RemoteTables(PageTables):
    """The results of a batch behind a server. It holds none of them. A server that is away is waited for, for
    a minute."""

    def __init__(self, transport: Transport, batch_id: str) -> None:
        self._transport = transport
        self.id = batch_id

    @property
    def batch(self) -> Batch:
        """The batch as it is now; its secrets are masked."""
        return batch_of(self._transport.get(self._path("")).json())

    def pages(self) -> list[Page]:
        """The pages that are finished, in input order, whole; `df` is lighter for many."""
        found: list[Page] = []
        place = 0
        while True:
            some, place = self._pages_after(place)
            if not some:
                return sorted(found, key=lambda page: page.row)
            found += some

    def _pages_after(self, place: int) -> tuple[list[Page], int]:
        """The next pages in the order of finishing, and the place of the last one."""
        answer = self._transport.get(self._path("/pages"), limit=PAGES_AT_ONCE, cursor=str(place))
        pages = answer.json()
        return [Page.model_validate(one) for one in pages["pages"]], int(pages["next_cursor"] or 0)

    def _path(self, what: str) -> str:
        return f"/batches/{self.id}{what}"

    def _read(self, read: Callable[[], _T], *, changes: bool = False) -> _T:
        del changes  # each request waits by itself
        return read()

    def _page_rows(self) -> PageRows:
        names = frames.PAGE_PART_NAMES
        return self._batches("/table", names), names[1:]

    def _input_parts(self) -> Sequence[bytes]:
        answer = self._transport.get(self._path("/input"))
        return [answer.content] if answer.status_code == 200 else []

    def _links(self) -> Iterator[list[tuple[int, str, Links]]]:
        for chunk in self._kept("links"):
            yield [(row, page_url, Links.from_json(value)) for row, page_url, value in chunk]

    def _minhashes(self) -> Iterator[list[tuple[int, str, bytes]]]:
        for chunk in self._kept("minhash"):
            found = (
                (row, page_url, minhash.numbers_of(value["minhash"]))
                for row, page_url, value in chunk
            )
            yield [(row, page_url, numbers) for row, page_url, numbers in found if numbers]

    def _kept(self, field: str) -> Iterator[list[tuple[int, str, Any]]]:
        for chunk in self._rows("/values", _VALUE, field=field):
            yield [(row, page_url, json.loads(value)) for row, page_url, value in chunk]

    def _batches(self, what: str, names: Sequence[str]) -> Iterator[Any]:
        with self._transport.download(self._path(what), format="arrow") as stream:
            yield from frames.arrow_batches(stream, names)

    def _rows(
        self, what: str, names: Sequence[str], **params: str | list[str]
    ) -> Iterator[list[tuple[Any, ...]]]:
        with self._transport.download(self._path(what), format="arrow", **params) as stream:
            yield from frames.arrow_rows(stream, names)

    def _problem_rows(self) -> Sequence[tuple[str, str, int, int, str, str]]:
        found = self._transport.get(self._path("/problems")).json()["problems"]
        names = ("problem", "name", "rows", "of", "message", "advice")
        return [tuple(one[name] for name in names) for one in found]


def batch_of(answer: dict[str, Any]) -> Batch:
    """The batch of an answer. Options that this version does not know are left out, and so is a proxy, of
    which nothing is shown."""
    options = {
        name: value
        for name, value in answer["options"].items()
        if name in ScrapingConfig.model_fields and value != _MASKED
    }
    known = {name: value for name, value in answer.items() if name in Batch.model_fields}
    return Batch.model_validate({**known, "config": ScrapingConfig.build(**options)})
