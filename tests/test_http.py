"""What all HTTP answers have in common."""

import gzip
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import brotli
import pytest
from flask import Flask, Response
from playwright.sync_api import Page

from chat_app.http import _write_line
from chat_app.logs import configure
from chat_app.page import DIST
from tests.services import deployment as deployments
from tests.services.api import Account, Api
from tests.services.deployment import Deployment
from tests.services.sockets import Sockets
from tests.services.waiting import eventually

FRIEND = "https://friend.example"
FOES = ("https://foe.example", "https://friend.example.foe.example", "http://friend.example", "null")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Behind one proxy, open to the pages of a friend, with a log that is easy to read."""
    directory = tmp_path_factory.mktemp("friend")
    settings = {
        "CORS_ORIGINS": FRIEND,
        "TRUSTED_PROXIES": "1",
        "LOG_FORMAT": "json",
        "LOG_LEVEL": "DEBUG",
        "LOG_FILE": str(directory / "chatsphere.log"),
    }
    with deployments.embedded(directory, settings) as deployment:
        yield deployment


@pytest.fixture(scope="module")
def api(server: Deployment) -> Api:
    return Api(server.url)


def raw(url: str, method: str = "GET", **headers: str) -> Any:
    """An answer as it is on the wire: nothing is decompressed."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return urlopen(Request(url, method=method, headers=named), timeout=10)


# -- headers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["//health", "/auth/me", "//nothing", "//"])
def test_answers_carry_the_security_headers(embedded: Deployment, path: str):
    headers = Api(embedded.url).get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Request-ID"]
    assert "Strict-Transport-Security" not in headers


def test_a_browser_that_came_by_https_comes_by_https_again(api: Api):
    headers = api.get("//health", headers={"X-Forwarded-Proto": "https"}).headers
    assert headers["Strict-Transport-Security"] == "max-age=31536000"


@pytest.mark.parametrize(
    ("query", "status"), [("EIO=4&transport=polling", 200), ("EIO=4&transport=x", 400), ("EIO=4&sid=x", 400)]
)
def test_the_answers_of_the_socket_endpoint_carry_them_too(embedded: Deployment, query: str, status: int):
    answer = Api(embedded.url).get("//socket.io/", **dict(part.split("=") for part in query.split("&")))
    assert answer.status == status
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_nothing_of_the_api_is_kept_by_caches(embedded: Deployment):
    assert Api(embedded.url).register().get("/auth/me").headers["Cache-Control"] == "no-store"


# -- other origins ---------------------------------------------------------------------------------------


def allowed(headers: Any) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.startswith("Access-Control-")}


def test_only_named_origins_may_call_from_their_pages(api: Api):
    friend = api.get("//api/health", headers={"Origin": FRIEND})
    assert friend.headers["Access-Control-Allow-Origin"] == FRIEND
    assert "X-Request-ID" in friend.headers["Access-Control-Expose-Headers"]
    assert "Origin" in friend.headers["Vary"]
    for origin in FOES:
        foe = api.get("//api/health", headers={"Origin": origin})
        assert not allowed(foe.headers)
        assert "Origin" in foe.headers["Vary"]


@pytest.mark.parametrize("path", ["/conversations", "/auth/me", "/nothing", "//info"])
def test_a_preflight_is_answered_for_named_origins_alone(api: Api, path: str):
    asked = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization"}
    friend = api.request("OPTIONS", path, headers={"Origin": FRIEND, **asked})
    assert friend.status == 204
    assert friend.headers["Access-Control-Allow-Origin"] == FRIEND
    assert "PATCH" in friend.headers["Access-Control-Allow-Methods"]
    assert {"Authorization", "Idempotency-Key"} <= set(friend.headers["Access-Control-Allow-Headers"].split(", "))
    assert friend.headers["Access-Control-Max-Age"] == "600"
    assert "Access-Control-Allow-Credentials" not in friend.headers
    for origin in FOES:
        foe = api.request("OPTIONS", path, headers={"Origin": origin, **asked})
        assert foe.status == 204
        assert not allowed(foe.headers)


def test_errors_can_be_read_by_named_origins(api: Api):
    refused = api.get("/auth/me", headers={"Origin": FRIEND})
    refused.error(401, "unauthorized")
    assert refused.headers["Access-Control-Allow-Origin"] == FRIEND


def test_metrics_are_not_for_pages_of_other_origins(api: Api):
    assert not allowed(api.get("//metrics", headers={"Origin": FRIEND}).headers)


@pytest.mark.parametrize("transport", ["websocket", "polling"])
def test_only_named_origins_may_open_a_socket(server: Deployment, sockets: Sockets, transport: str):
    ada = Api(server.url).register()

    def connected(origin: str) -> bool:
        options = {"transports": [transport], "extraHeaders": {"Origin": origin}}
        return sockets.connect(ada.url, ada.token, **options).connected

    assert connected(FRIEND)
    assert connected(ada.url)
    assert not connected("https://foe.example")
    assert not connected("null")


# -- compression -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ada(api: Api) -> Account:
    """Somebody with a page of messages."""
    ada = api.register()
    room = ada.group()
    for number in range(20):
        ada.say(room, f"This is message {number} of a longer conversation.")
    return ada


@pytest.mark.parametrize(("encoding", "decompress"), [("br", brotli.decompress), ("gzip", gzip.decompress)])
def test_a_long_answer_is_compressed(ada: Account, encoding: str, decompress: Any):
    room = ada.get("/conversations").must()["items"][0]["id"]
    url = f"{ada.url}/api/v1/conversations/{room}/messages"
    headers = {"Authorization": f"Bearer {ada.token}"}
    plain = raw(url, **headers).read()
    answer = raw(url, Accept_Encoding=encoding, **headers)
    body = answer.read()
    assert answer.headers["Content-Encoding"] == encoding
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert len(body) < len(plain) / 3
    assert json.loads(decompress(body)) == json.loads(plain)


def test_short_answers_and_those_with_tokens_are_not_compressed(api: Api, ada: Account):
    assert "Content-Encoding" not in raw(f"{api.url}/health", Accept_Encoding="gzip, br").headers
    padded = {"description": "x" * 500, "display_name": "Ada"}
    for path, body in (("/auth/me", padded), ("/auth/me", {"display_name": "A"})):
        answer = ada.patch(path, body, headers={"Accept-Encoding": "gzip, br"})
        assert "Content-Encoding" not in answer.headers
    login = api.post(
        "/auth/login", {"username": ada.username, "password": ada.password}, headers={"Accept-Encoding": "gzip, br"}
    )
    assert "Content-Encoding" not in login.headers
    assert login.must()["access_token"]


@pytest.mark.skipif(not (DIST / "index.html").exists(), reason="the page is not built")
def test_the_page_is_compressed_and_not_sent_twice(api: Api):
    script = max((DIST / "assets").glob("*.js"), key=lambda path: path.stat().st_size)
    for path, source in (("/", DIST / "index.html"), (f"/assets/{script.name}", script)):
        tags = set()
        for encoding, decompress in (("br", brotli.decompress), ("gzip", gzip.decompress), ("identity", bytes)):
            answer = raw(api.url + path, Accept_Encoding=encoding)
            assert decompress(answer.read()) == source.read_bytes()
            assert answer.headers.get("Content-Encoding", "identity") == encoding
            assert answer.headers["Vary"] == "Accept-Encoding"
            tags.add(answer.headers["ETag"])
            known = {"If-None-Match": answer.headers["ETag"], "Accept-Encoding": encoding}
            again = api.get(f"/{path}", headers=known)
            assert (again.status, again.json) == (304, None)
        assert len(tags) == 3
    assert "immutable" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("name", ["../index.html", "..%2findex.html", "%2e%2e/index.html", "/etc/passwd", "x.js", ""])
def test_nothing_but_files_of_the_page_is_served(api: Api, name: str):
    assert api.get(f"//assets/{name}").status == 404


# -- log lines -------------------------------------------------------------------------------------------


class Log:
    def __init__(self, path: Path) -> None:
        self.path = path

    def lines(self, **fields: Any) -> list[dict[str, Any]]:
        """Those that have these fields."""
        found = [json.loads(line) for line in self.path.read_text().splitlines()]
        return [line for line in found if fields.items() <= line.items()]

    def line(self, **fields: Any) -> dict[str, Any]:
        return eventually(lambda: self.lines(**fields))[0]


@pytest.fixture
def log(server: Deployment) -> Log:
    return Log(Path(server.settings["LOG_FILE"]))


def test_a_request_is_one_line_without_its_query(ada: Account, log: Log):
    name = f"r-{uuid.uuid4().hex}"
    forwarded = {"X-Request-ID": name, "X-Forwarded-For": "203.0.113.9"}
    assert ada.get("/users", q="somebody in particular", headers=forwarded).headers["X-Request-ID"] == name
    line = log.line(request_id=name)
    milliseconds = line.pop("milliseconds")
    assert 0 < milliseconds < 10_000
    del line["at"]
    assert line == {
        "level": "INFO",
        "logger": "chat_app.access",
        "message": f"GET /api/v1/users 200 in {milliseconds:g} ms from 203.0.113.9 for {ada.id}",
        "request_id": name,
        "method": "GET",
        "path": "/api/v1/users",
        "status": 200,
        "address": "203.0.113.9",
        "user_id": ada.id,
    }


@pytest.mark.parametrize("path", ["//health/live", "//metrics", "//api/health", "//assets/nothing.js"])
def test_what_machines_fetch_all_the_time_is_for_debugging(api: Api, log: Log, path: str):
    name = f"r-{uuid.uuid4().hex}"
    api.get(path, headers={"X-Request-ID": name})
    assert log.line(request_id=name)["level"] == "DEBUG"


@pytest.mark.parametrize("given", ["a b", "x" * 65, "ä", "a\tb", "<script>", '"'])
def test_a_strange_request_id_is_replaced(api: Api, given: str):
    answer = api.get("//health", headers={"X-Request-ID": given.encode().decode("latin-1")})
    assert answer.headers["X-Request-ID"] not in ("", given)


def test_a_line_of_another_cannot_be_forged(api: Api, log: Log):
    name = f"r-{uuid.uuid4().hex}"
    api.get('//nothing%0d%0a{"level": "INFO", "message": "forged"}%1b[2J', headers={"X-Request-ID": name})
    assert len(log.lines(request_id=name)) == 1
    assert not log.lines(message="forged")


def test_events_are_not_logged_one_by_one(ada: Account, sockets: Sockets, log: Log):
    chat = sockets.connect(ada.url, ada.token)
    assert chat.call("nothing", {})["error"]["code"] == "unknown_event"
    assert chat.call("sync", {"epoch": "x", "conversations": {}})["ok"]
    assert not [line for line in log.lines(level="INFO") if "socket" in line["message"]]


def test_the_log_may_be_rotated_away(api: Api, log: Log):
    name = f"r-{uuid.uuid4().hex}"
    log.path.rename(log.path.with_suffix(".1"))
    api.get("/nothing", headers={"X-Request-ID": name})
    assert log.line(request_id=name)["status"] == 404


def test_a_slow_request_is_a_warning(caplog: pytest.LogCaptureFixture):
    with Flask("slow").test_request_context("/somewhere?q=private"):
        _write_line(Response(), 1.5)
    (record,) = caplog.records
    assert (record.levelname, record.getMessage()) == ("WARNING", "GET /somewhere 200 in 1500 ms from ")


def test_a_log_file_that_cannot_be_written_is_named(tmp_path: Path):
    with pytest.raises(SystemExit, match=r"LOG_FILE=.*nowhere/x\.log: No such file"):
        configure("INFO", "json", str(tmp_path / "nowhere" / "x.log"))


# -- the policy of the page ------------------------------------------------------------------------------


def test_the_page_keeps_to_its_own_policy_which_scripts_cannot_break(api: Api, page: Page):
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(api.url)
    page.get_by_role("button").first.wait_for()
    assert not [text for text in complaints if "Content Security Policy" in text or "TrustedHTML" in text]

    broken = """() => {
        const inline = document.createElement("script");
        try { inline.textContent = "window.ran = true"; document.head.append(inline); } catch {}
        try { document.body.innerHTML = "<img src=x onerror='window.ran = true'>"; return "written"; }
        catch (error) { return error.name; }
    }"""
    assert page.evaluate(broken) == "TypeError"
    assert page.evaluate("window.ran") is None
