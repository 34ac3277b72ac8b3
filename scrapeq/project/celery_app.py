"""The Celery application: it carries wake-ups and the guide's tasks, and decides nothing.

Made in two places: `worker.py` makes the one that `celery -A` finds; a job queue makes one that
only sends, by the tasks' names, so that a notebook loads no task.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from scrapeq import cluster, frontier
from scrapeq.settings import DEFAULT_NAMESPACE, Settings

if TYPE_CHECKING:
    from celery import Celery
    from pydantic import SecretStr

TASKS = "scrapeq.pipeline.worker."
SCRAPE, PROCESS, CLEAN = "scraping", "processing", "cleaning"
#: Says that a worker renders and does nothing else; nobody sends a message to it.
RENDER = "rendering"
#: The queue of Celery's own configuration: of clients that do not have ours.
UNNAMED = "celery"
QUEUES = (SCRAPE, PROCESS, CLEAN, UNNAMED)
WAKE_UP = TASKS + "wake_up_task"
#: Seconds that Celery waits for a Redis that does not answer, before it says so.
CONNECT_TIMEOUT_S = 4


def key_prefix(namespace: str) -> str:
    """What Celery's own keys in Redis begin with: nothing by default, so that a queue's key has the
    guide's name; else the namespace, so that two projects do not take each other's messages."""
    return "" if namespace == DEFAULT_NAMESPACE else f"{namespace}:celery:"


def make_app(settings: Settings, broker_url: str) -> Celery:
    """An application for this broker; nothing is connected yet.

    The guide's settings are kept to the letter. Retry, backoff, cancel and priority are not
    Celery's here (see docs/decisions/0001), so `task_max_retries` and `acks_late` stay harmless.
    """
    # 0.15 s that a program does without which only looks
    from kombu.entity import Exchange, Queue

    from scrapeq.project.masked_app import MaskedApp

    backend = settings.celery_result_backend
    backend_url = cluster.as_broker_url(_text(backend)) or broker_url
    prefix = {"global_keyprefix": key_prefix(settings.namespace)}
    named_by = settings.broker_named_by
    broker_url, of_broker, broker_tls = _for_celery(broker_url, named_by)
    backend_url, of_backend, backend_tls = _for_celery(
        backend_url, "CELERY_RESULT_BACKEND" if backend else named_by
    )
    app = MaskedApp("scrapeq", broker=broker_url, set_as_current=False)
    # Celery reads two of these variables by itself, and would take what is written there as it is.
    if named_by == "CELERY_BROKER_URL" and _text(settings.celery_broker_url) != broker_url:
        app.conf.update(broker_read_url=broker_url, broker_write_url=broker_url)
    if _text(backend) not in ("", backend_url):
        app.backend_cls = backend_url
    app.conf.update(
        result_backend=backend_url,
        task_serializer=settings.celery_task_serializer,
        result_serializer=settings.celery_result_serializer,
        accept_content=settings.celery_accept_content,
        timezone=settings.celery_timezone,
        enable_utc=settings.celery_enable_utc,
        # Routes alone leave a plainly started worker listening to a queue that nobody uses.
        # Each has an exchange and a key of its own, or a message would go to all of them. The last
        # is where a plain Celery client sends a task by its name alone.
        task_queues=[Queue(name, Exchange(name), routing_key=name) for name in QUEUES],
        task_default_queue=SCRAPE,
        task_routes={
            TASKS + "scrape_url_task": {"queue": SCRAPE},
            TASKS + "batch_scrape_task": {"queue": SCRAPE},
            WAKE_UP: {"queue": SCRAPE},
            TASKS + "process_content_task": {"queue": PROCESS},
            TASKS + "clean_data_task": {"queue": CLEAN},
        },
        worker_prefetch_multiplier=1,
        task_acks_late=True,
        worker_max_tasks_per_child=1000,
        # The guide names these two, and they decide nothing: no task of ours asks for a retry. When
        # a page is tried again is decided by its options (max_retries, retry_backoff_s) in
        # scrapeq/fetch/retry.py, and waited for in Redis (scrapeq/frontier).
        task_default_retry_delay=60,
        task_max_retries=3,
        worker_send_task_events=True,
        task_send_sent_event=True,
        task_send_events=True,
        result_expires=3600,  # seconds; the record keeps results, this only answers .get()
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_transport_options={
            "socket_connect_timeout": CONNECT_TIMEOUT_S,
            **prefix,
            **of_broker,
        },
        result_backend_transport_options={**prefix, **of_backend},
        broker_use_ssl=broker_tls,
        redis_backend_use_ssl=backend_tls,
    )
    return app


def _text(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""


def _for_celery(url: str, named_by: str) -> tuple[str, dict[str, object], dict[str, object] | None]:
    """A URL as Celery takes it, and what it takes beside it: where Sentinels are named, most of their URL; and
    how it checks certificates, None for a plain connection. Raises ConfigError."""
    if not url.startswith("sentinel://"):
        return url, {}, _tls(url)
    found = frontier.Sentinels.from_url(url, named_by=named_by)
    return found.celery_url(), found.celery_options(), found.celery_tls() or None


def _tls(url: str) -> dict[str, object] | None:
    """How Celery checks the certificate of a rediss:// server: without this option it
    does not start. A URL with an option of its own (`?ssl_cert_reqs=...`) is left alone."""
    parts = urlsplit(url)
    if parts.scheme != "rediss" or "ssl_cert_reqs" in parse_qs(parts.query):
        return None
    import ssl  # takes 30 ms

    return {"ssl_cert_reqs": ssl.CERT_REQUIRED}
