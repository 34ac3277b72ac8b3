"""What else a page says about itself, kept by name, each with its source."""

from __future__ import annotations

from typing import Any

from scrapeq.extract.declared import Declared
from scrapeq.extract.links import Joiner

#: Entries of OpenGraph and of Twitter that are kept.
MAX_ENTRIES = 100


def metadata_of(declared: Declared, join: Joiner) -> tuple[dict[str, Any], dict[str, str]]:
    """The metadata, and a source for each of its entries.

    canonical, image: absolute URLs. description, site_name: text. opengraph, twitter: by name
    without the prefix. jsonld: a list of objects. jsonld_unread: how many of its scripts
    could not be read, if any. What the page does not say has no entry.
    """
    found: dict[str, Any] = {}
    sources: dict[str, str] = {}

    def keep(name: str, value: Any, source: str) -> None:
        if value and name not in found:
            found[name] = value
            sources[name] = source

    if declared.canonical:
        keep("canonical", join(declared.canonical), "link rel=canonical")
    for name, metas in _ENTRIES.items():
        for meta in metas:
            if value := declared.metas.get(meta):
                keep(name, join(value) if name in {"canonical", "image"} else value, meta)
    keep("opengraph", _group(declared.metas, "og:"), "og")
    keep("twitter", _group(declared.metas, "twitter:"), "twitter")
    keep("jsonld", declared.jsonld, "json-ld")
    keep("jsonld_unread", declared.unread_jsonld, "json-ld")
    return found, sources


_ENTRIES = {
    "canonical": ("og:url",),
    "description": ("description", "og:description", "twitter:description"),
    "site_name": ("og:site_name", "application-name"),
    "image": ("og:image", "og:image:url", "twitter:image", "twitter:image:src"),
}


def _group(metas: dict[str, str], prefix: str) -> dict[str, str]:
    names = [name for name in metas if name.startswith(prefix)][:MAX_ENTRIES]
    return {name.removeprefix(prefix): metas[name] for name in names}
