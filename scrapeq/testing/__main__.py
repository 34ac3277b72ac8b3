"""`python -m scrapeq.testing --port 8000`: the little web, or the hostile one, until interrupted."""

from __future__ import annotations

import argparse
import signal
from collections.abc import Sequence
from importlib.util import find_spec

from scrapeq.testing.behaviours import BEHAVIOURS
from scrapeq.testing.hostile import HostileWeb
from scrapeq.testing.little_web import LittleWeb, address


def main(arguments: Sequence[str] | None = None) -> int:
    """Print where the web is and what it offers, then serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m scrapeq.testing", description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="0 takes any free one")
    parser.add_argument("--hosts", type=int, default=5, help="127.0.0.1, 127.0.0.2, ...")
    parser.add_argument("--seed", type=int, default=0, help="other numbers make other pages")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument(
        "--hostile", action="store_true", help="the hostile web, on ports of its own"
    )
    chosen = parser.parse_args(arguments)

    asked_to_end = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, asked_to_end)
    try:
        if chosen.hostile:
            with HostileWeb(tls=find_spec("trustme") is not None) as hostile:
                print(f"{len(hostile.cases)} cases, Ctrl-C ends it", flush=True)
                for case in hostile.cases:
                    print(f"  {hostile.url(case)[:100]!a}: {case.ends}. {case.says}", flush=True)
                signal.sigwait(asked_to_end)
            return 0
        with LittleWeb(
            chosen.hosts, seed=chosen.seed, port=chosen.port, latency_s=chosen.latency
        ) as web:
            print(f"{web.url()} to {address(chosen.hosts - 1)}, Ctrl-C ends it", flush=True)
            for one in BEHAVIOURS:
                print(f"  {one.path:<28}{one.says}", flush=True)
            signal.sigwait(asked_to_end)
    except OSError as error:
        print(f"{error}; another --port may be free")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
