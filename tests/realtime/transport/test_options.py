"""Flask-SocketIO's options, over real connections. Each test also runs on the stock server, whose answers are the
measure where the protocol does not say.
"""

import gzip
import json
import sys
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
import socketio as python_client
import websocket

from tests.realtime.transport.conftest import PATIENCE, Echo, Socket
from tests.realtime.transport.plain import OneMessage
from tests.services.process import Process, free_port
from tests.services.waiting import eventually


class Variant(Echo):
    """One of the servers of `tests.realtime.transport.plain`."""

    def __init__(self, variants: "Variants", name: str) -> None:
        self.is_fast = variants.transport == "fast"
        self.port = variants.port
        self.variant = name
        self.path = f"/{name}/socket.io/"
        self.log = variants.log

    def get(self, path: str) -> Any:
        """A page of the application, which answers with JSON."""
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)) as connection:
            connection.request("GET", f"/{self.variant}{path}")
            return json.loads(connection.getresponse().read())


class Variants(Process):
    def __init__(self, transport: str, directory: Path) -> None:
        self.transport = transport
        self.port = free_port()
        module = "tests.realtime.transport.plain"
        super().__init__(
            [sys.executable, "-W", "ignore", "-m", module, transport, str(self.port)], directory / "variants.log"
        )

    def __getitem__(self, name: str) -> Variant:
        return Variant(self, name)

    def answers(self) -> bool:
        self.fail_if_ended()
        return isinstance(self["plain"].get("/left"), list)


@pytest.fixture(scope="module", params=["fast", "stock"])
def variants(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Variants]:
    variants = Variants(request.param, tmp_path_factory.mktemp(request.param))
    try:
        variants.start()
        eventually(variants.answers, timeout=30)
        yield variants
    finally:
        variants.close()


def connected(server: Variant, namespace: str = "/", **options: Any) -> Socket:
    """Joined; the next that comes is the first event."""
    socket = server.websocket(**options)
    socket.receive()
    prefix = "" if namespace == "/" else namespace + ","
    socket.send("40" + prefix)
    came = [socket.receive()]
    while not came[-1].startswith(f"40{prefix}"):
        came.append(socket.receive())
    return socket


def events(socket: Socket, count: int) -> list[Any]:
    """Of the main namespace, without those of the connect handler."""
    heard: list[Any] = []
    while len(heard) < count:
        message = socket.receive()
        assert message is not None, heard
        if message.startswith("42") and not message.startswith('42["hello"'):
            heard.append(json.loads(message[2:]))
        elif message == "2":
            socket.send("3")
    return heard


def answer(socket: Socket, event: str) -> Any:
    socket.send(f"427{event}")
    while not (message := socket.receive()).startswith("437"):
        pass
    return json.loads(message[3:])


class TestEvents:
    def test_by_default_one_handler_does_not_wait_for_the_other(self, variants: Variants):
        socket = connected(variants["plain"])
        socket.send(*(f'42["slow",{number}]' for number in range(3)))
        assert sorted(map(str, events(socket, 3))) == sorted(map(str, (["begun", number] for number in range(3))))

    def test_without_async_handlers_they_run_one_after_the_other(self, variants: Variants):
        socket = connected(variants["one_by_one"])
        socket.send(*(f'42["slow",{number}]' for number in range(3)))
        assert events(socket, 6) == [[word, number] for number in range(3) for word in ("begun", "done")]

    def test_nor_may_they_then_wait_for_an_answer_of_the_client(self, variants: Variants):
        assert answer(connected(variants["one_by_one"]), '["ask_in_vain"]') == ["RuntimeError"]

    def test_a_callback_hears_what_the_client_answers_in_the_context_of_its_event(self, variants: Variants):
        socket = connected(variants["plain"])
        socket.send('42["ask_back",1]')
        question = next(message for message in iter(socket.receive, None) if '"question"' in message)
        assert question.endswith('["question",1]')
        socket.send(question.replace("42", "43", 1).replace('["question",1]', '["yes",2]'))
        _, sid, *answers = events(socket, 1)[0]
        assert (len(sid), answers) == (20, ["yes", 2])

    def test_a_call_waits_for_the_answer_but_not_for_ever(self, variants: Variants):
        socket = connected(variants["plain"])
        socket.send('425["ask_and_wait",1]')
        question = next(message for message in iter(socket.receive, None) if '"question"' in message)
        socket.send(question.replace("42", "43", 1).replace('["question",1]', '["yes",2]'))
        assert next(message for message in iter(socket.receive, None) if message.startswith("435")) == '435["yes",2]'
        assert answer(socket, '["ask_in_vain"]') == ["TimeoutError"]

    def test_a_task_goes_on_in_the_context_of_its_event(self, variants: Variants):
        socket = connected(variants["plain"])
        socket.send('42["later",1]')
        assert events(socket, 1) == [["worked", 1]]

    def test_another_serializer_is_used_for_everything(self, variants: Variants):
        client = python_client.SimpleClient(serializer=OneMessage)
        client.connect(
            f"http://127.0.0.1:{variants.port}", socketio_path="own_packets/socket.io", transports=["websocket"]
        )
        try:
            assert client.receive(5)[0] == "hello"
            assert client.call("echo", ["a", {"b": None}], timeout=5) == ["a", {"b": None}]
        finally:
            client.disconnect()

    def test_what_happens_is_logged_when_asked_for(self, variants: Variants):
        server = variants["logged"]
        socket = connected(server)
        assert answer(socket, '["echo",1]') == [1]
        log = server.log.read_text()
        assert 'emitting event "hello" to ' in log
        assert 'received event "echo" from ' in log


class TestConnecting:
    def test_a_connection_may_be_confirmed_before_the_handler_runs(self, variants: Variants):
        socket = variants["accepts_first"].websocket()
        socket.receive()
        socket.send('40{"refuse":7}')
        assert socket.receive().startswith('40{"sid"')
        assert socket.receive().startswith("41")

    def test_a_refusal_says_what_the_handler_says(self, variants: Variants):
        socket = variants["plain"].websocket()
        socket.receive()
        socket.send('40{"refuse":7}')
        assert socket.receive() == '44{"message":"not you","data":{"code":7}}'

    def test_namespaces_are_those_with_handlers_or_all(self, variants: Variants):
        assert connected(variants["any_namespace"], "/made-up")
        socket = variants["plain"].websocket()
        socket.receive()
        socket.send("40/made-up,")
        assert socket.receive().startswith("44/made-up,")

    def test_a_session_of_the_pages_is_read_and_written(self, variants: Variants):
        server = variants["flask_session"]
        for before in ([], [1]):
            socket = connected(server, cookie="s=ada")
            assert answer(socket, '["remember",1]') == before
            socket.link.close()

    def test_who_left_and_why_is_told_for_each_namespace(self, variants: Variants):
        server = variants["plain"]
        connected(server).link.close()
        eventually(lambda: server.get("/left")[-1:] in ([["/", "transport close"]], [["/", "client disconnect"]]))
        socket = connected(server, "/class")
        socket.send("1")
        eventually(lambda: server.get("/left")[-1][0] == "/class")

    def test_the_heartbeat_has_a_grace_period_that_clients_do_not_count(self, variants: Variants):
        opening = json.loads(variants["grace"].websocket().receive()[1:])
        assert (opening["pingInterval"], opening["pingTimeout"]) == (3000, 3000)


class TestTransports:
    def test_without_upgrades_none_is_offered_or_served(self, variants: Variants):
        server = variants["no_upgrades"]
        opening = json.loads(server.request("GET", "EIO=4&transport=polling").text[1:])
        assert opening["upgrades"] == []
        if server.is_fast:
            with pytest.raises(websocket.WebSocketBadStatusException):
                server.websocket(f"EIO=4&transport=websocket&sid={opening['sid']}")
        connected(server)

    @pytest.mark.parametrize(("name", "refused"), [("websocket_only", "polling"), ("polling_only", "websocket")])
    def test_a_transport_that_is_not_allowed_is_refused(self, variants: Variants, name: str, refused: str):
        server = variants[name]
        if refused == "polling":
            assert server.request("GET", "EIO=4&transport=polling").status == 400
            connected(server)
        else:
            with pytest.raises(websocket.WebSocketBadStatusException):
                server.websocket()
            opening = json.loads(server.request("GET", "EIO=4&transport=polling").text[1:])
            assert opening["upgrades"] == [] or not server.is_fast

    def test_a_message_has_at_most_so_many_bytes(self, variants: Variants):
        server = variants["small"]
        assert json.loads(server.websocket().receive()[1:])["maxPayload"] == 200
        socket = connected(server)
        assert answer(socket, json.dumps(["echo", "x" * 150])) == ["x" * 150]
        socket.send(json.dumps(["echo", "x" * 200]))
        assert socket.close_code() in (1009, 1000, None)

    def test_large_answers_to_polls_are_compressed_for_who_can_read_them(self, variants: Variants):
        server = variants["compressed"]
        session = server.session()
        session.post("40")
        session.post(json.dumps(["echo", "x" * 500]).join(("421", "")))
        received = b""
        while b"431" not in received:
            answer = raw(server, session.query, {"Accept-Encoding": "gzip, deflate"})
            received += gzip.decompress(answer) if answer[:2] == b"\x1f\x8b" else answer
        assert b"x" * 500 in received


def raw(server: Variant, query: str, headers: dict[str, str]) -> bytes:
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)) as connection:
        connection.request("GET", f"{server.path}?{query}", headers=headers)
        return connection.getresponse().read()


class TestHeaders:
    def test_a_cookie_names_the_session(self, variants: Variants):
        answer = variants["cookie"].request("GET", "EIO=4&transport=polling")
        sid = json.loads(answer.text[1:])["sid"]
        assert answer.headers["Set-Cookie"] == f"io={sid}; path=/; SameSite=Lax"
        assert "Set-Cookie" not in variants["plain"].request("GET", "EIO=4&transport=polling").headers

    def test_with_the_attributes_that_are_asked_for(self, variants: Variants):
        answer = variants["own_cookie"].request("GET", "EIO=4&transport=polling")
        sid = json.loads(answer.text[1:])["sid"]
        assert answer.headers["Set-Cookie"] == f"mine={sid}; path=/x; Secure; SameSite=Strict"

    @pytest.mark.parametrize(
        ("name", "origin", "allowed"),
        [
            ("plain", None, True),
            ("plain", "http://127.0.0.1:{port}", True),
            ("plain", "https://a.example", False),
            ("any_origin", "https://a.example", True),
            ("two_origins", "https://b.example", True),
            ("two_origins", "https://c.example", False),
            ("two_origins", "https://a.example.evil.test", False),
            ("asked_origin", "https://a.example", True),
            ("asked_origin", "https://a.test", False),
            ("no_cors", "https://anybody.test", True),
        ],
    )
    def test_origins_are_allowed_or_refused(self, variants: Variants, name: str, origin: str | None, allowed: bool):
        server = variants[name]
        headers = {"Origin": origin.format(port=server.port)} if origin else {}
        answer = server.request("GET", "EIO=4&transport=polling", **headers)
        assert answer.status == (200 if allowed else 400)
        told = answer.headers["Access-Control-Allow-Origin"]
        assert told == (headers.get("Origin") if allowed and name != "no_cors" else None)
        if allowed and told:
            assert answer.headers["Access-Control-Allow-Credentials"] == "true"
        if not allowed:
            with pytest.raises(websocket.WebSocketBadStatusException):
                server.websocket(origin=headers["Origin"])

    def test_browsers_may_ask_before(self, variants: Variants):
        answer = variants["two_origins"].request(
            "OPTIONS",
            "EIO=4&transport=polling",
            Origin="https://a.example",
            **{"Access-Control-Request-Headers": "x-mine"},
        )
        assert answer.status == 200
        assert answer.headers["Access-Control-Allow-Methods"] == "OPTIONS, GET, POST"
        assert answer.headers["Access-Control-Allow-Headers"] == "x-mine"
