"""A failure of our own: what an exception becomes when no page or server caused it.

Used at the rims: around an attempt (`attempt.py`), and in the reading child (`reader_child.py`),
which is a process of its own. Nothing else catches `Exception` for the sake of a page.
"""

from __future__ import annotations

import logging

from scrapeq.errors import ConfigError
from scrapeq.models import ErrorKind, Failure

log = logging.getLogger(__name__)

#: Where a reader of the row finds the traceback.
LOG = "the worker's log (logs/worker.log in .scrapeq, where the cluster is scrapeq's own)"


def own_failure(error: Exception, doing: str) -> Failure:
    """The row of a page on which we failed: final, and no fault of its host.

    `config` for what the operator can mend: a package or a secret that is missing. `internal` for
    the rest, with the exception's type; its traceback goes to the log. doing: for the log only.
    """
    if isinstance(error, ImportError):
        log.error("this installation is not complete: %s", error)
        missing = error.name or str(error)
        return Failure(
            ErrorKind.CONFIG,
            f"the worker's installation is not complete ({missing}); run `scrapeq doctor` there",
        )
    if isinstance(error, ConfigError):
        log.error("%s: %s", doing, error)
        return Failure(ErrorKind.CONFIG, str(error))
    log.error("%s", doing, exc_info=error)
    return Failure(
        ErrorKind.INTERNAL,
        f"scrapeq itself failed on this page ({type(error).__name__}); {LOG} has the traceback",
    )
