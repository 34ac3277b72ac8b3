"""Who may speak with a team's server, how often, and with how much at once."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest

from scrapeq.api.access import MOST_UNKNOWN
from scrapeq.api.names import LOOPBACK
from scrapeq.api.serve import Serving, believed, serve_team
from scrapeq.client import access
from scrapeq.errors import ConfigError
from scrapeq.models.person import Right
from scrapeq.settings import load_settings

PROGRAM = str(Path(sys.executable).with_name("scrapeq"))


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer scrapeq_x_y", "Basic x", "Bearer é"]
)
def test_without_a_valid_token_nothing_is_told(served, header):
    given = {} if header is None else {"Authorization": header.encode("latin-1")}
    with httpx2.Client(base_url=served.url, headers=given, trust_env=False) as stranger:
        for method, path in (
            *(
                ("GET", path)
                for path in ("/v1/jobs", "/v1/openapi.json", "/v1/docs", "/v1/none", "/")
            ),
            *(("POST", path) for path in ("/v1/jobs", "/requests", "/files/x.csv")),
        ):
            answer = stranger.request(method, path)
            assert answer.status_code == 401, path
            assert answer.headers["www-authenticate"].startswith("Bearer")
            assert "scrapeq token create" in answer.text


def test_a_token_that_is_revoked_ends(served, queue, eventually):
    person = served.person("leaver")
    assert person.get("/v1/me").json()["name"] == "leaver"

    access.revoke_tokens(queue, "leaver")

    eventually(lambda: person.get("/v1/me").status_code == 401)


def test_the_dashboard_opens_with_the_token_of_a_person(served):
    token = served.token("looker", Right.READ)
    with httpx2.Client(base_url=served.url, trust_env=False) as browser:
        assert browser.get("/", params={"token": token}).status_code == 200
        assert browser.get("/dashboard.js").status_code == 200
        assert browser.get("/v1/me").json() == {
            "name": "looker",
            "right": "read",
            "token_id": token.split("_")[1],
        }
        refused = browser.post("/requests", content='{"do": "submit", "way": "urls", "urls": "x"}')
        assert "may read, and changes nothing" in refused.json()["error"]
        elsewhere = {"Origin": "https://evil.example"}
        assert browser.post("/requests", content="{}", headers=elsewhere).status_code == 403


def test_a_browser_without_a_token_is_asked_for_it(served):
    token = served.token("typist", Right.READ)
    html = {"Accept": "text/html,*/*;q=0.8"}
    with httpx2.Client(base_url=served.url, trust_env=False, headers=html) as browser:
        first = browser.get("/")
        assert (first.status_code, 'role="alert"' in first.text) == (401, False)
        assert first.headers["content-type"].startswith("text/html")
        assert browser.get("/v1/me").headers["content-type"] == "application/problem+json"

        wrong = browser.post("/", data={"token": f"{token}x"})
        assert (wrong.status_code, "Nobody has this token" in wrong.text) == (401, True)
        assert "set-cookie" not in wrong.headers
        elsewhere = {"Origin": "https://evil.example"}
        assert browser.post("/", data={"token": token}, headers=elsewhere).status_code == 403
        assert browser.post("/", data={"token": token * 100}).status_code == 413

        behind_tls = {"Origin": served.url.replace("http:", "https:")}  # as through a proxy
        right = browser.post("/", data={"token": token}, headers=behind_tls)
        assert (right.status_code, "; Secure" in right.headers["set-cookie"]) == (303, True)

        right = browser.post("/", data={"token": f" {token} "}, headers={"Origin": served.url})
        assert (right.status_code, right.headers["location"]) == (303, "/")
        assert token not in right.text
        page = browser.get("/")
        assert (page.status_code, "dashboard.js" in page.text) == (200, True)
        assert browser.get("/v1/me").json()["name"] == "typist"


def test_a_body_that_is_too_long_is_refused_before_it_is_read(served):
    token = served.token("large")
    for path, length in (
        ("/v1/jobs", 1_000_001),
        ("/v1/batches", 32_000_001),
        ("/v1/batches/file", 200_000_001),
        ("/v1/batches/x/pause", 60_000_000),
    ):
        with socket.create_connection(served.url.removeprefix("http://").split(":")) as raw:
            raw.sendall(
                f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n".encode()
            )
            raw.settimeout(60)
            answer = raw.recv(10_000)  # though not a byte of the body was sent
        assert answer.startswith(b"HTTP/1.1 413"), answer
        assert b"application/problem+json" in answer


def test_a_body_without_a_length_is_counted(served):
    pieces = (b" " * 100_000 for _ in range(11))
    answer = served.person("large").post(
        "/v1/jobs", content=pieces, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 413
    assert answer.json()["hint"]


def test_more_requests_than_are_good_for_all_are_refused(serve):
    served = serve(requests_per_minute=20)
    one, other = served.person("one"), served.person("other")
    answers = [one.get("/v1/me") for _ in range(60)]  # two windows at most
    limited = [answer for answer in answers if answer.status_code == 429]

    assert len(limited) >= 20
    assert 1 <= int(limited[0].headers["retry-after"]) <= 60
    assert "requests in a minute" in limited[0].json()["detail"]
    assert other.get("/v1/me").status_code == 200


def test_guessing_tokens_is_limited_and_harms_nobody(serve):
    served = serve()
    person = served.person()
    with httpx2.Client(base_url=served.url, trust_env=False) as stranger:
        wrong = {"Authorization": "Bearer scrapeq_x_y"}
        found = {
            stranger.get("/v1/me", headers=wrong).status_code for _ in range(2 * MOST_UNKNOWN + 20)
        }
        assert found == {401, 429}
        assert stranger.get("/v1/me").status_code == 401  # none was given, so none was guessed
    assert person.get("/v1/me").status_code == 200


def test_names_that_lead_here_are_refused_on_this_machine(served):
    person = served.person()

    refused = person.get("/v1/me", headers={"Host": "rebound.example:80"})

    assert refused.status_code == 400
    assert refused.headers["content-type"] == "application/problem+json"
    assert "does not answer to the name 'rebound.example'" in refused.json()["detail"]
    assert "--allow-host" in refused.json()["hint"]
    assert (
        person.get("/", headers={"Host": "rebound.example"})
        .headers["content-type"]
        .startswith("text/plain")
    )
    for name in ("localhost", "LOCALHOST:80", "127.0.0.1:", "[::1]", "[::1]:80", "[0:0::1]"):
        assert person.get("/v1/me", headers={"Host": name}).status_code == 200
    assert person.get("/v1/me", headers={"Host": "127.0.0.1.evil.example"}).status_code == 400


#: What no Host can be (RFC 9110, 7.2; RFC 3986, 3.2.2).
NO_HOSTS = [
    "",
    " ",
    "evil@127.0.0.1",
    "evil:word@127.0.0.1:80",
    "@127.0.0.1",
    "127.0.0.1@evil.example",
    "127.0.0.1/x",
    "127.0.0.1?x",
    "127.0.0.1#x",
    "http://127.0.0.1",
    "127.0.0.1:80:80",
    "127.0.0.1:+80",
    "127.0.0.1:-1",
    "127.0.0.1:65536",
    "127.0.0.1:x",
    "127.0.0.1 evil",
    "127.0.0.1, evil.example",
    "127.0.0.1,127.0.0.1",
    "127.0.0.1\\evil",
    "127.0.0.1%00",
    "::1",
    "[::1",
    "[::1]x",
    "[::1%25lo]",
    "[1::2::3]",
    "[127.0.0.1]",
    "[]",
    "١٢٧.0.0.1",
    "localhöst",
    "ⓛocalhost",
]


def sent(served, token: str, *hosts: str) -> str:
    """The answer to a request with these lines of Host, byte for byte."""
    port = int(served.url.rpartition(":")[2])
    lines = "".join(f"Host: {host}\r\n" for host in hosts)
    with socket.create_connection(("127.0.0.1", port), timeout=60) as plain:
        head = f"GET /v1/me HTTP/1.1\r\n{lines}Authorization: Bearer {token}\r\n"
        plain.sendall(f"{head}Connection: close\r\n\r\n".encode())
        return plain.makefile("rb").read().decode()


@pytest.mark.parametrize(("hosts", "status"), [(LOOPBACK, 400), (["*"], 200)])
def test_what_is_no_host_is_refused(serve, hosts, status):
    served = serve(hosts=hosts)
    token = served.token("odd", Right.READ)

    assert sent(served, token, "127.0.0.1").startswith("HTTP/1.1 200 ")
    for name in NO_HOSTS:
        assert sent(served, token, name).startswith("HTTP/1.1 400 "), name
    assert "application/problem+json" in sent(served, token, "evil@127.0.0.1")
    assert sent(served, token).startswith("HTTP/1.1 400 ")
    assert sent(served, token, "127.0.0.1", "127.0.0.1").startswith("HTTP/1.1 400 ")
    # this is a name, and not that of this machine
    assert sent(served, token, "localhost.").startswith(f"HTTP/1.1 {status} ")


@pytest.mark.parametrize(
    ("behind", "is_believed"), [([], True), (["127.0.0.1"], True), (["10.0.0.0/8"], False)]
)
def test_a_proxy_says_whose_request_it_passes_on(serve, behind, is_believed):
    served = serve(behind=behind)
    with httpx2.Client(base_url=served.url, trust_env=False) as proxy:

        def asked_for(client: str) -> int:
            headers = {
                "Authorization": "Bearer scrapeq_x_y",
                # what the client itself wrote stands in front, and is not believed
                "X-Forwarded-For": f"198.51.100.7, {client}",
            }
            return proxy.get("/v1/me", headers=headers).status_code

        # two windows at most
        guessed = {asked_for("203.0.113.5") for _ in range(2 * MOST_UNKNOWN + 20)}
        of_many = {asked_for(f"2001:db8::{n:x}") for n in range(2 * MOST_UNKNOWN + 20)}

    assert guessed == {401, 429}
    assert (429 in of_many) is not is_believed


@pytest.mark.parametrize(
    ("behind", "forwarded", "address"),
    [
        (["127.0.0.1"], None, "127.0.0.1"),
        (["127.0.0.1"], "203.0.113.5", "203.0.113.5"),
        (
            ["127.0.0.1"],
            "198.51.100.7, 203.0.113.5",
            "203.0.113.5",
        ),  # the first is what a stranger wrote
        (["127.0.0.1", "10.0.0.0/8"], "198.51.100.7, 2001:db8::5, 10.1.2.3", "2001:db8::5"),
        (["10.0.0.0/8"], "203.0.113.5", "127.0.0.1"),
        (["127.0.0.1"], "203.0.113.5:50123", "203.0.113.5"),
        (["127.0.0.1"], "[2001:db8::5]:50123", "2001:db8::5"),
        (["127.0.0.1"], "not an address<script>", ""),
    ],
)
def test_the_audit_log_has_the_address_of_whoever_asked(serve, behind, forwarded, address):
    served = serve(behind=behind)
    chief = served.person("chief of addresses", Right.ADMINISTER)
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}

    chief.post("/v1/jobs/nobody/cancel", headers=headers)
    chief.post("/requests", content='{"do": "cancel", "batch": "nobody"}', headers=headers)

    asked = {"person": "chief of addresses", "limit": 2}
    entries = chief.get("/v1/audit", params=asked).json()["entries"]
    assert [one["action"] for one in entries] == ["dashboard cancel", "cancel_job"]
    assert [one["address"] for one in entries] == [address, address]


def test_an_address_that_a_proxy_makes_up_is_none(serve):
    served = serve(behind=["127.0.0.1"])
    chief = served.person("odd chief", Right.ADMINISTER)

    odd = {"X-Forwarded-For": ("é" * 5_000).encode("latin-1")}
    answer = chief.post("/v1/jobs/nobody/cancel", headers=odd)

    assert answer.status_code == 404
    (entry,) = chief.get("/v1/audit", params={"person": "odd chief"}).json()["entries"]
    assert entry["address"] == ""


def test_a_proxy_that_speaks_tls_says_so(serve):
    served = serve(behind=["127.0.0.0/8"])
    token = served.token("behind", Right.READ)
    with httpx2.Client(base_url=served.url, trust_env=False) as proxy:
        page = proxy.get("/", params={"token": token}, headers={"X-Forwarded-Proto": "https"})

    assert "; Secure" in page.headers["set-cookie"]


def test_names_under_one_may_be_allowed(monkeypatch):
    from fastapi import FastAPI
    from fastapi.testclient import TestClient

    from scrapeq.api.names import Names

    app = FastAPI()
    app.add_middleware(Names, names=["*.example.org", "one.example"])
    with TestClient(app) as client:
        found = {
            name: client.get("/v1/none", headers={"Host": name}).status_code
            for name in ("a.example.org", "one.example:81", "example.org", "aexample.org")
        }

    assert found == {
        "a.example.org": 404,
        "one.example:81": 404,
        "example.org": 400,
        "aexample.org": 400,
    }


def run(*words: str, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROGRAM, *words],
        env={"SCRAPEQ_HOME": str(home), "PATH": "", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )


def test_tokens_are_made_listed_and_revoked_by_commands(tmp_path):
    made = run("token", "create", "ali", "--right", "read", "--days", "30", home=tmp_path)
    token = made.stdout.strip()
    token_id = token.split("_")[1]

    assert token.startswith("scrapeq_")
    assert "not shown again" in made.stderr
    listed = run("token", "list", home=tmp_path).stdout
    assert "ali" in listed
    assert token_id in listed
    assert token not in listed
    assert "revoked" not in listed
    run("token", "create", "eva", home=tmp_path)
    (of_eva,) = [
        line for line in run("token", "list", home=tmp_path).stdout.splitlines() if "eva" in line
    ]
    assert " valid " in of_eva
    assert of_eva.rstrip().endswith("without end")
    assert run("token", "revoke", token_id, home=tmp_path).returncode == 0
    again = run("token", "revoke", token_id, home=tmp_path)
    assert again.returncode == 2
    assert "scrapeq token list" in again.stderr


@pytest.mark.parametrize(("name", "days"), [("a\nb", None), (" ", None), ("ali", 0), ("ali", 9e9)])
def test_a_token_that_makes_no_sense_is_refused(queue, name, days):
    with pytest.raises(ConfigError):
        access.create_token(queue, name, Right.READ, days)


@pytest.mark.parametrize(
    ("serving", "why"),
    [
        (
            Serving(host="0.0.0.0", port=0),
            "nobody has a token; make one first: scrapeq token create",
        ),
        (Serving(key=Path("none.pem")), "belong together"),
        (Serving(key=Path("none.pem"), certificate=Path("none.pem")), "cannot be used for TLS"),
        (Serving(host="none.invalid"), "nobody has a token"),
        (Serving(behind=("*",)), "'\\*' is no address of a proxy; give --behind"),
        (Serving(behind=("0.0.0.0/0",)), "no address of a proxy"),
        (Serving(behind=("0.0.0.0/1", "128.0.0.0/1")), "0.0.0.0/1, 128.0.0.0/1 hold half of all"),
        (Serving(behind=tuple(f"{n}.0.0.0/8" for n in range(250))), "hold half of all addresses"),
        (Serving(behind=("10.0.0.5", "::/0")), "no address of a proxy"),
        (Serving(behind=("::/1", "8000::/1")), "no address of a proxy"),
        (Serving(behind=("2000::/4", "3000::/4")), "no address of a proxy"),
        (Serving(behind=("proxy.internal",)), "no address of a proxy"),
    ],
)
def test_it_does_not_listen_where_that_is_unsafe(tmp_path, serving, why):
    settings = load_settings(SCRAPEQ_HOME=tmp_path, SCRAPEQ_AUTOSTART=False)

    with pytest.raises(ConfigError, match=why):
        serve_team(pytest.fail, serving, settings)


def test_networks_of_proxies_are_taken():
    given = ["10.0.0.5", "10.0.0.0/8", "172.16.0.0/12", "fd00::/8", "fc00::/7", "2001:db8::/32"]

    assert believed(given) == ["10.0.0.5/32", *given[1:]]
    assert believed(["10.1.2.3/8"] * 500) == ["10.0.0.0/8"] * 500


def test_the_command_serves_over_tls_until_it_is_interrupted(tmp_home):
    import trustme

    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    files = [str(tmp_home.parent / name) for name in ("server.pem", "server.key", "authority.pem")]
    certificate.cert_chain_pems[0].write_to_path(files[0])
    certificate.private_key_pem.write_to_path(files[1])
    authority.cert_pem.write_to_path(files[2])
    token = run("token", "create", "ali", home=tmp_home).stdout.strip()
    server = subprocess.Popen(
        [PROGRAM, "serve", "--port", "0", "--tls-certificate", files[0], "--tls-key", files[1]],
        env={"SCRAPEQ_HOME": str(tmp_home), "PATH": "", "SCRAPEQ_WORKERS": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        address = server.stdout.readline().split()[4].removesuffix("/v1,")
        context = ssl.create_default_context(cafile=files[2])
        headers = {"Authorization": f"Bearer {token}"}
        with httpx2.Client(verify=context, headers=headers, trust_env=False, timeout=60) as client:
            deadline = time.monotonic() + 60
            while True:
                try:
                    answer = client.get(f"{address}/v1/me")
                    break
                except httpx2.TransportError:
                    assert time.monotonic() < deadline
                    time.sleep(0.1)
        assert answer.json()["name"] == "ali"
    finally:
        server.terminate()
        assert server.wait(60) in {0, -15}
        server.stdout.close()
