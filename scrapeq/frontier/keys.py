"""Every key that scrapeq has in Redis: name, type, what it holds, how long it lives.

    <namespace>:epoch             string  which rebuilding of Redis this is; missing: not ours yet
    <namespace>:token             string  counts fencing tokens within the epoch
    <namespace>:seq               string  counts jobs in the order of submission
    <namespace>:job               hash    open job → its facts, as msgpack (see lua/common.lua)
    <namespace>:lanes             hash    lane besides http → how many open jobs are in it
    <namespace>:ready:<lane>:<host>  zset  open jobs of a host that are due in a lane, by priority,
                                          then seq
    <namespace>:open:<lane>       zset    hosts that may be asked now, by their best job's score
    <namespace>:throttled:<lane>  zset    hosts with due jobs that must wait, by when (ms)
    <namespace>:later             zset    jobs that wait to be tried again, by when (ms)
    <namespace>:suspects:<lane>   zset    due jobs that lost their worker twice, by priority, then by
                                          how many may be tried together, the most first, then seq
    <namespace>:trial             hash    the worker that tries suspects apart (`worker`), since when it
                                          has its turn (`since_ms`), when the last trial began
                                          (`began_ms`), its `priority`, and whether it is `alone`; a day
    <namespace>:tried             set     running suspects: those of the trial
    <namespace>:kept              hash    lane and host → how many of its places are kept for the lane's suspects
                                          of the next trial; half a second
    <namespace>:excused           zset    worker that ended in a trial → when that is forgotten (ms):
                                          what it held beside the trial is not blamed; ten minutes
    <namespace>:parked:<batch>    zset    due jobs of a paused batch, put aside when met
    <namespace>:stopped           hash    batch → paused | cancelled; until it is resumed, retried or
                                          cleared
    <namespace>:leases            zset    running job → when its lease ends (ms)
    <namespace>:held              hash    running job → its lease, as JSON: [token, worker, since (ms)]
    <namespace>:tries             hash    job → tries begun, for jobs tried at least once
    <namespace>:lost              hash    job → leases that ended without a result; for one that was in a
                                          trial then also how many may be tried together (0: guilty)
    <namespace>:errors            hash    job → why its last try failed, as JSON: [kind, message]
    <namespace>:trail             hash    job → where its fetch was left to wait for a host (see
                                          fetch/trail.py), for jobs that wait under another host
    <namespace>:running:<batch>   set     its jobs with a lease
    <namespace>:waiting:<batch>   set     its jobs that wait to be tried again
    <namespace>:busy:<host>       set     jobs that talk to the host now; not those that wait for a model
    <namespace>:host:<host>       hash    last_ms (the gap runs from it), hold_ms (its slot is held
                                          until then), hold_by (the token of the lease that holds it),
                                          hold_number (which of its slots: 0 is its claim's), wanted_ms, crawl_ms, robots_ms; what its breaker knows (see
                                          lua/breaker.lua); a day
    <namespace>:failing           zset    hosts that failed since their last good answer, by when that
                                          is forgotten (ms); the forgotten go when one is added; a day
    <namespace>:breakers          zset    those of them whose breaker is not closed, likewise
    <namespace>:robots:<origin>   string  the robots.txt as JSON; expires as RFC 9309 says
    <namespace>:workers           zset    worker → last seen (ms); the silent are dropped
    <namespace>:processes         hash    worker → which process it is (see frontier/processes.py), told
                                          each second; those of the silent are dropped
    <namespace>:notices           list    one for each resting worker that is to look for due jobs at once:
                                          16 at most; gone when somebody looked and found none; a day
    <namespace>:listeners         zset    worker with its queues, as JSON → last seen (ms); the silent are
                                          dropped
    <namespace>:versions          zset    worker with its version of scrapeq, as JSON → last seen (ms); the
                                          silent are dropped
    <namespace>:stalled           string  last token and since when no claim followed, as JSON: [token,
                                          ms], while jobs are due
    <namespace>:browsers          hash    worker that can render pages → when it told so (ms) and of its
                                          browser, as JSON; 20 seconds
    <namespace>:needs             zset    host and shape of path whose pages need a browser → when that is
                                          forgotten (ms); an hour
    <namespace>:budget:<batch>    hash    what was spent on language models (`spent`), and per call under way
                                          the most that it may cost and until when it is held (ms); in
                                          billionths of a dollar; a day, then from the record again
    <namespace>:clock             hash    the time that was seen last (`seen_ms`), by how much it is ahead
                                          of the machine's (`ahead_ms`), and when this Redis was emptied
                                          (`emptied_ms`): see lua/common.lua
    <namespace>:lock:<name>       string  until when (ms), and who repairs, feeds, submits a name or sent
                                          a wake-up; seconds
    <namespace>:nothing           string  never there: scripts delete it (see lua/common.lua)

The namespace is `SCRAPEQ_NAMESPACE`; no other namespace begins with it and a colon. Where it is not
the default, Celery's own keys begin with <namespace>:celery: (see project/celery_app.py).

Times are milliseconds of Redis's own clock, which never goes back. Whatever belongs to a job goes when the job is done,
whatever belongs to a batch or host goes with its last job or expires.
"""

from __future__ import annotations


class Keys:
    """The keys of one namespace, as far as Python names them; `lua/` names the others."""

    def __init__(self, namespace: str) -> None:
        self.prefix = f"{namespace}:"
        self.epoch = self.prefix + "epoch"
        self.job = self.prefix + "job"
        self.lanes = self.prefix + "lanes"
        self.later = self.prefix + "later"
        self.stopped = self.prefix + "stopped"
        self.leases = self.prefix + "leases"
        self.held = self.prefix + "held"
        self.tries = self.prefix + "tries"
        self.errors = self.prefix + "errors"
        self.workers = self.prefix + "workers"
        self.processes = self.prefix + "processes"
        self.listeners = self.prefix + "listeners"
        self.versions = self.prefix + "versions"
        self.stalled = self.prefix + "stalled"
        self.token = self.prefix + "token"
        self.breakers = self.prefix + "breakers"
        self.browsers = self.prefix + "browsers"
        self.clock = self.prefix + "clock"
        self.notices = self.prefix + "notices"

    def ready(self, lane: str, host: str) -> str:
        return f"{self.prefix}ready:{lane}:{host}"

    def open(self, lane: str) -> str:
        return f"{self.prefix}open:{lane}"

    def throttled(self, lane: str) -> str:
        return f"{self.prefix}throttled:{lane}"

    def suspects(self, lane: str) -> str:
        return f"{self.prefix}suspects:{lane}"

    def busy(self, host: str) -> str:
        return f"{self.prefix}busy:{host}"

    def host(self, host: str) -> str:
        return f"{self.prefix}host:{host}"

    def running(self, batch_id: str) -> str:
        return f"{self.prefix}running:{batch_id}"

    def waiting(self, batch_id: str) -> str:
        return f"{self.prefix}waiting:{batch_id}"

    def parked(self, batch_id: str) -> str:
        return f"{self.prefix}parked:{batch_id}"

    def robots(self, origin: str) -> str:
        return f"{self.prefix}robots:{origin}"

    def lock(self, name: str) -> str:
        return f"{self.prefix}lock:{name}"
