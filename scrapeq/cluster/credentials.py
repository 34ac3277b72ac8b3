"""The private Redis's password for Celery, apart from the URL.

`celery inspect stats` prints a worker's broker URL to whoever asks, so there is none in it.
"""

from __future__ import annotations

import redis

from scrapeq.cluster.share import find_cluster
from scrapeq.settings import load_settings


class PrivateRedis(redis.CredentialProvider):
    """What Celery asks for each new connection; the cluster is that of this process's home."""

    def get_credentials(self) -> tuple[str]:
        """The password. Raises redis-py's ConnectionError while no cluster runs."""
        connection = find_cluster(load_settings().home)
        if connection is None:
            raise redis.exceptions.ConnectionError("the private Redis does not run")
        return (connection.password,)
