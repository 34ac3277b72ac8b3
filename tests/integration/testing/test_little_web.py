"""The little web over real sockets, and its process."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from scrapeq.testing import Hit, LittleWeb


@pytest.fixture(scope="module")
def web() -> Iterator[LittleWeb]:
    with LittleWeb(hosts=4, seed=7, crawl_delay_s={3: 2}, robots={2: 503}, down={1}) as running:
        yield running


def get(
    web: LittleWeb, path: str, host: int = 0, **headers: str
) -> tuple[int, bytes, dict[str, str]]:
    connection = http.client.HTTPConnection(f"127.0.0.{host + 1}", web.port, timeout=180)
    try:
        connection.request("GET", path, headers=headers)
        said = connection.getresponse()
        return said.status, said.read(), {name.lower(): value for name, value in said.getheaders()}
    finally:
        connection.close()


def eventually(true: Callable[[], bool], within_s: float = 120) -> None:
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_page_is_served_as_it_was_made(web):
    status, body, headers = get(web, "/article/3", host=2)

    assert status == 200
    assert body == web.page("/article/3", host=2).plain()
    assert headers["content-type"] == f"text/html; charset={web.page('/article/3', 2).charset}"


def test_the_log_says_who_asked_for_what_and_when(web):
    web.clear()
    before_ms = time.monotonic() * 1000
    get(web, "/article/3?row=1", host=2, **{"User-Agent": "reader/1", "X-Thing": "kept"})
    get(web, "/status/410")
    after_ms = time.monotonic() * 1000

    first, second = web.log()

    assert (first.host, first.path, first.query, first.method) == (
        "127.0.0.3",
        "/article/3",
        "row=1",
        "GET",
    )
    assert (first.user_agent, first.headers["x-thing"]) == ("reader/1", "kept")
    assert (first.status, second.status) == (200, 410)
    assert before_ms <= first.at_ms <= second.at_ms <= after_ms
    assert first.connection != second.connection
    assert (web.hits(), web.hits("/status/410"), web.hits(host=2)) == (2, 1, 1)


def test_a_connection_is_kept_and_its_requests_answered_in_order(web):
    web.clear()
    with socket.create_connection(("127.0.0.1", web.port), timeout=180) as client:
        head = "Host: shop-3.localhost\r\n"
        client.sendall(
            f"POST /json HTTP/1.1\r\n{head}Content-Length: 3\r\n\r\nabc"
            f"GET /slow/0.01 HTTP/1.1\r\n{head}\r\n"
            f"HEAD /article/1 HTTP/1.1\r\n{head}\r\n"
            f"GET /empty HTTP/1.1\r\n{head}Connection: close\r\n\r\n".encode()
        )
        answers = b"".join(iter(lambda: client.recv(65536), b""))

    assert answers.count(b"HTTP/1.1 200 OK\r\n") == 4
    assert [(hit.method, hit.path) for hit in web.log()] == [
        ("POST", "/json"),
        ("GET", "/slow/0.01"),
        ("HEAD", "/article/1"),
        ("GET", "/empty"),
    ]
    assert answers.count(b"<h1") == 1, "HEAD has no body"
    assert {hit.host for hit in web.log()} == {"shop-3.localhost"}
    assert len({hit.connection for hit in web.log()}) == 1
    assert answers.endswith(b"Content-Length: 0\r\nConnection: close\r\n\r\n")


def test_every_answer_takes_its_time():
    with LittleWeb(hosts=1, latency_s=0.1) as web:
        for path, at_least_s in (("/json", 0.1), ("/slow/0.1", 0.2)):
            began_s = time.monotonic()
            assert get(web, path)[0] == 200
            assert time.monotonic() - began_s >= at_least_s


def test_bad_answers_are_really_bad(web):
    with pytest.raises(http.client.IncompleteRead):
        get(web, "/truncated")
    with pytest.raises(ConnectionResetError):
        get(web, "/reset")
    assert get(web, "/empty")[:2] == (200, b"")


def test_a_large_answer_has_the_size_asked_for(web):
    assert len(get(web, "/large/3000000")[1]) == 3_000_000
    assert len(get(web, "/large/10")[1]) == 10


def test_what_is_no_request_is_refused(web):
    with socket.create_connection(("127.0.0.1", web.port), timeout=180) as client:
        client.sendall(b"hello\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 400 ")


def test_hosts_have_the_robots_they_were_given(web):
    assert b"Crawl-delay: 2\n" in get(web, "/robots.txt", host=3)[1]
    assert get(web, "/robots.txt", host=2)[0] == 503


def test_a_host_that_is_down_refuses_until_it_is_up_again():
    with LittleWeb(hosts=2, down={1}) as web:
        with pytest.raises(ConnectionRefusedError):
            get(web, "/", host=1)

        web.up(1)
        assert get(web, "/", host=1)[0] == 200

        with socket.create_connection(("127.0.0.2", web.port), timeout=180) as client:
            client.sendall(b"GET /json HTTP/1.1\r\nHost: a\r\n\r\n")
            client.recv(9999)
            web.down(1)
            with pytest.raises(ConnectionResetError):
                client.recv(1)
        with pytest.raises(ConnectionRefusedError):
            get(web, "/", host=1)
        assert get(web, "/", host=0)[0] == 200


def test_the_mix_of_urls_is_exact_and_comes_true(web):
    rows = web.urls(400, failures=0.1)

    assert rows == web.urls(400, failures=0.1)
    assert len({row["url"] for row in rows}) == 400
    kinds = Counter(row["kind"] for row in rows)
    assert kinds[""] == 360
    assert set(kinds) > {"http_4xx", "http_5xx", "robots", "reset", "refused", "parse"}
    assert {row["kind"] for row in web.urls(9, failures=1, kinds={"reset"})} == {"reset"}
    good = next(row for row in rows if not row["kind"])
    path = good["url"].split("/", 3)[3]
    host = int(good["url"].split("/")[2].split(":")[0].rsplit(".", 1)[1]) - 1
    assert web.page(f"/{path}", host).title == good["title"]


def test_every_name_has_a_certificate_of_the_webs_own_authority():
    with LittleWeb(hosts=2, tls=True) as web:
        trusting = ssl.create_default_context(cadata=web.ca_pem)
        for name in ("127.0.0.2", "shop-3.localhost", "example.com"):
            address = name if name[0] == "1" else "127.0.0.1"
            with (
                socket.create_connection((address, web.tls_port), timeout=180) as plain,
                trusting.wrap_socket(plain, server_hostname=name) as client,
            ):
                head = f"GET /json HTTP/1.1\r\nHost: {name}:{web.tls_port}\r\n\r\n"
                client.sendall(head.encode())
                assert client.recv(9999).startswith(b"HTTP/1.1 200 OK\r\n")
        assert [hit.host for hit in web.log()] == ["127.0.0.2", "shop-3.localhost", "example.com"]
        assert web.url("/a", 1, tls=True) == f"https://127.0.0.2:{web.tls_port}/a"


def test_it_ends_when_its_owner_is_killed(tmp_path):
    owner = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import time; from scrapeq.testing import LittleWeb\n"
            "web = LittleWeb(hosts=2).start()\n"
            "print(web._process.pid, web.port, flush=True); time.sleep(60)",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    with owner:
        assert owner.stdout is not None
        pid, port = map(int, owner.stdout.readline().split())
        assert is_alive(pid)

        owner.kill()

    def gone() -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", port)) != 0

    eventually(gone)


def test_closing_ends_its_process_and_starting_again_works():
    web = LittleWeb(hosts=1)
    with web:
        assert web._process is not None
        pid, url = web._process.pid, web.url()

    web.close()

    assert not is_alive(pid)
    with pytest.raises(RuntimeError, match="not started"):
        web.url()
    with pytest.raises(RuntimeError, match="not started"):
        web.log()
    with web:
        assert web.url().startswith(url.rpartition(":")[0])


def test_a_port_that_is_taken_is_named():
    with (
        LittleWeb(hosts=1) as first,
        pytest.raises(OSError, match=f"cannot listen on 127.0.0.1:{first.port}: Address already"),
    ):
        LittleWeb(hosts=1, port=first.port).start()


def test_it_says_what_it_has_not_got(web):
    with pytest.raises(RuntimeError, match="tls=True"):
        web.url("/", tls=True)
    with pytest.raises(ValueError, match="1 to 2,000 hosts"):
        LittleWeb(hosts=0)
    urllib.request.urlopen(web.url("/")).close()
    assert isinstance(web.log()[0], Hit)


def test_the_command_prints_the_address_and_ends_when_interrupted():
    command = [sys.executable, "-m", "scrapeq.testing", "--port", "0", "--hosts", "2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as serving:
        assert serving.stdout is not None
        line = serving.stdout.readline()
        assert line.startswith("http://127.0.0.1:")
        assert line.endswith("/ to 127.0.0.2, Ctrl-C ends it\n")

        port = int(line.split(":")[2].split("/")[0])
        with socket.create_connection(("127.0.0.1", port), timeout=180):
            pass
        serving.send_signal(signal.SIGINT)

        assert serving.wait(timeout=180) == 0
