"""The command line of the fault harness: `make faults`, or `python -m tests.faults --help`."""

from __future__ import annotations

import argparse
from functools import partial
from random import SystemRandom

from tests.faults.campaign import run
from tests.faults.report import table
from tests.faults.system import Database
from tests.faults.table import FAULTS


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seed", type=int, help="repeat a run; by default a new one, printed")
    parser.add_argument("--faults", type=int, default=200, help="how many in all")
    parser.add_argument("--jobs", type=int, default=40_000, help="how many in all, at the least")
    parser.add_argument("--only", nargs="*", metavar="NAME", help="parts of names of faults")
    parser.add_argument("--database", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument("--lease-s", type=float, default=12)
    parser.add_argument("--mains", type=int, default=2, help="worker processes")
    parser.add_argument("--children", type=int, default=2, help="pool children of each")
    parser.add_argument("--window", type=int, default=24, help="fetches that each has open")
    parser.add_argument("--latency-s", type=float, default=0.1, help="how long a page takes")
    options = parser.parse_args()
    seed = SystemRandom().randrange(10**6) if options.seed is None else options.seed
    faults = [
        fault
        for fault in FAULTS
        if not options.only or any(one in fault.name for one in options.only)
    ]
    whole = True
    databases: list[Database] = (
        ["sqlite", "postgresql"] if options.database == "both" else [options.database]
    )
    for database in databases:
        print(f"\n{database}, seed {seed}", flush=True)
        campaign = run(
            database,
            seed=seed,
            strikes=options.faults // len(databases),
            rows=max(1, options.jobs // options.faults),
            faults=faults,
            say=partial(print, flush=True),
            lease_s=options.lease_s,
            mains=options.mains,
            children=options.children,
            window=options.window,
            latency_s=options.latency_s,
        )
        print(f"\n{table(campaign.attempts, campaign.counts)}\n")
        for fault in campaign.left_out:
            print(f"left out: {fault.name} (needs root, libfaketime or a browser)")
        whole = whole and not any(one.lost or one.duplicated for one in campaign.counts)
    if not whole:
        raise SystemExit("rows were lost or doubled")


if __name__ == "__main__":
    main()
