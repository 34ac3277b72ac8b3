"""The links of a page as columns: three lists cost a tenth of a dict for every link."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Links:
    """Links in the page's order; the lists are equally long.

    url: absolute. text: what a person reads, "" where there is nothing. rel: in lower case,
    space-separated, "" without.
    """

    url: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    rel: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.url)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Each link as a dict with url, text and rel."""
        for url, text, rel in zip(self.url, self.text, self.rel, strict=True):
            yield {"url": url, "text": text, "rel": rel}

    def to_json(self) -> dict[str, list[str]]:
        """The columns by name: the lists themselves, not copies."""
        return {"url": self.url, "text": self.text, "rel": self.rel}

    @classmethod
    def from_json(cls, data: Mapping[str, list[str]] | Iterable[Mapping[str, Any]] | None) -> Self:
        """The links of `to_json`, or of a list of dicts, which records of scrapeq 0.1 have."""
        if isinstance(data, Mapping):
            return cls(data["url"], data["text"], data["rel"])
        listed = list(data or ())
        return cls(*([one.get(name) or "" for one in listed] for name in ("url", "text", "rel")))
