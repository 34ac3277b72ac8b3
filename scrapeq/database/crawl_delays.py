"""The Crawl-delay of hosts, for when Redis was emptied: it is obeyed from the first request on.

One row of `meta` for each host that asks for one, written when its robots.txt was read.
"""

from __future__ import annotations

import sqlalchemy as sa

from scrapeq.clock import now_ms
from scrapeq.database.engine import insert_into, read_transaction, write_transaction
from scrapeq.database.schema import meta

_PREFIX = "crawl-delay:"
_OURS = sa.and_(meta.c.key >= _PREFIX, meta.c.key < "crawl-delay;")  # ; is what follows :


def keep(engine: sa.Engine, host: str, crawl_delay_ms: int, for_ms: int) -> None:
    """Remember it for so long; 0: the host asks for none any more."""
    row = {"key": f"{_PREFIX}{host}", "value": f"{crawl_delay_ms} {now_ms() + for_ms}"}
    with write_transaction(engine) as connection:
        insert = insert_into(connection, meta).values(**row)
        connection.execute(
            insert.on_conflict_do_update(
                index_elements=["key"], set_={"value": insert.excluded.value}
            )
        )


def known(engine: sa.Engine) -> dict[str, int]:
    """The Crawl-delay of each host that asks for one, in ms. What is too old is deleted."""
    now = now_ms()
    found: dict[str, int] = {}
    old: list[dict[str, str]] = []
    with read_transaction(engine) as connection:
        rows = connection.execute(sa.select(meta.c.key, meta.c.value).where(_OURS)).all()
    for key, value in rows:
        crawl_delay_ms, until_ms = map(int, value.split())
        if crawl_delay_ms and until_ms > now:
            found[key.removeprefix(_PREFIX)] = crawl_delay_ms
        else:
            old.append({"old_key": key, "old_value": value})
    if old:
        with write_transaction(engine) as connection:
            connection.execute(
                meta.delete().where(
                    meta.c.key == sa.bindparam("old_key"), meta.c.value == sa.bindparam("old_value")
                ),
                old,
            )
    return found
