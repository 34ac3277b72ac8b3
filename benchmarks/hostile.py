"""What the hostile web does to good pages beside it: their p95 as a ratio, and the memory.

    python benchmarks/hostile.py --pages 2000 --at-once 64 --hostile-at-once 16

One fetcher with its reading children, as in a worker process. Good pages are visited alone, and
then as many while the catalogue runs through again and again. Fails if a good page is not good, or
a case does not end as it should. Both servers and the engine share the CPUs of this machine, and a
hostile server that sends without end takes its share.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import tempfile
from collections.abc import Iterator
from statistics import median, quantiles

from scrapeq.fetch import MemoryRobots, MemoryThrottle, PoliteFetcher, Response, http_fetchers
from scrapeq.models import Content, ScrapingConfig
from scrapeq.testing import HostileWeb, LittleWeb
from scrapeq.testing.hostile.growth import Growth
from scrapeq.testing.hostile.trial import ALONE, try_case, warm_up
from scrapeq.work.readers import Readers

GOOD = ScrapingConfig.build(**ALONE, main_text="off")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--pages", type=int, default=2000)
    parser.add_argument("--at-once", type=int, default=64)
    parser.add_argument("--hostile-at-once", type=int, default=16)
    parser.add_argument("--stealth", action="store_true", help="visit the hostile ones with curl")
    options = parser.parse_args()
    with (
        HostileWeb() as hostile,
        LittleWeb(hosts=8) as good,
        tempfile.NamedTemporaryFile("w") as trust,
    ):
        trust.write(hostile.ca_pem)
        trust.flush()
        os.environ["SSL_CERT_FILE"] = trust.name
        asyncio.run(compare(hostile, good, options))


async def compare(hostile: HostileWeb, good: LittleWeb, options: argparse.Namespace) -> None:
    fetcher = PoliteFetcher(
        fetchers=http_fetchers(allow_private_addresses=True, connect_to=hostile.connect_to),
        throttle=MemoryThrottle(),
        robots=MemoryRobots(),
    )
    readers = Readers(2)
    urls = [row["url"] for row in good.urls(2 * options.pages)]
    try:
        await readers.start()
        await warm_up(readers)
        alone_ms = await good_pages(fetcher, readers, urls[: options.pages], options.at_once)
        growth = Growth(readers)
        attack = Attack(hostile, fetcher, readers, growth, use_stealth=options.stealth)
        attackers = [asyncio.create_task(attack.go_on()) for _ in range(options.hostile_at_once)]
        beside_ms = await good_pages(fetcher, readers, urls[options.pages :], options.at_once)
        attack.once_through()
        await asyncio.gather(*attackers)
        growth.look()
    finally:
        await fetcher.close()
        await readers.close()
    print(
        f"good pages  median alone {median(alone_ms):6.1f} ms, beside {median(beside_ms):6.1f} ms"
    )
    print(f"            p95    alone {p95(alone_ms):6.1f} ms, beside {p95(beside_ms):6.1f} ms")
    print(f"            p95 ratio {p95(beside_ms) / p95(alone_ms):.2f}")
    print(f"hostile     {attack.ended:,} cases ended, {len(attack.wrong)} of them wrongly")
    print(
        f"memory      the fetcher grew by {growth.own_peak_mb:,.0f} MB at its peak and kept "
        f"{growth.own_left_mb:,.0f}; what reads pages, by {growth.children_peak_mb:,.0f} and "
        f"{growth.children_left_mb:,.0f}"
    )
    if attack.wrong:
        raise SystemExit("\n".join(attack.wrong))


async def good_pages(
    fetcher: PoliteFetcher, readers: Readers, urls: list[str], at_once: int
) -> list[float]:
    """Milliseconds of each visit."""
    took_ms: list[float] = []
    waiting = iter(urls)

    async def one_by_one() -> None:
        for url in waiting:
            answer = await fetcher.fetch(url, GOOD)
            if not isinstance(answer, Response):
                raise SystemExit(f"a good page failed: {url}: {answer}")
            content = await readers.read(answer, GOOD.recipe)
            if not isinstance(content, Content):
                raise SystemExit(f"a good page could not be read: {url}: {content}")
            took_ms.append(answer.elapsed_s * 1000)

    await asyncio.gather(*(one_by_one() for _ in range(at_once)))
    return took_ms


class Attack:
    """The catalogue, again and again, by any number of tasks; at least once."""

    def __init__(
        self,
        web: HostileWeb,
        fetcher: PoliteFetcher,
        readers: Readers,
        growth: Growth,
        *,
        use_stealth: bool,
    ) -> None:
        self.ended = 0
        self.wrong: list[str] = []
        self._web = web
        self._fetcher = fetcher
        self._readers = readers
        self._growth = growth
        self._use_stealth = use_stealth
        # What is asked for a second time is not flaky any more, and so no case.
        again = [case for case in web.cases if not case.options.get("max_retries")]
        self._cases: Iterator = itertools.chain(web.cases, itertools.cycle(again))
        self._ends = False

    def once_through(self) -> None:
        """Let the tasks end when every case was visited."""
        self._ends = True

    async def go_on(self) -> None:
        """Visit the next case, and the next."""
        while not (self._ends and self.ended >= len(self._web.cases)):
            case = next(self._cases)
            ended = await try_case(
                case,
                self._web.url(case),
                self._fetcher,
                self._readers,
                use_stealth=self._use_stealth,
                growth=self._growth,
            )
            self.ended += 1
            if ended.wrong:
                self.wrong.append(ended.wrong)


def p95(values: list[float]) -> float:
    return quantiles(values, n=20)[-1]


if __name__ == "__main__":
    main()
