"""What a front end asks of the dashboard, as plain values from the wire: checked, done, answered."""

from __future__ import annotations

import json
import logging
import secrets
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from scrapeq import display
from scrapeq.cluster import temporary
from scrapeq.dashboards.dashboard import Dashboard
from scrapeq.errors import InputError, ScrapeqError
from scrapeq.frames.file_formats import READ, in_words

log = logging.getLogger(__name__)

#: Characters of an answer: names of batches, which strangers may have written, are in it.
MOST_MESSAGE = 1000
#: Uploads that wait to be submitted; older ones are dropped.
MOST_UPLOADS = 5


class Request(BaseModel):
    """One wish: a submission, or something to be done with a batch. Unknown members are refused."""

    model_config = ConfigDict(extra="forbid")

    do: str = Field(max_length=40)
    batch: str = Field("", max_length=200)
    way: Literal["", "urls", "frame", "file"] = ""
    name: str = Field("", max_length=200)
    options: dict[str, str | bool] = {}
    urls: str = ""
    frame: str = Field("", max_length=2000)
    file: str = Field("", max_length=200)
    column: str = Field("", max_length=200)
    refresh: bool = False


class Requests:
    """Answers requests of one front end.

    A notebook offers its tables by name (`table`), and a folder to save exports to. Raises nothing:
    what cannot be done is an answer with `error`.
    """

    def __init__(
        self,
        dashboard: Dashboard,
        table: Callable[[str], Any] | None = None,
        save_to: Path | None = None,
    ) -> None:
        self._dashboard = dashboard
        self._table = table
        self._save_to = save_to
        #: A folder of its own, for files on their way; it goes with this object.
        self.folder = temporary.make("dashboard")
        weakref.finalize(self, temporary.remove, self.folder)
        self._files: dict[str, Path] = {}

    def answer(self, request: dict[str, Any] | bytes) -> dict[str, str]:
        """`{"message": what was done}` or `{"error": why not, and what to do}`; bytes are JSON."""
        try:
            if isinstance(request, bytes):
                message = self._do(Request.model_validate_json(request))
            else:
                message = self._do(Request.model_validate(request))
            return {"message": display.plain(message, MOST_MESSAGE)}
        except ValidationError as error:
            return {"error": f"this cannot be understood: {error.errors()[0]['msg']}"}
        except ScrapeqError as error:
            return {"error": display.plain(error.elsewhere, MOST_MESSAGE)}
        except Exception as error:  # the rim: whoever pressed the button has to see it
            log.exception("a request to the dashboard failed")
            return {"error": f"this failed: {type(error).__name__}; see the log of scrapeq"}

    @contextmanager
    def upload(self, name: str) -> Iterator[tuple[str, IO[bytes]]]:
        """A key for a request's `file`, and a file to write what was uploaded into.

        Only the ending of the name is used. A file that does not become complete is not kept, nor
        are more than `MOST_UPLOADS` that nobody submitted. Raises InputError for an ending that
        holds no table.
        """
        ending = PurePosixPath(name).suffix.lower()
        if ending not in READ:
            raise InputError(
                f"URLs cannot be read from a {ending or 'nameless'} file",
                hint=f"choose one that ends in {in_words(READ)}",
            )
        key = secrets.token_urlsafe(8)
        path = self.folder / f"{key}{ending}"
        try:
            with path.open("wb") as file:
                yield key, file
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        self._files[key] = path
        for older in list(self._files)[:-MOST_UPLOADS]:
            self._files.pop(older).unlink(missing_ok=True)

    def _do(self, request: Request) -> str:
        if request.do == "export" and self._save_to is not None:
            return f"wrote {self._dashboard.export(request.batch, request.name, self._save_to)}"
        if request.do != "submit":
            return self._dashboard.steer(request.do, request.batch)
        submit = partial(
            self._dashboard.submit,
            answers=request.options,
            name=request.name,
            refresh=request.refresh,
        )
        if request.way == "frame":
            table, column = self._chosen(request.frame)
            return submit(table, column=column)
        if request.way == "file":
            path = self._files.pop(request.file, None)
            if path is None:
                raise InputError("the file did not arrive", hint="choose it again")
            try:
                return submit(path, column=request.column)
            finally:
                path.unlink(missing_ok=True)
        return submit(request.urls)

    def _chosen(self, frame: str) -> tuple[Any, str]:
        if self._table is None or not frame:
            raise InputError("no table is chosen", hint="make a DataFrame with a column of URLs")
        name, column = json.loads(frame)
        return self._table(str(name)), str(column)
