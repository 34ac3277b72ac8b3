"""An `llm.Answers` that all workers and kernels share, through the record."""

from __future__ import annotations

import logging
import threading
import time
import uuid

import sqlalchemy as sa

from scrapeq.database import ai_answers
from scrapeq.errors import DatabaseUnavailable
from scrapeq.llm import Kept

log = logging.getLogger(__name__)

#: Seconds between two looks at a question that another one asks.
LOOK_S = 0.2
#: Seconds between two signs of life of one who asks, and after which one without a sign has ended.
BEAT_S, SILENT_S = 3.0, 12.0


class SharedAnswers:
    """One process's view of them. Safe to use from several threads. While the record is away every question
    is asked, and its answer not kept."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._asker = uuid.uuid4().hex
        self._lock = threading.Lock()
        self._asking: set[str] = set()
        self._beating: threading.Thread | None = None

    def find(self, key: str) -> Kept | None:
        """The answer, waited for while another one asks; None: whoever called is to ask."""
        seen, since_s = None, 0.0
        try:
            while True:
                found = ai_answers.find(self._engine, key)
                if isinstance(found, ai_answers.AIAnswer):
                    return Kept(
                        found.text,
                        found.model,
                        found.input_tokens,
                        found.output_tokens,
                        found.finish_reason,
                    )
                if found is None and ai_answers.claim(self._engine, key, self._asker):
                    break
                if found is not None and found != seen:
                    seen, since_s = found, time.monotonic()
                elif (
                    found is not None
                    and time.monotonic() - since_s > SILENT_S
                    and ai_answers.take_over(self._engine, key, self._asker, found)
                ):
                    break
                time.sleep(LOOK_S)
        except DatabaseUnavailable as error:
            log.info("the language model is asked without a look at the record: %s", error)
            return None
        self._begin(key)
        return None

    def keep(self, key: str, kept: Kept) -> None:
        """The answer for everybody who asks the same from now on."""
        answer = ai_answers.AIAnswer(
            kept.text, kept.model, kept.input_tokens, kept.output_tokens, kept.finish_reason
        )
        self._end(key)
        try:
            ai_answers.keep(self._engine, key, answer)
        except DatabaseUnavailable as error:
            log.warning("an answer of the language model is not kept: %s", error)

    def give_up(self, key: str) -> None:
        """There is no answer that is worth keeping; the next one may ask."""
        self._end(key)
        try:
            ai_answers.give_up(self._engine, key, self._asker)
        except DatabaseUnavailable as error:
            log.info("others wait some seconds for a question that nobody asks: %s", error)

    # -- signs of life -----------------------------------------------------------------------

    def _begin(self, key: str) -> None:
        with self._lock:
            self._asking.add(key)
            if self._beating is None:
                self._beating = threading.Thread(target=self._beat, daemon=True)
                self._beating.start()

    def _end(self, key: str) -> None:
        with self._lock:
            self._asking.discard(key)

    def _beat(self) -> None:
        """Until nothing has been asked for a while."""
        while True:
            time.sleep(BEAT_S)
            with self._lock:
                keys = sorted(self._asking)
                if not keys:
                    self._beating = None
                    return
            try:
                ai_answers.beat(self._engine, keys, self._asker)
            except DatabaseUnavailable as error:
                log.info("the record is away while the language model is asked: %s", error)
