"""Zero set-up: a private Redis and Celery workers as supervised child processes.

    settings = load_settings()
    connection = ensure_cluster(settings)      # found or started, ours until this process ends
    redis.Redis.from_url(connection.redis_url)

One supervisor process for each home starts Redis and the workers, starts them again when they
die, and ends them when the last process that holds the cluster has ended, however it ended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapeq.lazy import names_of

if TYPE_CHECKING:
    from scrapeq.cluster import temporary
    from scrapeq.cluster.connection import ClusterStatus, Connection
    from scrapeq.cluster.lifeline import die_with_owner, die_with_parent, is_supervised
    from scrapeq.cluster.local import LocalCluster
    from scrapeq.cluster.redis_server import find_binary
    from scrapeq.cluster.share import (
        as_broker_url,
        broker_url,
        down,
        ensure_cluster,
        find_cluster,
        is_running,
        leave,
        redis_url,
        restart_workers,
        status,
        up,
        was_killed,
    )

__all__ = [
    "ClusterStatus",
    "Connection",
    "LocalCluster",
    "as_broker_url",
    "broker_url",
    "die_with_owner",
    "die_with_parent",
    "down",
    "ensure_cluster",
    "find_binary",
    "find_cluster",
    "is_running",
    "is_supervised",
    "leave",
    "redis_url",
    "restart_workers",
    "status",
    "temporary",
    "up",
    "was_killed",
]

# Each name is loaded when it is used: a child that reads pages needs `lifeline` alone, and the supervisor
# does without settings, 0.4 s of pydantic.
_HOMES = {
    "ClusterStatus": "connection",
    "Connection": "connection",
    "LocalCluster": "local",
    "die_with_owner": "lifeline",
    "die_with_parent": "lifeline",
    "is_supervised": "lifeline",
    "find_binary": "redis_server",
    "temporary": "temporary",
}

__getattr__ = names_of(__name__, {name: _HOMES.get(name, "share") for name in __all__})
