"""Celery's side of a worker, which takes messages: one that no lost connection ends.

When Redis is killed while one process works on a message and another waits for the next, kombu 5.7.0 breaks off
closing the channel: it first reads the answer that was waited for. It forgets the connection, and tries again. That,
or the later acknowledgement of the message, then asks None for the address of Redis. Celery takes the AttributeError
for a fault of the worker, and ends it.
"""

from __future__ import annotations

from contextlib import suppress

from celery.worker.consumer import Consumer


class PatientConsumer(Consumer):  # type: ignore[misc] # Celery has no types
    """Lets the channel of a lost connection know its address for as long as messages from it are worked on."""

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """As Celery's."""
        connection = self.connection
        transport = connection.transport
        with suppress(AttributeError):  # of the second closing
            super().on_connection_error_after_connected(exc)
        transport.client = connection
