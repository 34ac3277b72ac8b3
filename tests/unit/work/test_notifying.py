"""What a notification says, how it is signed, and when it is sent again."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest

from scrapeq.errors import ConfigError
from scrapeq.models import Batch, BatchState, ScrapingConfig
from scrapeq.models.notification import Notify, NotifyWhen, shown_url
from scrapeq.project.changes import Changes
from scrapeq.work.notifying import (
    LONGEST_WAIT_S,
    MOST_ATTEMPTS,
    body_of,
    signature,
    signing_key,
    wait_s,
)

NOW = datetime(2026, 3, 1, 6, 0, 5, tzinfo=UTC)


def a_batch(batch_id: str = "b2", run: int = 2) -> Batch:
    return Batch(
        id=batch_id,
        name="prices",
        run=run,
        state=BatchState.FINISHED,
        config=ScrapingConfig.build(cookies={"session": "hunter2"}),
        total=3,
        completed=2,
        failed=1,
        created_at=NOW,
        finished_at=NOW,
    )


def test_it_is_signed_as_the_specification_does() -> None:
    """The example of the Standard Webhooks specification's own libraries."""
    key = signing_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")

    signed = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}')

    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_secret_without_its_prefix_is_taken_as_it_is() -> None:
    assert signing_key("päss") == "päss".encode()
    assert signing_key("whsec_" + base64.b64encode(b"key").decode()) == b"key"
    with pytest.raises(ConfigError, match="no base64"):
        signing_key("whsec_???")


def test_waits_grow_to_hours_and_end_within_a_day() -> None:
    waits = [wait_s(attempts, 0) for attempts in range(1, MOST_ATTEMPTS)]

    assert waits[:3] == [10, 40, 160]
    assert waits == sorted(waits)
    assert max(waits) == LONGEST_WAIT_S
    assert 20 * 3600 < sum(waits) < 24 * 3600
    assert wait_s(1, 1) == 12


def test_the_body_has_the_counts_and_what_changed_and_no_secret() -> None:
    changes = Changes({"same": 1, "changed": 2}, [("https://a.example/", "changed")])

    body = body_of(a_batch(), {"dns": 1}, a_batch("b1", 1), changes, NOW)

    assert body == {
        "type": "batch.finished",
        "timestamp": "2026-03-01T06:00:05Z",
        "data": {
            "batch": "b2",
            "name": "prices",
            "run": 2,
            "state": "finished",
            "counts": {
                "total": 3,
                "completed": 2,
                "failed": 1,
                "cancelled": 0,
                "from_store": 0,
            },
            "errors": {"dns": 1},
            "created_at": "2026-03-01T06:00:05Z",
            "finished_at": "2026-03-01T06:00:05Z",
            "compared": {
                "run": 1,
                "batch": "b1",
                "counts": {"same": 1, "changed": 2},
                "examples": [{"url": "https://a.example/", "change": "changed"}],
            },
        },
    }
    assert "hunter2" not in json.dumps(body)
    assert body_of(a_batch(), {}, None, None, NOW)["data"]["compared"] is None


@pytest.mark.parametrize("changes", [{"changed": 1}, {"same": 9, "broke": 1}, {"removed": 1}])
def test_something_changed(changes: dict[str, int]) -> None:
    assert Changes(changes, []).any
    assert not Changes({"same": 3}, []).any
    assert not Changes({}, []).any


def test_who_is_told() -> None:
    notify = Notify.of("https://hooks.example/T0/s3cret?k=v", "env:HOOK_SECRET", "changed")

    assert notify.when is NotifyWhen.CHANGED
    assert notify.shown_url == "https://hooks.example/…"
    assert "s3cret" not in repr(notify)
    assert shown_url("env:HOOK_URL") == "env:HOOK_URL"


@pytest.mark.parametrize(
    ("given", "part"),
    [
        (("ftp://a.example/",), "no URL"),
        (("https://",), "no URL"),
        (("https://u:hunter2@a.example/",), "no URL"),
        (("https://a.example/ x",), "no URL"),
        (("https://a.example:port/",), "no URL"),
        (("https://a.example/" + "x" * 2_000,), "no URL"),
        (("env:",), "no URL"),
        ((None,), "no URL"),
        (("https://a.example/", "hunter2"), "notify_secret is not the name"),
        (("https://a.example/", None, "sometimes"), "notify_when is 'sometimes'"),
    ],
)
def test_what_cannot_be_told_is_refused_without_a_secret(given: tuple[str, ...], part: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Notify.of(*given)

    assert part in refused.value.problem
    assert refused.value.hint
    assert "hunter2" not in str(refused.value)
