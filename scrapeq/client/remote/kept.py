"""What a server keeps of a batch besides its rows: pages and files as they came, counts, costs; and what only
the record itself can give, which says so."""

from __future__ import annotations

import operator
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn

from scrapeq import frames
from scrapeq.client.page_files import PageFiles, no_row
from scrapeq.client.remote.tables import RemoteTables
from scrapeq.errors import ConfigError, NotFound
from scrapeq.models import AICost, FileKind
from scrapeq.models.ai_estimate import AIEstimate

if TYPE_CHECKING:
    import pandas as pd


class RemoteKept(RemoteTables, PageFiles):
    """Read when it is asked for, as the tables are."""

    def html(self, row: int) -> bytes:
        """The page's bytes of an input row (from 0), as they were received and decoded. Raises NotFound if they
        are not kept."""
        row = operator.index(row)
        if not 0 <= row < 2**31:
            raise no_row(row, self.batch.total)
        return self._bytes("/html", row=row)

    @property
    def responses(self) -> pd.DataFrame:
        """One row per JSON answer that matched `capture`, as `BatchHandle.responses`. Each is a request."""
        return frames.responses_frame(self._with_bodies(FileKind.RESPONSE))

    @property
    def console(self) -> pd.DataFrame:
        """One row per console error, exception of a script or failed request. Each page's are a request."""
        return frames.console_frame(self._with_bodies(FileKind.CONSOLE))

    @property
    def selector_health(self) -> pd.DataFrame:
        """On how many pages each selector gives something, as `BatchHandle.selector_health`."""
        runs = self._transport.get(self._path("/selectors")).json()["runs"]
        return frames.selector_health_frame(
            [
                (
                    one["run"],
                    datetime.fromisoformat(one["started_at"]).timestamp(),
                    one["pages"],
                    one["matches"],
                )
                for one in runs
            ]
        )

    @property
    def cost(self) -> AICost:
        """What the language model cost until now. It shows itself."""
        return AICost.model_validate(self._transport.get(self._path("/cost")).json())

    def estimate(self) -> AIEstimate:
        """What the language model of all its rows may cost, by the prices that the server knows. Raises
        ConfigError if no field is filled by a model."""
        return AIEstimate.model_validate(self._transport.get(self._path("/estimate")).json())

    def _of_page(self, kinds: Collection[FileKind]) -> frames.FilesFrame:
        reading = frames.FileReading(self._body, self._previews)
        found = frames.files_frame(self._files(kinds), reading)
        return found.without("page_url", "http_status")

    def _files(self, kinds: Collection[FileKind]) -> Iterator[list[tuple[Any, ...]]]:
        return self._rows("/files", tuple(frames.FILE_TYPES), kind=[str(one) for one in kinds])

    def _with_bodies(self, kind: FileKind) -> Iterator[list[tuple[Any, ...]]]:
        place = list(frames.FILE_TYPES).index("sha256")
        for chunk in self._files([kind]):
            yield [(*row, self._body(row[place])) for row in chunk]

    def _body(self, sha256: str) -> bytes:
        return self._bytes("/file", sha256=sha256)

    def _previews(self, hashes: Sequence[str]) -> dict[str, bytes]:
        found = {}
        for sha256 in hashes:
            try:
                found[sha256] = self._bytes("/file", sha256=sha256, small=True)
            except NotFound:
                continue  # it has none
        return found

    def _bytes(self, what: str, **params: Any) -> bytes:
        return bytes(self._transport.get(self._path(what), **params).content)

    # -- what is only where the record is ------------------------------------------------------

    def read_page(self, row: int, record: Any = None, **options: Any) -> NoReturn:
        """Not over a server: this machine may have no parsers. Raises ConfigError."""
        del row, record, options
        raise _only_there(
            "read_page()",
            "give its bytes to sq.read_page here: sq.read_page(batch.html(0), url=..., record=...)",
        )

    def try_selector(self, selector: str, pages: int = 0) -> NoReturn:
        """Not over a server, which runs nobody's selectors by itself. Raises ConfigError."""
        del selector, pages
        raise _only_there(
            "try_selector()",
            "try it on one page here: sq.read_page(batch.html(0), url=...).select(...); or read all stored "
            "pages with it: batch.reread(custom_selectors=...)",
        )

    def to_warc(self, path: Any) -> NoReturn:
        """Not over a server. Raises ConfigError."""
        del path
        raise _only_there(
            "to_warc()",
            "write it there: sq.attach(name).to_warc(path); html(row) gives the pages here, one by one",
        )

    def findings(self) -> NoReturn:
        """Not over a server. Raises ConfigError."""
        raise _only_there("findings()", "batch.problems is the same as a table")

    @property
    def queue(self) -> NoReturn:
        """Not over a server. Raises ConfigError."""
        raise _only_there(
            "queue", "ask the client: client.get_queue_stats(), client.submit_scraping_job(...)"
        )


def _only_there(what: str, hint: str) -> ConfigError:
    return ConfigError(
        f"{what} is only where the record is, and this batch is behind a server", hint=hint
    )
