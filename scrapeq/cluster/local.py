"""A private cluster for the length of a `with` block."""

from __future__ import annotations

import atexit
import os
from pathlib import Path
from types import TracebackType

from scrapeq import display
from scrapeq.cluster import share
from scrapeq.cluster import temporary as temporary_folders
from scrapeq.cluster.connection import ClusterStatus, Connection
from scrapeq.errors import ClusterFailed
from scrapeq.settings import Settings, load_settings


class LocalCluster:
    """A private Redis and `workers` worker processes (0 is none), until `close()` or the block ends.

        with LocalCluster(workers=4):
            batch = scrape(df, url="link").wait()

    It works for the project's own folder, so that whoever asks for a queue there gets this one,
    and the results stay; with another `home`, pass `settings=cluster.settings`. A `temporary` one
    has a folder of its own, of which nothing is left, also when the program ends without `close()`;
    what a killed one left, the next start of a cluster clears. A cluster that other processes hold too lives on. `settings` says how its
    workers behave (default: what the environment says); a REDIS_URL is ignored. Raises
    ClusterFailed or RedisUnavailable if it does not start.
    """

    def __init__(
        self,
        workers: int = 2,
        home: str | Path | None = None,
        *,
        temporary: bool = False,
        settings: Settings | None = None,
        worker_app: str = share.WORKER_APP,
    ) -> None:
        settings = settings or load_settings()
        self._temporary = temporary_folders.make("home") if temporary else None
        self.workers = workers
        self.settings = settings.model_copy(
            update={
                "home": Path(self._temporary or home or settings.home).absolute(),
                "redis_url": None,
                "celery_broker_url": None,
                "celery_result_backend": None,
                "workers": workers,
            }
        )
        self.closed = False
        self._process_id = os.getpid()
        if temporary:
            atexit.register(self._at_exit)
        try:
            self.connection: Connection = share.ensure_cluster(
                self.settings, workers=workers, worker_app=worker_app
            )
        except BaseException:
            self.close()
            raise

    @property
    def home(self) -> Path:
        """Its folder: the database, the logs, the Redis files."""
        return self.settings.home

    @property
    def redis_url(self) -> str:
        """For redis-py. Holds the password: never print it."""
        return self.connection.redis_url

    def status(self) -> ClusterStatus:
        """How it is doing now."""
        return share.status(self.home)

    def restart_workers(self) -> None:
        """End the workers softly and start them again."""
        share.restart_workers(self.home)

    def close(self) -> None:
        """End it; a second call does nothing."""
        if self.closed:
            return
        self.closed = True
        atexit.unregister(self._at_exit)
        try:
            share.leave(self.home)
        finally:
            if self._temporary:
                share.down(self.home)
                temporary_folders.remove(self._temporary)

    def _at_exit(self) -> None:
        if os.getpid() == self._process_id:  # a fork that ends takes nothing with it
            self.close()

    def __enter__(self) -> LocalCluster:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self.closed else display.counted(self.workers, "worker", "workers")
        return f"<LocalCluster {state}, home={display.plain(self.home, 120)!r}>"

    def _repr_html_(self) -> str:
        try:
            return self.status().card("LocalCluster")
        except ClusterFailed as error:  # it lives and does not answer
            return display.card("LocalCluster", {"home": self.home}, note=error, away="silent")
