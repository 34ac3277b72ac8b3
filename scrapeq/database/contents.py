"""The bytes of pages and of files, compressed, once per content.

Pages are kept by default, so that a batch can be read again with other selectors, as long as there is
room: the oldest go first. What somebody asked to be kept (`store_html`, files) lasts.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from isal import isal_zlib

from scrapeq.clock import now_ms
from scrapeq.database.engine import insert_into, read_transaction, write_transaction
from scrapeq.database.schema import contents, files

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

#: Of zstd. 150 pages of WCXB (242 KB on average) took 0.37 ms each and became 41 KB; zlib's level 6
#: took 3.5 ms for 42 KB, level 3 of zstd 0.48 ms for 39 KB.
LEVEL = 1
#: What a zstd frame begins with (RFC 8878, section 3.1.1); older rows are zlib's.
_ZSTD = b"\x28\xb5\x2f\xfd"
#: Contents that are looked at, and let go of, in one transaction.
_CHUNK = 500


def content_hash(body: bytes) -> str:
    """The name under which a content is kept once."""
    return hashlib.sha256(body).hexdigest()


def content_row(body: bytes, content_type: str, *, lasting: bool = True) -> dict[str, Any]:
    """A row of `contents`. lasting: whether it stays when room is made for others.

    Made before a transaction, not in it: others wait for the record meanwhile.
    """
    packed = zstd.compress(body, LEVEL)
    return {
        "sha256": content_hash(body),
        "content_type": content_type,
        "body": packed,
        "bytes": len(packed),
        "kept_ms": now_ms(),
        "lasting": lasting,
    }


def unpacked(packed: bytes) -> bytes:
    """The bytes of a row's `body`."""
    if packed.startswith(_ZSTD):
        return zstd.decompress(packed)
    return isal_zlib.decompress(packed)


def save(connection: sa.Connection, rows: Iterable[dict[str, Any]]) -> None:
    """Keep contents that are not there yet; one that is asked for now lasts from now on."""
    by_name: dict[str, dict[str, Any]] = {}
    for row in rows:
        before = by_name.get(row["sha256"])
        by_name[row["sha256"]] = {
            **row,
            "lasting": row["lasting"] or bool(before and before["lasting"]),
        }
    if not by_name:
        return
    insert = insert_into(connection, contents)
    insert = insert.on_conflict_do_update(
        index_elements=["sha256"],
        set_={"kept_ms": insert.excluded.kept_ms, "lasting": sa.true()},
        where=sa.and_(insert.excluded.lasting, ~contents.c.lasting),
    )
    connection.execute(insert, [by_name[name] for name in sorted(by_name)])  # one order for all


def let_go(engine: sa.Engine, most_bytes: int) -> int:
    """Make room: delete the oldest contents that nobody asked to be kept until the others take at most
    so many bytes; how many were deleted. Their pages' rows stay."""
    passing = contents.c.lasting == sa.false()
    with read_transaction(engine) as connection:
        total = (
            connection.execute(sa.select(sa.func.sum(contents.c.bytes)).where(passing)).scalar()
            or 0
        )
    deleted = 0
    while total > most_bytes:
        with write_transaction(engine) as connection:
            query = sa.select(contents.c.sha256, contents.c.bytes).where(passing)
            oldest = connection.execute(query.order_by(contents.c.kept_ms).limit(_CHUNK)).all()
            names = []
            for name, size in oldest:
                if total <= most_bytes:
                    break
                names.append(name)
                total -= size
            if not names:
                break
            deleted += len(names)
            in_files = sa.select(files.c.job_id).where(files.c.sha256 == contents.c.sha256)
            connection.execute(
                contents.delete().where(contents.c.sha256.in_(names), ~in_files.exists())
            )
    return deleted
