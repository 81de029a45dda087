"""Servers of the transport, and clients that speak its protocols by hand."""

import json
import sys
from collections.abc import Iterator
from email.message import Message
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import websocket

from tests.services.process import Process, free_port
from tests.services.waiting import eventually

PATIENCE = 5.0


class Response(NamedTuple):
    status: int
    text: str
    headers: Message


class Echo(Process):
    """`tests.realtime.transport.echo` as a process."""

    def __init__(self, kind: str, directory: Path, queue: str = "") -> None:
        self.kind = kind
        self.port = free_port()
        self.path = "/engine.io/" if kind == "engine" else "/socket.io/"
        command = [
            sys.executable,
            "-W",
            "ignore",
            "-m",
            "tests.realtime.transport.echo",
            str(self.port),
            kind,
            queue,
        ]
        super().__init__(command, directory / f"{kind}.log")

    def start(self) -> None:
        super().start()
        eventually(self.answers, timeout=20)

    def answers(self) -> bool:
        self.fail_if_ended()
        try:
            return self.request("OPTIONS", "").status == 200
        except OSError:
            return False

    def request(self, method: str, query: str, body: str | bytes | None = None, **headers: str) -> Response:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        data = body.encode() if isinstance(body, str) else body
        try:
            connection.request(method, f"{self.path}?{query}", data, headers)
            answer = connection.getresponse()
            return Response(answer.status, answer.read().decode(), answer.headers)
        finally:
            connection.close()

    def websocket(self, query: str = "EIO=4&transport=websocket", **options: Any) -> "Socket":
        url = f"ws://127.0.0.1:{self.port}{self.path}?{query}"
        return Socket(websocket.create_connection(url, timeout=PATIENCE, **options))

    def session(self) -> "Session":
        opening = self.request("GET", "EIO=4&transport=polling")
        assert opening.status == 200
        return Session(self, json.loads(opening.text[1:])["sid"])


class Session:
    """One that polls."""

    def __init__(self, server: Echo, sid: str) -> None:
        self.server = server
        self.sid = sid
        self.query = f"EIO=4&transport=polling&sid={sid}"

    def poll(self) -> Response:
        return self.server.request("GET", self.query)

    def waiting_poll(self) -> HTTPConnection:
        """The connection of a poll that waits at the server."""
        connection = HTTPConnection("127.0.0.1", self.server.port, timeout=PATIENCE)
        connection.request("GET", f"{self.server.path}?{self.query}")
        eventually(self.is_polled, interval=0.01)
        return connection

    def is_polled(self) -> bool:
        """Whether a poll waits at the server."""
        return "polled" in self.state()

    def state(self) -> str:
        """What is at work for it, polled or posting or both; or ended."""
        connection = HTTPConnection("127.0.0.1", self.server.port, timeout=PATIENCE)
        try:
            connection.request("GET", f"/sessions/{self.sid}")
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def post(self, body: str | bytes) -> Response:
        return self.server.request("POST", self.query, body)

    def upgrade(self) -> "Socket":
        return self.server.websocket(f"EIO=4&transport=websocket&sid={self.sid}")


class Socket:
    """A websocket whose bytes the test writes."""

    def __init__(self, link: websocket.WebSocket) -> None:
        self.link = link

    def send(self, *messages: str | bytes) -> None:
        for message in messages:
            if isinstance(message, bytes):
                self.link.send_binary(message)
            else:
                self.link.send(message)

    def receive(self) -> Any:
        """Text, bytes, or the code of a close; None when the connection just ended."""
        try:
            frame = self.link.recv_frame()
        except (websocket.WebSocketConnectionClosedException, ConnectionError):
            return None
        if frame.opcode == websocket.ABNF.OPCODE_TEXT:
            return frame.data.decode()
        if frame.opcode == websocket.ABNF.OPCODE_CLOSE:
            return int.from_bytes(frame.data[:2], "big")
        return bytes(frame.data)

    def received(self, count: int) -> list[Any]:
        return [self.receive() for _ in range(count)]

    def write(self, data: bytes) -> None:
        """Onto the wire as it is."""
        self.link.sock.sendall(data)

    def close_code(self) -> Any:
        """What the server closes with; messages before it are skipped."""
        while isinstance(received := self.receive(), (str, bytes)):
            pass
        return received


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Echo]:
    yield from _serve(Echo("engine", tmp_path_factory.mktemp("engine")))


@pytest.fixture(scope="session")
def socket_io(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Echo]:
    yield from _serve(Echo("socket", tmp_path_factory.mktemp("socket")))


def _serve(server: Echo) -> Iterator[Echo]:
    try:
        server.start()
        yield server
    finally:
        server.close()
