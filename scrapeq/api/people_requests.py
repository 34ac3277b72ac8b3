"""What people ask of the dashboard's page, each within their rights, and noted in the audit log."""

from __future__ import annotations

import json
import threading
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from scrapeq import display
from scrapeq.api.allowed import check_allowed
from scrapeq.api.problems import Refusal
from scrapeq.api.service import Asker, Service
from scrapeq.client import access
from scrapeq.cluster import temporary
from scrapeq.dashboards import Dashboard, Requests, options
from scrapeq.errors import ConfigError, ScrapeqError
from scrapeq.models.actions import Action
from scrapeq.models.person import Person, Right

#: People whose uploads are kept.
MOST_PEOPLE = 100


class _Theirs(Dashboard):
    """The dashboard of a project as one person uses it."""

    def __init__(self, asker: Asker) -> None:
        super().__init__(queue=asker.own_queue)
        self._asker = asker

    def steer(self, action: str, batch_id: str) -> str:
        """See `Dashboard.steer`; of batches that the person may steer."""
        if action in list(Action):
            with _in_words():
                self._asker.batch_to_change(batch_id)
        return super().steer(action, batch_id)

    def submit(self, source: Any, answers: Mapping[str, Any], **more: Any) -> str:
        """See `Dashboard.submit`; with options that the person may use."""
        with _in_words():
            check_allowed(self._asker.person, options.config(answers))
        return super().submit(source, answers, **more)


@contextmanager
def _in_words() -> Iterator[None]:
    """A refusal as an error that the page shows."""
    try:
        yield
    except Refusal as error:
        raise ConfigError(str(error.detail), hint=error.hint) from None


class PeopleRequests:
    """The requests of everybody who has the page open."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._lock = threading.Lock()
        self._requests: dict[Person, Requests] = {}
        #: A folder of its own, for exports on their way; it goes with this object.
        self.folder = temporary.make("exports")
        weakref.finalize(self, temporary.remove, self.folder)

    def of(self, person: Person) -> Requests:
        """Those of one person. Raises ConfigError for one who may only read."""
        if not person.right.includes(Right.SUBMIT):
            raise ConfigError(
                f"the token of {person.name} may {person.right}, and changes nothing",
                hint="ask for another one: scrapeq token create NAME",
            )
        with self._lock:
            if person not in self._requests:
                while len(self._requests) >= MOST_PEOPLE:
                    del self._requests[next(iter(self._requests))]
                theirs = _Theirs(Asker(person, self._service))
                self._requests[person] = Requests(theirs)
            return self._requests[person]

    def answer(self, person: Person, body: bytes, address: str) -> dict[str, str]:
        """What `Requests.answer` gives, for what one person asks from an address."""
        request = _parsed(body)
        known = request if isinstance(request, dict) else {}
        action, target = (str(known.get(name, ""))[:200] for name in ("do", "batch"))
        try:
            queue = self._service.queue
            begun = access.begin_write(
                queue,
                person,
                f"dashboard {action}",
                target,
                key=None,
                digest="",
                address=address,
            )
            found = self.of(person).answer(request)
            if begun.entry is not None:
                wrong = found.get("error", "")
                access.end_write(
                    queue,
                    begun.entry,
                    target=target,
                    status=422 if wrong else 200,
                    result=wrong or found.get("message", ""),
                    answer=None,
                )
        except ScrapeqError as error:
            return {"error": display.plain(error.elsewhere, 1_000)}
        return found


def _parsed(body: bytes) -> dict[str, Any] | bytes:
    """A request; what is none as it came, to be refused."""
    try:
        request = json.loads(body)
    except (ValueError, RecursionError):
        return body
    return request if isinstance(request, dict) else body
