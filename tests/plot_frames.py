"""Small tables as `scrapeq.client.tables` makes them, for tests of what is drawn from them."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

#: Words of strangers that are markup to Plotly, to HTML, to MathJax or to its templates, or that
#: turn the reading order; "link" and "bold" are what would be seen of the tags.
EVIL = (
    "<b>bold</b><i>x</i>.example",
    "<a href=\"javascript:document.title='pwned'\">link</a>",
    "<img src=x onerror=document.title='pwned'>",
    "<script>document.title='pwned'</script>",
    "a<br>b<sub>c</sub>",
    "&lt;b&gt;entity&#60;",
    "$\\alpha^2$.example",
    "%{y} %{customdata[0]}.example",
    "\u202egnp.exe\u2066.example",
    "2024-01-01",
    "007",
)


def history(
    jobs: Sequence[int], failed: Sequence[int], every: str = "1h", p50: float = 0.5
) -> pd.DataFrame:
    """`sq.history()`: buckets from 2026-11-24 14:00 with these jobs; p95 is 4 p50, p99 is 8."""
    times = pd.date_range("2026-11-24 14:00", periods=len(jobs), freq=every, tz="UTC", name="time")
    span_s = pd.Timedelta(every).total_seconds()
    rows = [
        {
            "jobs": total,
            "succeeded": total - bad,
            "failed": bad,
            "success_rate": 100 * (total - bad) / total if total else None,
            "jobs_per_s": total / span_s,
            **{
                name: p50 * factor if total else None
                for name, factor in (
                    ("mean_s", 1.5),
                    ("p50_s", 1),
                    ("p90_s", 3),
                    ("p95_s", 4),
                    ("p99_s", 8),
                )
            },
        }
        for total, bad in zip(jobs, failed, strict=True)
    ]
    counts = ["jobs", "succeeded", "failed"]
    others = ["success_rate", "jobs_per_s", "mean_s", "p50_s", "p90_s", "p95_s", "p99_s"]
    made = pd.DataFrame(rows, index=times, columns=[*counts, *others])
    return made.astype(dict.fromkeys(counts, "Int64") | dict.fromkeys(others, "Float64"))


def error_history(kinds: dict[str, Sequence[int]]) -> pd.DataFrame:
    """`sq.error_history()`: hours from 2026-11-24 14:00."""
    length = max((len(numbers) for numbers in kinds.values()), default=0)
    times = pd.date_range("2026-11-24 14:00", periods=length, freq="1h", tz="UTC", name="time")
    return pd.DataFrame(
        {kind: pd.array(numbers, dtype="Int64") for kind, numbers in kinds.items()}, index=times
    )


def host_history(rows: Sequence[tuple[str, str, int, int, float | None]]) -> pd.DataFrame:
    """`sq.host_history()` of (time, host, jobs, failed, p50_s)."""
    made = pd.DataFrame(rows, columns=["time", "host", "jobs", "failed", "p50_s"])
    made["time"] = pd.to_datetime(made["time"], utc=True)
    made["success_rate"] = 100 * (1 - made["failed"] / made["jobs"])
    return made.astype(
        {
            "host": "string",
            "jobs": "Int64",
            "failed": "Int64",
            "success_rate": "Float64",
            "p50_s": "Float64",
        }
    )


def hosts(rows: Sequence[tuple[str, int, int, float | None, str | None]]) -> pd.DataFrame:
    """`sq.hosts()` of (host, jobs, failed, p50_s, error_kind); p95 is 4 p50, one job is open."""
    made = pd.DataFrame(rows, columns=["host", "jobs", "failed", "p50_s", "error_kind"])
    made["succeeded"] = made["jobs"] - made["failed"]
    made["open"] = 1
    made["success_rate"] = 100 * (1 - made["failed"] / made["jobs"])
    made["mean_s"] = made["p50_s"] * 1.5
    made["p95_s"] = made["p50_s"] * 4
    made["breaker_until"] = pd.Series(pd.NaT, index=made.index, dtype="datetime64[us, UTC]")
    counts, others = (
        ["jobs", "succeeded", "failed", "open"],
        ["success_rate", "mean_s", "p50_s", "p95_s"],
    )
    return made.astype(
        {"host": "string", "error_kind": "category"}
        | dict.fromkeys(counts, "Int64")
        | dict.fromkeys(others, "Float64")
    )


def batches(
    rows: Sequence[tuple[str | None, str, int, str, int, int, int, int, str, str | None]],
) -> pd.DataFrame:
    """`sq.batches()` of (name, id, run, state, total, completed, failed, cancelled, from, to)."""
    counts = ["total", "completed", "failed", "cancelled"]
    made = pd.DataFrame(
        rows,
        columns=["batch", "batch_id", "run", "state", *counts, "created_at", "finished_at"],
    )
    for name in ("created_at", "finished_at"):
        made[name] = pd.to_datetime(made[name], utc=True, format="ISO8601").astype(
            "datetime64[us, UTC]"
        )
    return made.astype(
        {"batch": "string", "batch_id": "string", "state": "category", "run": "Int64"}
        | dict.fromkeys(counts, "Int64")
    )


def compare(rows: Sequence[tuple[str, str]]) -> pd.DataFrame:
    """`sq.compare()` of (change, changed_fields)."""
    made = pd.DataFrame(rows, columns=["change", "changed_fields"])
    made.insert(0, "url", [f"https://firms.example/{number}" for number in range(len(rows))])
    return made.astype({"url": "string", "change": "category", "changed_fields": "string"})


def jobs(rows: Sequence[tuple[str, str, str | None, str | None, float | None]]) -> pd.DataFrame:
    """`sq.jobs()` of (url, status, error_kind, finished_at, elapsed_s)."""
    made = pd.DataFrame(rows, columns=["url", "status", "error_kind", "finished_at", "elapsed_s"])
    made["finished_at"] = pd.to_datetime(made["finished_at"], utc=True, format="ISO8601").astype(
        "datetime64[us, UTC]"
    )
    return made.astype(
        {"url": "string", "status": "category", "error_kind": "category", "elapsed_s": "Float64"}
    )


def evil() -> dict[str, pd.DataFrame]:
    """For each figure that shows strangers' words a table full of `EVIL`."""
    hours = ("2026-11-24 14:00", "2026-11-24 15:00")
    ran = ("2026-11-24 14:00", "2026-11-24 15:00")
    return {
        "error_kinds": error_history({words: [n + 1, 1] for n, words in enumerate(EVIL[:7])}),
        "host_heatmap": host_history(
            [(hour, words, 10 + n, n, 1.0) for n, words in enumerate(EVIL) for hour in hours]
        ),
        "hosts": hosts([(words, 10, 5, 1.0, words) for words in EVIL]),
        "batches": batches([(words, words, 1, "finished", 9, 9, 0, 0, *ran) for words in EVIL]),
        "comparison": compare([("changed", words) for words in EVIL]),
    }
