"""Looking at several things at once, each within its time; whatever a look raises is a bad check."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass

from scrapeq.checks.check import Check, bad
from scrapeq.errors import ScrapeqError


@dataclass(frozen=True, slots=True)
class Look:
    """name: what a check is called that this gives when it fails as a whole. limit_s: seconds that it
    may take. run: gives the checks, one or several."""

    name: str
    limit_s: float
    run: Callable[[], Iterable[Check]]


def look_at(looks: Sequence[Look]) -> list[Check]:
    """All checks, in the order of the looks; back when the slowest is done, or its time is over.

    A look that is overdue goes on in its thread, which ends with the process at the latest.
    """
    began_s = time.monotonic()
    answers = [_begin(one) for one in looks]
    found: list[Check] = []
    for look, answer in zip(looks, answers, strict=True):
        left_s = max(0.0, began_s + look.limit_s - time.monotonic())
        if wait([answer], left_s).done:
            found += answer.result()
        else:
            found.append(
                bad(
                    look.name,
                    f"no answer within {look.limit_s:g} s",
                    "it hangs, or this machine is very busy: look again in a minute",
                )
            )
    return found


def _begin(look: Look) -> Future[list[Check]]:
    answer: Future[list[Check]] = Future()
    # A daemon: a process ends while it waits for a service that hangs
    threading.Thread(
        target=lambda: answer.set_result(_tried(look)),
        name=f"scrapeq-look-{look.name}",
        daemon=True,
    ).start()
    return answer


def _tried(look: Look) -> list[Check]:
    try:
        return list(look.run())
    except ScrapeqError as error:
        return [bad(look.name, error.problem, error.hint)]
    except Exception as error:  # the rim: what nobody thought of is told, and the other checks too
        hint = "this is a fault of the check itself; report it with these words"
        return [bad(look.name, f"{type(error).__name__}: {error}", hint)]
