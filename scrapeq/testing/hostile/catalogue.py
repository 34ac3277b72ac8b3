"""All cases of the hostile web, group by group."""

from __future__ import annotations

from scrapeq.testing.hostile import (
    addresses,
    bodies,
    charsets,
    connections,
    documents,
    encodings,
    heads,
    markup,
    pasted,
    redirects,
    statuses,
    types,
)

#: Every line of what a server may do without a browser on the other side.
CATALOGUE = (
    *connections.CASES,
    *heads.CASES,
    *bodies.CASES,
    *encodings.CASES,
    *charsets.CASES,
    *redirects.CASES,
    *addresses.CASES,
    *statuses.CASES,
    *types.CASES,
    *documents.CASES,
    *markup.CASES,
    *pasted.CASES,
)
