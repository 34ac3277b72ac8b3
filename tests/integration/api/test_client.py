"""The client of a server gives what a notebook on the same project gives."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from decimal import Decimal

import httpx2
import pandas as pd
import pytest

import scrapeq as sq
from scrapeq import frames
from scrapeq.client import Client, RemoteBatch
from scrapeq.client.remote import batch as remote_batch
from scrapeq.client.remote import transport as remote_transport
from scrapeq.database.secrets import erase_ended
from scrapeq.errors import (
    ConfigError,
    InputError,
    NotAllowed,
    NotFound,
    ServerUnavailable,
    WaitTimeout,
)
from scrapeq.models.actions import Action
from scrapeq.models.person import Right


class Part(sq.Record):
    """A paragraph."""

    text: str = sq.css("p")


class Offer(sq.Record):
    """What a page of the little web says, in columns of many types."""

    headline: str = sq.css("h1")
    words: list[str] = sq.css("p")
    number: int = sq.regex(r"(\d+)")
    exact: Decimal = sq.regex(r"(\d+)")
    missing: str = sq.css(".no-such-class")
    parts: list[Part] = sq.each("article", Part)


class Wire(httpx2.BaseTransport):
    """The network, with faults: `fault(request, response)` may raise, or give another answer."""

    def __init__(self) -> None:
        self._inner = httpx2.HTTPTransport()
        self.requests: list[httpx2.Request] = []
        self.fault: Callable[[httpx2.Request, httpx2.Response], httpx2.Response] | None = None

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        response = self._inner.handle_request(request)
        if self.fault is None:
            return response
        try:
            answer = self.fault(request, response)
        except httpx2.TransportError:
            response.close()
            raise
        if answer is not response:
            response.close()
        return answer

    def close(self) -> None:
        self._inner.close()


@pytest.fixture(scope="module")
def token(served):
    return served.token("ali")


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def client(served, token, wire) -> Iterator[Client]:
    with Client(served.url, token, transport=wire) as client:
        yield client


@pytest.fixture
def impatient(monkeypatch) -> None:
    monkeypatch.setattr(remote_transport, "FIRST_PAUSE_S", 0.001)


@pytest.fixture(scope="module")
def local(module_web, cluster) -> sq.BatchHandle:
    """A finished batch of six rows: one no URL, one gone, one twice; with an index and columns of many types."""
    urls = [module_web.url(f"/article/{number}") for number in (1, 2, 1)]
    rows = {
        "firm": ["=1+1", "b", None, "d", "e", "f"],
        "page": [*urls, "no url", module_web.url("/status/404"), module_web.url("/article/7")],
        "size": [1.5, None, 2, 3, 4, 5],
        "sector": pd.Categorical(["x", "y", "x", None, "y", "z"]),
        "tags": [["x", "y"], None, [], ["z"], None, {"a": 1}],
        "when": pd.date_range("2026-01-01", periods=6, tz="Europe/Berlin"),
        "title": range(6),
    }
    index = pd.Index(list("abcdef"), name="key")
    return sq.scrape(
        pd.DataFrame(rows, index=index),
        url="page",
        name=f"client/{uuid.uuid4()}",
        settings=cluster.settings,
        main_text="off",
        page_fields="all",
        extract_links=True,
        extract_images=True,
        custom_selectors={"first": "h1", "all": ["a"]},
        record=Offer,
        max_retries=0,
    ).wait(180)


@pytest.mark.parametrize(
    "name",
    [
        *("df", "errors", "links", "images", "items", "violations", "structured", "products"),
        *("sources", "problems", "entries", "evidence", "near_duplicates", "comments"),
        *("selector_health", "screenshots", "pdfs", "documents", "responses", "console"),
    ],
)
def test_every_table_is_that_of_a_notebook(client, local, name):
    remote = client.attach(local.id)

    pd.testing.assert_frame_equal(getattr(remote, name), getattr(local, name))


def test_the_whole_table_its_columns_and_its_file_are_the_same(client, local, tmp_path):
    remote = client.attach(local.name)  # with a / in it

    assert remote.id == local.id
    pd.testing.assert_frame_equal(remote.table(), local.table())
    pd.testing.assert_frame_equal(remote.table(["firm", "exact"]), local.table(["firm", "exact"]))
    pd.testing.assert_frame_equal(remote.tables.df, local.tables.df)
    with pytest.raises(ConfigError, match="did you mean 'firm'"):
        remote.table("firmm")
    here = remote.export(tmp_path / "here.csv").read_bytes()
    assert here == local.export(tmp_path / "there.csv", files=False).read_bytes()
    assert [page.url for page in remote.pages()] == [page.url for page in local.pages()]
    assert remote.batch.config.recipe == local.batch.config.recipe


def test_a_column_that_only_a_newer_version_has_is_missed_in_words(client, local, monkeypatch):
    names = (*frames.PAGE_PART_NAMES, "of_tomorrow")
    monkeypatch.setattr(frames, "PAGE_PART_NAMES", names)

    with pytest.raises(ConfigError, match="no column 'of_tomorrow'; use the same version"):
        _ = client.attach(local.id).df


def test_a_remote_handle_has_all_that_a_local_one_has():
    def public(handle):
        return {name for name in dir(handle) if not name.startswith("_")}

    assert public(RemoteBatch) >= public(sq.BatchHandle)


def test_what_only_the_record_can_give_says_what_to_do(client, local, tmp_path):
    remote = client.attach(local.id)
    asked = {
        "read_page": lambda: remote.read_page(0),
        "try_selector": lambda: remote.try_selector("h1"),
        "to_warc": lambda: remote.to_warc(tmp_path / "a.warc.gz"),
        "findings": remote.findings,
        "queue": lambda: remote.queue,
    }

    for name, ask in asked.items():
        with pytest.raises(ConfigError, match=f"{name}.* is only where the record is") as caught:
            ask()
        assert caught.value.hint


def test_pages_are_had_as_they_came_and_read_again(client, local, web):
    remote = client.attach(local.id)

    assert remote.html(0) == local.html(0)
    with pytest.raises(NotFound, match="row 3 has no stored page"):
        remote.html(3)
    with pytest.raises(NotFound, match="the batch has no row 6"):
        remote.html(6)
    with pytest.raises(NotFound, match=r"the batch has no row -1; its rows are 0 to 5"):
        remote.html(-1)
    with pytest.raises(TypeError):
        remote.html("0")
    assert remote.cost == local.cost
    with pytest.raises(ConfigError, match="no field is filled by a language model"):
        remote.estimate()
    with pytest.raises(NotAllowed, match="belongs to"):
        remote.reread(custom_selectors={"second": "p"})

    mine = client.scrape([web.url("/article/5")], main_text="off", record=Offer).wait(180)
    before = web.hits()
    again = mine.reread(record=None, custom_selectors={"second": "h1"}).wait(180)

    assert web.hits() == before
    assert again.df["second"].tolist() == mine.df["headline"].tolist()
    assert "headline" not in again.df.columns
    assert "read again" in again.note
    with pytest.raises(ConfigError, match="would be another request"):
        mine.reread(headers={"X-Other": "1"})


def test_files_are_had_as_they_came(client, web, queue, served):
    links = [web.url(f"/document/{name}") for name in ("report.pdf", "offers.csv")]
    remote = client.scrape(links, store_files=True, main_text="off").wait(180)
    local = sq.attach(remote.id, queue=queue)

    found = remote.documents
    pd.testing.assert_frame_equal(found, local.documents)
    assert [found.body(place) for place in (0, 1)] == [
        local.documents.body(place) for place in (0, 1)
    ]
    person = served.person("reader", Right.READ)
    one = person.get(f"/v1/batches/{remote.id}/file", params={"sha256": found["sha256"].iloc[0]})
    assert one.content.startswith(b"%PDF")
    assert one.headers["content-type"] == "application/octet-stream"
    assert one.headers["content-disposition"] == "attachment"
    assert one.headers["x-content-type-options"] == "nosniff"
    paged = person.get(f"/v1/batches/{remote.id}/files", params={"limit": 1}).json()
    assert (len(paged["rows"]), paged["next_cursor"]) == (1, "0")
    other = client.scrape([web.url("/article/6")], main_text="off").wait(180)
    with pytest.raises(NotFound, match="keeps no such file"):
        other._body(found["sha256"].iloc[0])


def test_what_a_browser_gave_is_had_too(client, web, queue, browser_is_here):
    remote = client.scrape(
        [web.url("/from-json/1")], screenshot=True, capture=["*/json?*"], console=True
    ).wait(180)
    local = sq.attach(remote.id, queue=queue)

    pd.testing.assert_frame_equal(remote.responses, local.responses)
    pd.testing.assert_frame_equal(remote.console, local.console)
    assert len(remote.responses) == 1
    assert remote.screenshots.body() == local.screenshots.body()
    assert remote.screenshots._repr_html_() == local.screenshots._repr_html_()


def test_the_card_is_the_same(client, local, queue):
    remote, local = client.attach(local.id), sq.attach(local.id, queue=queue)

    assert remote.card(actions=True) == local.card(actions=True)
    assert remote._repr_html_() == local._repr_html_()
    assert repr(remote) == repr(local).replace("BatchHandle", "RemoteBatch")
    assert (len(remote), remote.is_done, remote.name) == (6, True, local.name)
    assert remote.progress.counts == local.progress.counts


def test_a_table_is_submitted_with_its_columns_and_found_again(client, web, queue):
    rows = pd.DataFrame(
        {
            "firm": pd.Categorical(["a", "b"]),
            "link": [web.url("/article/1"), None],
            "odd": [{"a": 1}, {1}],
            "records": [{"a": 1}, {"b": [1, 2]}],
            "lists": [[[1], [2, 3]], None],
            "mixed": [[1, [2]], []],
            "large": [2**70, 1],
            3: [1, 2],
        },
        index=[7, 9],
    )
    name = f"remote {uuid.uuid4()}"
    with pytest.warns(UserWarning, match="kept as text.*'odd'$"):
        batch = client.scrape(rows, url="link", name=name, main_text="off", max_age="12h")
    local = sq.attach(name, queue=queue)

    assert isinstance(batch.wait(180), RemoteBatch)
    assert "is no URL" not in batch.note
    pd.testing.assert_frame_equal(batch.df, local.df)
    carried = rows.drop(columns="odd")
    pd.testing.assert_frame_equal(batch.df[list(carried.columns)], carried, check_column_type=False)
    assert list(batch.df.index) == [7, 9]
    assert batch.df["firm"].dtype == "category"
    assert list(batch.df["ok"]) == [True, False]
    assert local.batch.owner == "ali"
    with pytest.warns(UserWarning, match="kept as text"):
        again = client.scrape(rows, url="link", name=name, main_text="off", max_age="12h")
    assert (again.id, "nothing was submitted" in again.note) == (batch.id, True)


def test_a_list_is_submitted_and_followed_to_its_end(client, web):
    urls = [web.url(f"/article/{number}") for number in range(5)]
    batch = client.scrape(urls, main_text="off")

    seen = list(batch.follow(180))
    assert seen[-1].is_done
    assert [one.done for one in seen] == sorted(one.done for one in seen)
    assert next(iter(batch.df.columns)) == "url"
    assert list(batch.df["title"]) == [web.page(f"/article/{number}").title for number in range(5)]
    called: list[RemoteBatch] = []
    batch.on_done(called.append)
    assert sorted(page.row for page in batch.as_completed(180)) == [0, 1, 2, 3, 4]


def test_a_submission_whose_answer_was_lost_is_done_once(client, wire, web, queue, impatient):
    name = f"once {uuid.uuid4()}"
    lost: list[bytes] = []

    def lose(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        if request.method == "POST" and len(lost) < 2:
            lost.append(response.read())
            raise httpx2.ReadError("the line was cut", request=request)
        return response

    wire.fault = lose
    batch = client.scrape([web.url("/article/3")], name=name, main_text="off", refresh=True)

    keys = [one.headers["idempotency-key"] for one in wire.requests if one.method == "POST"]
    assert (len(keys), len(set(keys))) == (3, 1)
    assert batch.batch.run == 1
    assert sq.attach(name, queue=queue).id == batch.id
    assert batch.wait(180).progress.completed == 1


def test_too_many_requests_and_a_service_that_is_away_are_waited_for(client, wire, impatient):
    answers = [429, 503]

    def busy(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        return httpx2.Response(answers.pop(), request=request) if answers else response

    wire.fault = busy
    assert client.me()["name"] == "ali"
    assert len(wire.requests) == 3


def test_rows_are_told_once_though_the_stream_breaks(client, wire, web, monkeypatch):
    monkeypatch.setattr(remote_batch, "FIRST_PAUSE_S", 0.001)
    broken: list[str] = []

    def cut(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
        if request.url.path.endswith("/events") and len(broken) < 2:
            broken.append(request.headers["last-event-id"])
            raise httpx2.RemoteProtocolError("the line was cut", request=request)
        return response

    wire.fault = cut
    # one after the other: the last is not there when the stream begins
    urls = [web.url(f"/slow/1.5?{uuid.uuid4()}") for _ in range(4)]
    batch = client.scrape(urls, main_text="off", respect_robots=False, max_per_host=1)

    assert sorted(page.row for page in batch.as_completed(180)) == [0, 1, 2, 3]
    assert broken
    behind = [one for one in wire.requests if one.url.path.endswith("/events")]
    assert all(one.headers["last-event-id"].isdecimal() for one in behind)


def test_a_batch_is_steered(client, web, queue):
    urls = [web.url(f"/slow/60?{uuid.uuid4()}") for _ in range(3)]
    batch = client.scrape(urls, main_text="off", respect_robots=False)

    with pytest.raises(WaitTimeout, match="is not done after 0 s"):
        batch.wait(0)
    for wait in (batch.wait, lambda timeout: next(batch.as_completed(timeout))):
        with pytest.raises(ConfigError, match="timeout is '1m'"):
            wait("1m")
    batch.press(Action.PAUSE)
    assert sq.attach(batch.id, queue=queue).batch.state == "paused"
    assert batch.resume().batch.state == "open"
    assert batch.cancel().progress.cancelled == 3
    assert batch.retry_failed(["dns"]).note == "there is nothing to try again"
    assert batch.retry_failed().note == "3 rows are tried again"
    batch.cancel()


def test_a_batch_is_tried_again_with_the_secrets_that_the_server_has_erased(
    client, web, queue, eventually
):
    batch = client.scrape([web.url("/status/404")], cookies={"key": "secret"}, max_retries=0)
    batch.wait(180)
    erase_ended(queue.services.engine)
    attached = client.attach(batch.id)

    with pytest.raises(ConfigError, match=r"cookies of batch .* were erased"):
        attached.retry_failed()
    assert attached.retry_failed(cookies={"key": "again"}).note == "1 row is tried again"
    assert eventually(lambda: batch.is_done)
    erase_ended(queue.services.engine)
    assert batch.retry_failed().note == "1 row is tried again"
    assert "secret" not in batch.batch.model_dump_json()
    with pytest.raises(NotAllowed, match="proxy may only be used"):
        attached.retry_failed(proxy="http://127.0.0.1:1")


def test_what_is_refused_is_the_same_error_as_here(client, served, web):
    with pytest.raises(NotFound, match="no batch 'no such'"):
        client.attach("no such")
    with pytest.raises(NotFound):
        client.get_job_status("no-such-job")
    with pytest.raises(ConfigError, match="max_retrys"):
        client.scrape([web.url("/")], max_retrys=1)
    with pytest.raises(ConfigError, match="selector"):
        client.scrape([web.url("/")], custom_selectors={"a": "h1["})
    with pytest.raises(InputError, match="the list"):
        client.scrape([])
    with (
        Client(served.url, "scrapeq_wrong") as stranger,
        pytest.raises(NotAllowed, match="nobody has this token") as refused,
    ):
        stranger.me()
    assert "scrapeq token create" in refused.value.hint
    with Client(served.url, served.token("eva", Right.READ)) as reader:
        assert reader.me()["right"] == "read"
        with pytest.raises(NotAllowed, match="may read"):
            reader.scrape([web.url("/")])


def test_a_server_that_is_away_makes_a_card_grey(client, wire, local, monkeypatch):
    batch = client.attach(local.id)
    assert "does not answer" not in batch.card()

    def away(request: httpx2.Request, _: httpx2.Response) -> httpx2.Response:
        raise httpx2.ConnectError("refused", request=request)

    wire.fault = away
    monkeypatch.setattr(remote_transport, "MOST_AWAY_S", 0.0)
    assert "the server does not answer" in batch.card()
    assert "does not answer: refused" in repr(batch)
    with pytest.raises(ServerUnavailable) as error:
        batch._transport.get("/me", most_away_s=0.0)
    assert "scrapeq serve" in error.value.hint


def test_another_server_is_told_from_ours(token):
    other = httpx2.MockTransport(
        lambda request: httpx2.Response(404, text="<html>", request=request)
    )
    with pytest.raises(ServerUnavailable, match="answers 404"):
        Client("http://127.0.0.1:1/", token, transport=other).me()


def test_a_server_that_died_in_a_request_is_told_with_what_to_do(token, served):
    said = {"detail": "the request with this Idempotency-Key is under way", "hint": "use a new key"}
    begun = httpx2.MockTransport(
        lambda request: httpx2.Response(
            409,
            json=said,
            headers={"Retry-After": "1", "Content-Type": "application/problem+json"},
            request=request,
        )
    )
    with (
        Client(served.url, token, transport=begun) as client,
        pytest.raises(ServerUnavailable) as error,
    ):
        client._transport.change("POST", "/batches", most_away_s=0.0, json={})
    assert "in the middle of this request" in error.value.problem
    assert "run the same again" in error.value.hint
    assert "key" not in str(error.value)


def test_the_project_is_looked_at(client, local, queue, web):
    pd.testing.assert_frame_equal(
        client.batches().drop(columns="elapsed_s"),
        sq.batches(queue=queue).drop(columns="elapsed_s"),
    )
    pd.testing.assert_frame_equal(client.hosts(), sq.hosts(24, queue=queue))
    job = client.submit_scraping_job(web.url("/article/5"), sq.ScrapingConfig(main_text="off"))
    assert client.get_job_status(job.id).url == web.url("/article/5")
    assert job.id in [one.id for one in client.get_job_history()]
    assert isinstance(client.cancel_job(job.id), bool)
    assert isinstance(client.get_active_jobs(), list)
    assert client.get_queue_stats().workers
    assert client.health().verdict
    assert client.history().hours
    assert repr(client).startswith("<Client http://127.0.0.1:")


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://a", "http://", 7])
def test_an_address_that_is_none_is_refused(url):
    with pytest.raises(ConfigError, match="not the address of a server"):
        Client(url, "token")


def test_without_a_token_it_says_how_to_get_one(monkeypatch):
    monkeypatch.delenv("SCRAPEQ_TOKEN", raising=False)
    with pytest.raises(ConfigError, match="no token"):
        Client("http://127.0.0.1:8000")


def test_what_cannot_be_a_token_is_refused():
    with pytest.raises(ConfigError, match="this is no token"):
        Client("http://127.0.0.1:8000", "tök")


def test_in_a_browser_it_says_that_it_does_not_work(monkeypatch):
    monkeypatch.setattr(sys, "platform", "emscripten")
    with pytest.raises(ConfigError, match="Pyodide"):
        Client("http://127.0.0.1:8000", "token")


#: What a machine with the client needs not have.
HEAVY = [
    *("celery", "kombu", "redis", "sqlalchemy", "aiohttp", "curl_cffi", "lxml", "selectolax"),
    *("parsel", "trafilatura", "fastapi", "uvicorn", "openai", "playwright", "cryptography"),
]
SCRIPT = """
import sys
for name in {heavy}:
    sys.modules[name] = None  # to import it fails
from scrapeq.client import Client
assert "pandas" not in sys.modules
import pandas as pd
client = Client({url!r})
batch = client.scrape(pd.DataFrame({{"link": [{page!r}]}}), url="link", main_text="off").wait(180)
assert "completed" in batch.card()
print(batch.df["ok"].tolist(), len(batch.links), batch.progress.completed)
"""


def test_it_works_without_celery_redis_and_a_database(served, token, web):
    script = SCRIPT.format(heavy=HEAVY, url=served.url, page=web.url("/article/1"))
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "SCRAPEQ_TOKEN": token},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )

    assert done.stdout.split() == ["[True]", "0", "1"], done.stderr
