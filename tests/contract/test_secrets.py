"""No secret stands in the record in clear: not in a table, not in the file, not in its log."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet

from scrapeq import database
from scrapeq.database import notifications, schedules, secrets
from scrapeq.database import schema as tables
from scrapeq.database.engine import read_transaction, write_transaction
from scrapeq.database.schedules import ScheduleInput
from scrapeq.database.schema import batches
from scrapeq.database.sealing import KEY_FILE, Keys
from scrapeq.errors import ConfigError
from scrapeq.models import Batch, RequestIdentity, ScrapingConfig, reveal
from scrapeq.models.notification import Notify
from scrapeq.models.schedule import Schedule
from scrapeq.models.timetable import Timetable
from scrapeq.settings import Settings, load_settings
from tests.contract.test_database_engine import to_version_12

Submit = Callable[..., Batch]
SECRET = "hunter2-of-nobody"
CONFIG = ScrapingConfig.build(
    cookies={"session": SECRET, "named": "env:SHOP_SESSION"},
    headers={"Authorization": f"Bearer {SECRET}", "Accept-Language": "de"},
    proxy=f"http://user:{SECRET}@proxy.example:8080",
    actions=[{"fill": {"selector": "#pass", "value": SECRET}}],
)


def everything(engine: sa.Engine, settings: Settings) -> bytes:
    """Every value of every table, and every byte of a file."""
    found = b""
    with read_transaction(engine) as connection:
        for table in tables.metadata.sorted_tables:
            for row in connection.execute(sa.text(f"SELECT * FROM {table.name}")):
                found += repr(tuple(row)).encode("utf-8", "replace")
    if engine.dialect.name == "sqlite":
        for path in settings.database_path.parent.glob(f"{settings.database_path.name}*"):
            found += path.read_bytes()
    return found


def config_of(engine: sa.Engine, batch_id: str) -> ScrapingConfig:
    batch = database.batches.find_batch(engine, batch_id)
    assert batch is not None
    return batch.config


def test_secrets_are_encrypted_while_a_batch_is_open(
    record: sa.Engine, record_settings: Settings, submit: Submit
) -> None:
    submit("b", 2, config=CONFIG)

    assert SECRET.encode() not in everything(record, record_settings)
    assert config_of(record, "b") == CONFIG
    key = record_settings.home / KEY_FILE
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_without_a_secret_no_key_is_made(
    record: sa.Engine, record_settings: Settings, submit: Submit
) -> None:
    submit("b", 2, config=ScrapingConfig.build(cookies={"named": "env:SHOP"}))

    assert not (record_settings.home / KEY_FILE).exists()
    assert secrets.erase_ended(record) == 0


@pytest.mark.parametrize("end", ["finished", "cancelled"])
def test_they_are_erased_when_it_has_ended(
    record: sa.Engine,
    record_settings: Settings,
    submit: Submit,
    save: Callable[..., int],
    result: Any,
    end: str,
) -> None:
    submit("b", 1, config=CONFIG)
    assert secrets.erase_ended(record) == 0
    if end == "finished":
        save(result("b-0", error_kind="dns"))
    else:
        database.jobs.cancel_jobs(record, "b")

    assert secrets.erase_ended(record) == 1
    assert secrets.erase_ended(record) == 0

    with read_transaction(record) as connection:
        text = connection.execute(sa.select(batches.c.config)).scalar_one()
    kept = json.loads(text)
    assert kept["cookies"] == {"session": "scrapeq:erased", "named": "env:SHOP_SESSION"}
    assert kept["headers"] == {"Authorization": "scrapeq:erased", "Accept-Language": "de"}
    assert kept["actions"] == [
        kept["actions"][0] | {"fill": {"selector": "#pass", "value": "scrapeq:erased"}}
    ]
    config = config_of(record, "b")
    assert SECRET not in repr(config)
    with pytest.raises(ConfigError, match="erased when the batch had ended"):
        reveal(config.cookies["session"])
    batch = database.batches.find_batch(record, "b")
    assert batch is not None
    # stored pages are found all the same
    assert RequestIdentity.of(config, batch.request) == RequestIdentity.of(CONFIG)


def test_who_tries_again_gives_them_again(
    record: sa.Engine, submit: Submit, save: Callable[..., int], result: Any
) -> None:
    submit("b", 1, config=CONFIG, name="shop")
    save(result("b-0", error_kind="dns"))
    secrets.erase_ended(record)

    with pytest.raises(
        ConfigError, match="cookies and headers and proxy and actions of batch 'shop'"
    ):
        database.jobs.reopen_jobs(record, "b")
    with pytest.raises(ConfigError, match="the headers of batch 'shop' were erased"):
        database.jobs.reopen_jobs(
            record,
            "b",
            secrets={
                "cookies": {"session": "new"},
                "proxy": "env:P",
                "actions": [{"click": "#more"}],
            },
        )
    assert database.jobs.open_jobs(record, "b", after_row=-1, limit=1) == []  # nothing happened

    again = {name: getattr(CONFIG, name) for name in ("cookies", "headers", "proxy", "actions")}
    assert database.jobs.reopen_jobs(record, "b", secrets=again) == 1
    assert config_of(record, "b") == CONFIG
    save(result("b-0"))
    assert secrets.erase_ended(record) == 1


def test_a_batch_without_secrets_is_tried_again_as_ever(
    record: sa.Engine, submit: Submit, save: Callable[..., int], result: Any
) -> None:
    submit("b", 1, config=ScrapingConfig.build(cookies={"named": "env:SHOP"}))
    save(result("b-0", error_kind="dns"))
    secrets.erase_ended(record)

    assert database.jobs.reopen_jobs(record, "b") == 1


def test_a_machine_without_the_key_says_so(
    record: sa.Engine, record_settings: Settings, submit: Submit, tmp_path: Path
) -> None:
    submit("b", 1, config=CONFIG)
    url = str(record.url.render_as_string(hide_password=False)).replace("+psycopg", "")
    elsewhere = load_settings(SCRAPEQ_HOME=tmp_path / "elsewhere", SCRAPEQ_DATABASE_URL=url)

    there = database.open_database(elsewhere)

    config = config_of(there, "b")
    there.dispose()
    assert reveal_or_env(config.cookies["named"]) == "env:SHOP_SESSION"
    for secret in (config.cookies["session"], config.headers["Authorization"], config.proxy):
        assert secret is not None
        with pytest.raises(ConfigError, match="encrypted with a key") as refused:
            reveal(secret)
        assert "SCRAPEQ_SECRET_KEY" in refused.value.hint
    assert not (tmp_path / "elsewhere" / KEY_FILE).exists()


def reveal_or_env(secret: Any) -> str:
    return str(secret.get_secret_value())


def test_a_key_of_the_environment_is_used_and_changed_for_another(
    record_settings: Settings, tmp_path: Path
) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()

    def keys(text: str) -> Keys:
        return Keys.of(load_settings(SCRAPEQ_HOME=tmp_path / "none", SCRAPEQ_SECRET_KEY=text))

    sealed = keys(old).seal(SECRET)

    assert keys(f"{new},{old}").unseal(sealed) == SECRET
    assert keys(new).unseal(sealed) == sealed
    assert keys(old).unseal(keys(f"{new}, {old}").seal(SECRET)).startswith("scrapeq:sealed:")
    assert not (tmp_path / "none").exists()
    with pytest.raises(ConfigError, match="SCRAPEQ_SECRET_KEY holds no key") as refused:
        keys("short").seal(SECRET)
    assert "short" not in str(refused.value)


def test_schedules_and_notifications_are_encrypted_as_long_as_they_live(
    record: sa.Engine, record_settings: Settings, submit: Submit
) -> None:
    notify = Notify.of(f"https://hooks.example/{SECRET}")
    given = ScheduleInput(["https://a.example/"])
    now = datetime(2026, 3, 1, tzinfo=UTC)
    made = Schedule(
        name="shop",
        timetable=Timetable.of(every="1d"),
        config=CONFIG,
        priority=5,
        input_id=given.id,
        rows=1,
        made_at=now,
        notify=notify,
    )
    schedules.put(record, made, given)
    submit("b", 1, refused=[0])
    notifications.add_missing(record, "b", notify, 0)
    assert not notifications.add_missing(record, "b", notify, 0)

    assert SECRET.encode() not in everything(record, record_settings)
    assert schedules.find(record, "shop") == made
    (kept,) = notifications.listed(record, "b", 1)
    assert kept.notification.notify == notify

    notifications.skipped(record, kept.notification)

    (kept,) = notifications.listed(record, "b", 1)
    assert kept.notification.notify.url.get_secret_value() == "https://hooks.example/…"


def test_an_older_record_is_encrypted_and_what_has_ended_is_erased(
    record: sa.Engine,
    record_settings: Settings,
    open_record: Callable[[], sa.Engine],
    submit: Submit,
    save: Callable[..., int],
    result: Any,
) -> None:
    for batch_id in ("open", "ended", "plain"):
        submit(batch_id, 1, config=CONFIG if batch_id != "plain" else ScrapingConfig())
    save(result("ended-0"))
    clear = json.dumps(CONFIG.to_storage())
    with write_transaction(record) as connection:
        change = batches.update().where(batches.c.id.in_(["open", "ended"]))
        connection.execute(change.values(config=clear))
        to_version_12(connection)
    assert SECRET.encode() in everything_of_batches(record)

    migrated = open_record()

    record.dispose()
    assert config_of(migrated, "open") == CONFIG
    assert "scrapeq:erased" in json.dumps(config_of(migrated, "ended").to_storage())
    assert config_of(migrated, "plain") == ScrapingConfig()
    for batch_id in ("open", "ended"):
        batch = database.batches.find_batch(migrated, batch_id)
        assert batch is not None
        assert batch.request == RequestIdentity.of(CONFIG).digest
    assert SECRET.encode() not in everything(migrated, record_settings)
    database.jobs.cancel_jobs(migrated, "open")
    assert secrets.erase_ended(migrated) == 1


def everything_of_batches(engine: sa.Engine) -> bytes:
    with read_transaction(engine) as connection:
        return repr(connection.execute(sa.text("SELECT config FROM batches")).all()).encode()
