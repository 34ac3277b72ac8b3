"""Every key that scrapeq has in Redis: name, type, what it holds, how long it lives.

    scrapeq:epoch             string  which rebuilding of Redis this is; missing: not ours yet
    scrapeq:token             string  counts fencing tokens within the epoch
    scrapeq:seq               string  counts jobs in the order of submission
    scrapeq:job               hash    open job → priority|seq|gap_ms|limit|robots|host|batch
    scrapeq:ready:<host>      zset    open jobs of a host that are due, by priority, then seq
    scrapeq:open              zset    hosts that may be asked now, by their best job's score
    scrapeq:gated             zset    hosts with due jobs that must wait, by when (ms)
    scrapeq:later             zset    jobs that wait to be tried again, by when (ms)
    scrapeq:suspects          zset    due jobs that lost their worker twice: they run alone
    scrapeq:parked:<batch>    zset    due jobs of a paused batch, put aside when met
    scrapeq:stopped           hash    batch → paused | cancelled; until it is resumed, retried or cleared
    scrapeq:leases            zset    running job → when its lease ends (ms)
    scrapeq:held              hash    running job → token|worker|since_ms
    scrapeq:tries             hash    job → tries begun, for jobs tried at least once
    scrapeq:lost              hash    job → leases that ended without a word
    scrapeq:why               hash    job → what its last try said
    scrapeq:running:<batch>   set     its jobs with a lease
    scrapeq:waiting:<batch>   set     its jobs that wait to be tried again
    scrapeq:busy:<host>       set     jobs that talk to the host now
    scrapeq:host:<host>       hash    last_ms (the gap runs from it), hold_ms (its slot is held until
                              then), hold_by (the token of the lease that holds it), wanted_ms,
                              crawl_ms, robots_ms; what its breaker knows (see lua/breaker.lua); a day
    scrapeq:troubled          zset    hosts that failed since their last good answer, by when that
                              is forgotten (ms); the forgotten go when one is added; a day
    scrapeq:spared            zset    those of them whose breaker is not closed, likewise
    scrapeq:robots:<origin>   string  the robots.txt as JSON; expires as RFC 9309 says
    scrapeq:workers           zset    worker → last heard of (ms); the silent are dropped
    scrapeq:notified            string  a wake-up was sent; half a second
    scrapeq:lock:<name>       string  who repairs or feeds; seconds

Times are milliseconds of Redis's own clock. Whatever belongs to a job goes when the job is done,
whatever belongs to a batch or host goes with its last job or expires.
"""

from __future__ import annotations

PREFIX = "scrapeq:"
EPOCH = PREFIX + "epoch"
JOB = PREFIX + "job"
OPEN = PREFIX + "open"
GATED = PREFIX + "gated"
LATER = PREFIX + "later"
SUSPECTS = PREFIX + "suspects"
STOPPED = PREFIX + "stopped"
LEASES = PREFIX + "leases"
HELD = PREFIX + "held"
TRIES = PREFIX + "tries"
WHY = PREFIX + "why"
WORKERS = PREFIX + "workers"
SPARED = PREFIX + "spared"
NOTIFIED = PREFIX + "notified"


def ready(host: str) -> str:
    return f"{PREFIX}ready:{host}"


def busy(host: str) -> str:
    return f"{PREFIX}busy:{host}"


def host(host: str) -> str:
    return f"{PREFIX}host:{host}"


def running(batch_id: str) -> str:
    return f"{PREFIX}running:{batch_id}"


def waiting(batch_id: str) -> str:
    return f"{PREFIX}waiting:{batch_id}"


def parked(batch_id: str) -> str:
    return f"{PREFIX}parked:{batch_id}"


def robots(origin: str) -> str:
    return f"{PREFIX}robots:{origin}"


def lock(name: str) -> str:
    return f"{PREFIX}lock:{name}"
