"""What a picture costs: milliseconds and bytes per repaint, whatever the number of jobs.

    python benchmarks/repaint.py [--sizes 1000 100000 1000000] [--repaints 30]

For each size a batch half of which is done, one job in 20 with an error, is drawn again and again,
while its counters move: as a live card, and as the whole dashboard, of which only the parts that
changed travel. Prints medians, and ratios to the smallest size.
"""

from __future__ import annotations

import argparse
import statistics
import time

import sqlalchemy as sa

import scrapeq as sq
from scrapeq.dashboards import Dashboard
from scrapeq.database.schema import batches, jobs
from scrapeq.models import BatchState
from scrapeq.project.services import shared_services

KINDS = ("http_4xx", "dns", "empty", "truncated")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 100_000, 1_000_000])
    parser.add_argument("--repaints", type=int, default=30)
    options = parser.parse_args()
    print(f"{'':>10}  {'card':^28}  {'dashboard':^40}")
    print(f"{'jobs':>10}  {'ms':>7} {'ratio':>7} {'bytes':>10}  ", end="")
    print(f"{'ms':>7} {'ratio':>7} {'bytes':>10} {'first bytes':>12}")
    first = None
    for size in options.sizes:
        measured = repaints(size, options.repaints)
        first = first or measured
        card_ms, card_bytes, dashboard_ms, dashboard_bytes, all_bytes = measured
        print(
            f"{size:>10,}  {card_ms:>7.1f} {card_ms / first[0]:>6.1f}x {card_bytes:>10,}  ", end=""
        )
        print(
            f"{dashboard_ms:>7.1f} {dashboard_ms / first[2]:>6.1f}x {dashboard_bytes:>10,} {all_bytes:>12,}"
        )


def repaints(size: int, count: int) -> tuple[float, int, float, int, int]:
    """Medians over `count`: a card's ms and bytes, the dashboard's ms and bytes that travel, and
    the bytes of all its parts."""
    with sq.LocalCluster(workers=0, temporary=True) as cluster:
        queue = sq.get_job_queue(cluster.settings)
        services = shared_services(cluster.settings)
        batch = queue.submit_batch(
            [f"http://127.0.0.{n % 32 + 1}/page/{n}" for n in range(size)], name="many"
        )
        done = half_done(services.engine, batch.id, size)
        for begin in range(0, len(done), 10_000):
            services.frontier.jobs.forget(done[begin : begin + 10_000])
        dashboard = Dashboard(queue=queue, same_s=0)
        shown: dict[str, str] = {}
        all_bytes = sum(len(html.encode()) for html in dashboard.changed(shown).values())
        cards, parts = [], []
        for _ in range(count):
            with services.engine.begin() as connection:
                connection.execute(batches.update().values(completed=batches.c.completed + 1))
            cards.append(timed(lambda: dashboard.project.handle(batch.id).card(actions=True)))
            parts.append(timed(lambda: "".join(dashboard.changed(shown).values())))
    return (*medians(cards), *medians(parts), all_bytes)


def half_done(engine: sa.Engine, batch_id: str, size: int) -> list[str]:
    """Let the first half of a batch be done; the jobs that it was."""
    now_ms = round(time.time() * 1000)
    done = size // 2
    failed = jobs.c.row % 20 == 0
    with engine.begin() as connection:
        connection.execute(
            jobs.update()
            .where(jobs.c.batch_id == batch_id, jobs.c.row < done)
            .values(
                status=sa.case((failed, "failed"), else_="completed"),
                error_kind=sa.case(
                    *((failed & (jobs.c.row % 80 == 20 * n), kind) for n, kind in enumerate(KINDS))
                ),
                error_message=sa.case((failed, "it failed")),
                finish_order=jobs.c.row + 1,
                finished_ms=now_ms,
                attempts=1,
            )
        )
        connection.execute(
            batches.update().values(
                completed=done - -(-done // 20),
                failed=-(-done // 20),
                finish_order=done,
                state=BatchState.OPEN.value,
            )
        )
        query = sa.select(jobs.c.id).where(jobs.c.batch_id == batch_id, jobs.c.row < done)
        return list(connection.execute(query).scalars())


def timed(draw) -> tuple[float, int]:
    """Milliseconds and bytes of a picture."""
    began = time.perf_counter()
    html = draw()
    return (time.perf_counter() - began) * 1000, len(html.encode())


def medians(pictures: list[tuple[float, int]]) -> tuple[float, int]:
    return (
        statistics.median(took_ms for took_ms, _ in pictures),
        round(statistics.median(size for _, size in pictures)),
    )


if __name__ == "__main__":
    main()
