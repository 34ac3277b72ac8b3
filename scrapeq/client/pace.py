"""How fast a batch has been since somebody began to look: a few numbers, whatever its length."""

from __future__ import annotations

from itertools import pairwise

#: Steps that are kept; when they are full, two become one that is twice as long.
MOST_STEPS = 40
#: Steps that a picture needs.
LEAST_STEPS = 5


class Pace:
    """Pages a second, step by step; a step is a second at first, and never more than 40 of them."""

    def __init__(self) -> None:
        self._began_s: float | None = None
        self._step_s = 1.0
        self._done: list[int] = []  # at the end of each step

    def add(self, now_s: float, done: int) -> None:
        """So many rows are done now; times never go back."""
        if self._began_s is None:
            self._began_s = now_s
            self._done = [done]
        while (step := int((now_s - self._began_s) / self._step_s)) >= MOST_STEPS:
            self._done = self._done[::2]
            self._step_s *= 2
        if len(self._done) <= step + 1:  # a silence is a line
            before, missing = self._done[-1], step + 1 - len(self._done)
            self._done += [
                before + (done - before) * n // (missing + 1) for n in range(1, missing + 1)
            ]
            self._done.append(done)
        self._done[-1] = done

    @property
    def per_s(self) -> list[float]:
        """Pages a second of each whole step, the oldest first; [] while there are few."""
        whole = self._done[:-1]
        pages = [max(0, after - before) for before, after in pairwise(whole)]
        return [one / self._step_s for one in pages] if len(pages) >= LEAST_STEPS else []
