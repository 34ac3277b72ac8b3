"""The hostile web over real sockets, and its process; no engine here."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from scrapeq.testing import CATALOGUE, Case, HostileWeb


@pytest.fixture(scope="module")
def web() -> Iterator[HostileWeb]:
    with HostileWeb(tls=False) as running:
        yield running


def case(name: str) -> Case:
    return next(one for one in CATALOGUE if one.name == name)


def get(web: HostileWeb, name: str, path: str = "/") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", web.ports["plain"], timeout=180)
    try:
        connection.request("GET", path, headers={"Host": f"{name}.localhost"})
        said = connection.getresponse()
        return said.status, said.read()
    finally:
        connection.close()


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def eventually(true: Callable[[], bool], within_s: float = 120) -> None:
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)


def test_every_case_has_a_place_of_its_own(web):
    urls = [web.url(one) for one in web.cases]

    assert len(set(urls)) == len(urls)
    ports = "|".join(web.ports)
    assert not [url for url in urls if re.search(rf"{{(name|{ports})}}", url)]
    assert web.url(case("head-slow")) == f"http://head-slow.localhost:{web.ports['plain']}/"


def test_what_it_does_is_really_done(web):
    with pytest.raises(http.client.IncompleteRead):
        get(web, "body-short")
    with pytest.raises(http.client.RemoteDisconnected):
        get(web, "status-flakyconnection")
    assert get(web, "status-404")[0] == 404
    assert get(web, "encoding-gzipbomb")[1].startswith(b"\x1f\x8b")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", web.ports["refused"]))
    with socket.create_connection(("127.0.0.1", web.ports["shut"]), timeout=180) as client:
        assert client.recv(1) == b""
    with (
        pytest.raises(ConnectionResetError),
        socket.create_connection(("127.0.0.1", web.ports["reset"]), timeout=180) as client,
    ):
        client.recv(1)
    with socket.socket() as client:
        client.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.connect(("127.0.0.1", web.ports["hole"]))


def test_it_remembers_who_asked_and_can_forget(web):
    web.clear()
    assert get(web, "status-flaky")[0] == 503
    assert get(web, "status-flaky")[0] == 503
    assert get(web, "status-flaky")[0] == 200

    assert [one["host"] for one in web.log()] == ["status-flaky.localhost"] * 3

    web.clear()
    assert web.log() == []
    assert get(web, "status-flaky")[0] == 503


def test_whoever_is_no_case_hears_what_was_asked_for(web):
    status, body = get(web, "nobody", "/some/<path>?a=b")

    assert status == 200
    assert b"<title>/some/&lt;path&gt;?a=b of nobody.localhost</title>" in body
    assert get(web, "nobody", "/robots.txt")[0] == 404


def test_names_that_are_no_hosts_of_this_machine_are_led_here(web):
    assert web.connect_to["address-decimal.test:80"] == f"127.0.0.1:{web.ports['plain']}"


def test_without_certificates_there_are_no_cases_that_need_one(web):
    assert not web.ca_pem
    assert {one.name for one in CATALOGUE} - {one.name for one in web.cases} == {
        *("tls-good", "tls-selfsigned", "tls-expired", "tls-wronghost", "tls-plainrequest")
    }


def test_before_it_is_started_it_says_so():
    web = HostileWeb()

    with pytest.raises(RuntimeError, match="with block"):
        web.url(case("head-slow"))
    with pytest.raises(RuntimeError, match="with block"):
        web.log()
    web.close()


def test_its_process_ends_with_its_owner_even_on_kill():
    script = (
        "from scrapeq.testing import HostileWeb; import time; web = HostileWeb(tls=False).start();"
        "print(web._process.pid, flush=True); time.sleep(60)"
    )
    owner = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert owner.stdout
    pid = int(owner.stdout.readline())
    assert is_alive(pid)

    owner.send_signal(signal.SIGKILL)
    owner.wait()
    owner.stdout.close()

    eventually(lambda: not is_alive(pid))


def test_the_command_prints_every_case_and_ends_when_interrupted():
    command = [sys.executable, "-m", "scrapeq.testing", "--hostile"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as serving:
        assert serving.stdout is not None
        first = serving.stdout.readline()
        assert first == f"{len(CATALOGUE)} cases, Ctrl-C ends it\n"
        cases = [serving.stdout.readline() for _ in CATALOGUE]
        assert cases[0].endswith(": refused. Nobody listens on the port.\n")

        serving.send_signal(signal.SIGINT)

        assert serving.wait(timeout=180) == 0
