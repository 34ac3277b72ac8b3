"""The command line as people type it: files in, files out, exit statuses, an interrupt.

A command that is a process of its own takes 1 s of CPU more than one in this process: each way to use it is
tried as a process once, what else it does is tried here.
"""

from __future__ import annotations

import io
import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

from scrapeq import cli, database
from scrapeq import cluster as clusters
from scrapeq.database.jobs import Deleted

PROGRAM = str(Path(sys.executable).with_name("scrapeq"))
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the commands are typed; its .scrapeq is their home."""
    return tmp_path_factory.mktemp("project")


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    return {
        **os.environ,
        "SCRAPEQ_ALLOW_PRIVATE_ADDRESSES": "true",
        "SCRAPEQ_WORKERS": "1",
        "COLUMNS": "200",
    }


@pytest.fixture(scope="module")
def up(folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """A cluster that outlives the commands, and what starting it said."""
    started = subprocess.run(
        [PROGRAM, "up", "--workers", "1"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=180,
    )
    yield started.stdout
    clusters.leave(folder / ".scrapeq")  # what ran in this process has a share
    clusters.down(folder / ".scrapeq")


@pytest.fixture
def type_in(up: str, folder: Path, environment: dict[str, str]) -> Run:
    """Runs `scrapeq` with these words, after the cluster has been started."""

    def run(*words: object, stdin: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PROGRAM, *map(str, words)],
            cwd=folder,
            env={**environment, **more},
            capture_output=True,
            text=True,
            input=stdin,
            check=False,
            timeout=180,
        )

    return run


@pytest.fixture
def run_here(
    folder: Path,
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """What `type_in` does, in this process; it starts no cluster."""

    def run(*words: object, stdin: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        typed = ["scrapeq", *map(str, words)]
        with monkeypatch.context() as here:
            for name, value in {**environment, **more}.items():
                here.setenv(name, value)
            here.chdir(folder)
            here.setattr(sys, "argv", typed)
            here.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
            with pytest.raises(SystemExit) as ended:
                cli.main()
        printed = capsys.readouterr()
        status = int(ended.value.code or 0)
        return subprocess.CompletedProcess(typed, status, printed.out, printed.err)

    return run


@pytest.fixture
def firms(folder: Path, web) -> Path:
    """A csv of three firms, one of them gone."""
    path = folder / "firms.csv"
    links = [web.url("/article/1"), web.url("/product/2", host=1), web.url("/status/404")]
    pd.DataFrame({"firm": ["a", "b", "c"], "link": links}).to_csv(path, index=False)
    return path


#: Two texts are longer than Excel's cells may be.
XLSX = pytest.param(
    "run_here", "xlsx", marks=pytest.mark.filterwarnings("ignore:2 cells were longer")
)


@pytest.mark.parametrize(
    ("command", "ending"),
    [("type_in", "csv"), ("run_here", "jsonl"), ("run_here", "parquet"), XLSX],
)
def test_a_csv_becomes_a_table(command, ending, up, firms, folder, web, request):
    out = folder / f"pages.{ending}"
    done = request.getfixturevalue(command)(
        "scrape", firms, "--url-column", "link", "--select", "headline=h1",
        "--select-all", "paragraphs=p", "--option", "retry_backoff_s=0.1", "-o", out,
    )  # fmt: skip

    assert done.returncode == 1, done.stderr  # some rows failed
    assert f"wrote {out}" in done.stderr
    readers = {
        "csv": pd.read_csv,
        "jsonl": lambda path: pd.read_json(path, lines=True),
        "parquet": pd.read_parquet,
        "xlsx": partial(pd.read_excel, engine="openpyxl"),
    }
    table = readers[ending](out)
    assert list(table["firm"]) == ["a", "b", "c"]
    assert table["ok"].astype(bool).tolist() == [True, True, False]
    assert table["headline"].iloc[0] == web.page("/article/1").title
    assert table["error_kind"].iloc[2] == "http_4xx"
    assert "paragraphs" in table


def test_urls_on_stdin_give_a_table_on_stdout(type_in, web):
    urls = f"{web.url('/article/11')}\n\n{web.url('/article/12', host=2)}\n"
    done = type_in("scrape", stdin=urls)

    assert done.returncode == 0, done.stderr
    assert web.page("/article/11").title[:30] in done.stdout
    assert web.page("/article/12", host=2).title[:30] in done.stdout


def test_every_row_failing_has_a_status_of_its_own(run_here, up, web):
    done = run_here("scrape", "-", "--quiet", stdin=web.url("/status/410"))

    assert done.returncode == 3
    assert "1 row failed:" in done.stderr
    assert "http_4xx" in done.stderr


def test_the_same_command_again_asks_nobody(type_in, run_here, web, asked):
    urls = "\n".join(web.url(f"/article/{n}") for n in range(20, 30))
    assert run_here("scrape", "-", stdin=urls).returncode == 0
    web.clear()

    again = type_in("scrape", "-", stdin=urls)  # by another process

    assert again.returncode == 0
    assert "the same batch" in again.stderr
    assert asked() == []


def test_refresh_asks_again(run_here, up, web, asked):
    url = web.url("/article/31")
    run_here("scrape", "-", stdin=url)
    run_here("scrape", "-", "--refresh", stdin=url)

    assert len(asked()) == 2


def test_failed_rows_can_be_tried_again(run_here, up, web):
    url = web.url("/flaky/1")
    words = ("scrape", "-", "--option", "max_retries=0")
    assert run_here(*words, stdin=url).returncode == 3
    assert run_here(*words, stdin=url).returncode == 3  # the same batch, already done
    assert run_here(*words, "--retry-failed", stdin=url).returncode == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["scrape", "missing.csv"], "there is no file"),
        (["scrape", "firms.csv", "--url-column", "lnk"], "did you mean 'link'"),
        (["scrape", "firms.csv", "--url-column", "link", "-o", "out.docx"], "xlsx"),
        (["scrape", "firms.csv", "--url-column", "link", "--select", "h1"], "NAME=VALUE"),
        (["scrape", "firms.csv", "--url-column", "link", "--select", "a=h1["], "CSS"),
        (["scrape", "firms.csv", "--url-column", "link", "--option", "max_retry=1"], "max_retries"),
        (["scrape", "firms.csv", "--url-column", "link", "--delay", "-1"], "delay_between"),
        (["scrape", "-"], "stdin holds no URLs"),
        (["export", "nobody", "out.csv"], "there is no batch"),
        (["scrape", "firms.csv", "--priority", "0"], "--priority"),
    ],
)
def test_a_command_that_cannot_be_met_says_what_to_write(run_here, firms, words, says):
    done = run_here(*words)

    assert done.returncode == 2
    assert says in done.stderr


@pytest.mark.parametrize(
    ("deleted", "says"),
    [((1, 1), "deleted 1 batch, 1 job\n"), ((2, 3_000), "deleted 2 batches, 3,000 jobs\n")],
)
def test_a_cleanup_says_how_much_it_deleted(deleted, says, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("SCRAPEQ_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["scrapeq", "cleanup", "--days", "1"])
    monkeypatch.setattr(database.keeping, "keep_only", lambda *_, **__: Deleted(*deleted))

    with pytest.raises(SystemExit) as ended:
        cli.main()

    assert not ended.value.code
    assert capsys.readouterr().err == says


def test_a_redis_that_is_not_there_is_another_status(type_in, firms):
    done = type_in("scrape", firms, "--url-column", "link", REDIS_URL="redis://localhost:1/0")

    assert done.returncode == 4
    assert "Error connecting to Redis" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_status_says_why_a_named_redis_does_not_answer(run_here):
    done = run_here("status", REDIS_URL="redis://localhost:1/0")

    assert done.returncode == 4
    assert "connecting to localhost:1" in done.stderr
    assert "no-redis" not in done.stderr


def test_after_an_interrupt_the_same_command_goes_on(tmp_path, environment, web, asked, eventually):
    # No cluster was started before: each command brings its own, which ends with it.
    urls = "\n".join(web.url(f"/slow/0.2?n={n}", host=n % 2) for n in range(60))
    options = ["--option", "max_per_host=4", "--option", "main_text=off"]
    command = [PROGRAM, "scrape", "-", *options, "-o", "slow.csv"]
    first = subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert first.stdin
    first.stdin.write(urls)
    first.stdin.close()
    eventually(lambda: len(asked()) > 5)

    first.send_signal(signal.SIGINT)

    assert first.stderr
    said = first.stderr.read()
    first.stderr.close()
    assert first.wait(180) == 130
    assert "run the same command to continue" in said
    assert "Traceback" not in said
    again = subprocess.run(
        command,
        cwd=tmp_path,
        env=environment,
        input=urls,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert again.returncode == 0, again.stderr
    assert "the same batch" in again.stderr
    assert len(pd.read_csv(tmp_path / "slow.csv")) == 60
    assert len(asked()) <= 60 + 8  # what was open at the two hosts is asked for again
    eventually(lambda: not clusters.status(tmp_path / ".scrapeq").running)


def test_a_terminal_shows_how_far_it_is(up, folder, environment, web):
    main, terminal = pty.openpty()
    scraping = subprocess.Popen(
        [PROGRAM, "scrape", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=terminal,
        cwd=folder,
        env={**environment, "TERM": "xterm"},
    )
    os.close(terminal)
    assert scraping.stdin
    scraping.stdin.write("\n".join(web.url(f"/article/{n}") for n in range(40, 50)).encode())
    scraping.stdin.close()
    shown = b""
    try:
        while piece := os.read(main, 65536):
            shown += piece
    except OSError:  # how a terminal says that nobody writes to it any more
        pass
    os.close(main)

    assert scraping.wait(180) == 0
    assert b"10 of 10" in shown
    assert b"100%" in shown


def test_status_export_and_the_list_of_batches(type_in, run_here, up, web, folder):
    assert "1 worker process;" in up
    assert "stays until scrapeq down" in up
    run_here("scrape", "-", "--name", "listed", stdin=web.url("/article/51"))

    status = type_in("status")
    listed = type_in("batches")
    exported = type_in("export", "listed", "listed.jsonl")

    assert status.returncode == listed.returncode == exported.returncode == 0
    assert "1 worker answers" in status.stdout
    assert "listed" in listed.stdout
    assert len((folder / "listed.jsonl").read_text().splitlines()) == 1


def test_doctor_finds_everything_in_order(type_in, folder):
    done = type_in("doctor")

    assert done.returncode == 0, done.stdout
    assert "FAIL" not in done.stdout
    for what in ("Python", "database", "Redis", "browser"):
        assert f"ok   {what}" in done.stdout


def test_doctor_says_what_is_wrong(run_here):
    redis = run_here("doctor", REDIS_URL="redis://localhost:1/0")
    variable = run_here("doctor", SCRAPEQ_WORKERS="many")

    assert redis.returncode == variable.returncode == 1
    assert "FAIL Redis: Error connecting to Redis" in redis.stdout
    assert "→ start Redis, correct REDIS_URL" in redis.stdout
    assert "FAIL settings" in variable.stdout
    assert "SCRAPEQ_WORKERS" in variable.stdout


def test_doctor_speaks_json_too(run_here):
    done = run_here("doctor", "--json", SCRAPEQ_WORKERS="many")
    found = json.loads(done.stdout)

    assert done.returncode == 1
    settings = next(one for one in found["checks"] if one["name"] == "settings")
    assert settings["state"] == "bad"
    assert "SCRAPEQ_WORKERS" in settings["result"]


def test_the_demo_shows_a_table(type_in, tmp_path):
    out = tmp_path / "demo.csv"
    done = type_in("demo", "--rows", "40", "-o", out)

    assert done.returncode == 0, done.stderr
    assert "2 rows failed, each with its reason" in done.stderr
    assert len(pd.read_csv(out)) == 40


def test_down_ends_what_up_started(tmp_path, environment):
    def run(*words: str) -> str:
        done = subprocess.run(
            [PROGRAM, *words], cwd=tmp_path, env=environment, capture_output=True, text=True,
            check=True, timeout=180,
        )  # fmt: skip
        return done.stdout + done.stderr

    run("up")
    assert "up for" in run("status")

    assert "ended" in run("down")

    assert "nothing runs" in run("status")
    assert "nothing was running" in run("down")
    assert not clusters.status(tmp_path / ".scrapeq").running


def test_a_cluster_of_its_own_cannot_stand_beside_a_named_redis(run_here):
    done = run_here("up", REDIS_URL="redis://localhost:1/0")

    assert done.returncode == 2
    assert "REDIS_URL" in done.stderr


def test_help_and_a_word_that_is_no_command(run_here):
    assert "scrape" in run_here("--help").stdout
    wrong = run_here("scape")
    assert wrong.returncode == 2
    assert "scape" in wrong.stderr
