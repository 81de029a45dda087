"""The worker in a real gunicorn, seen from outside."""

import contextlib
import http.client
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import socketio
import websocket

from chat_app.errors import STATUS
from chat_app.realtime.transport.frames import CLOSE, TEXT
from tests.services.process import ROOT, Process, free_port
from tests.services.waiting import eventually

GRACE = 3
CONNECTIONS = 20


class Gunicorn(Process):
    application = "tests.runtime.application:app"

    def __init__(self, directory: Path, *options: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        command = [
            *(sys.executable, "-m", "gunicorn", self.application, "--config", os.devnull),
            *("--worker-class", "chat_app.runtime.gunicorn_worker.EventletWorker", "--no-control-socket"),
            *("--bind", f"127.0.0.1:{self.port}", "--graceful-timeout", str(GRACE), "--keep-alive", "5"),
            *("--worker-connections", str(CONNECTIONS), *options),
        ]
        super().__init__(command, directory / "gunicorn.log", cwd=ROOT)

    def start(self) -> None:
        super().start()
        eventually(lambda: self.running and self.get("/health/live")[0] == 200, timeout=20)

    def get(self, path: str) -> tuple[int, bytes]:
        with self.connection() as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def connection(self) -> "Connection":
        return Connection("127.0.0.1", self.port, timeout=15)

    def client(self, *transports: str) -> socketio.Client:
        client = socketio.Client(reconnection=False)
        client.connect(self.url, namespaces=["/chat"], transports=list(transports) or None)
        return client


class Connection(http.client.HTTPConnection):
    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@pytest.fixture
def gunicorn(tmp_path: Path) -> Iterator[Gunicorn]:
    server = Gunicorn(tmp_path)
    server.start()
    yield server
    server.close()


@pytest.fixture
def background() -> Iterator[Callable]:
    with ThreadPoolExecutor() as pool:
        yield pool.submit


def seconds(action: Callable[[], object]) -> float:
    started = time.monotonic()
    action()
    return time.monotonic() - started


@pytest.mark.parametrize("transports", [["websocket"], ["polling"], ["polling", "websocket"]])
def test_every_transport_echoes_and_hears_events(gunicorn: Gunicorn, transports: list[str]):
    client = gunicorn.client(*transports)
    heard = []
    client.on("shout", heard.append, namespace="/chat")
    assert client.call("echo", {"text": "é" * 50_000}, namespace="/chat") == {"text": "é" * 50_000}
    client.emit("shout", "hello", namespace="/chat")
    eventually(lambda: heard == ["hello"])
    assert client.transport() == transports[-1]
    client.disconnect()
    assert gunicorn.get("/health/live") == (200, b'{"mode":"eventlet"}\n')


def test_clients_that_vanish_leave_no_trace_in_the_log(gunicorn: Gunicorn):
    before = gunicorn.log_tail()
    for _ in range(3):
        client = gunicorn.client("websocket")
        client.eio.ws.sock.close()
    gunicorn.client("websocket").disconnect()
    eventually(lambda: gunicorn.get("/health/live")[0] == 200)
    assert gunicorn.log_tail() == before


def test_websockets_are_not_compressed_because_that_costs_memory_for_each(gunicorn: Gunicorn):
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits",
    }
    with gunicorn.connection() as connection:
        connection.request("GET", "/socket.io/?EIO=4&transport=websocket", headers=headers)
        answer = connection.getresponse()
        assert answer.status == 101
        assert "Sec-WebSocket-Extensions" not in answer.headers


def test_files_and_large_bodies_pass_whole(gunicorn: Gunicorn):
    assert gunicorn.get("/file")[1] == (ROOT / "tests/runtime/application.py").read_bytes()
    with gunicorn.connection() as connection:
        connection.request("POST", "/length", body=b"x" * 5_000_000)
        assert connection.getresponse().read() == b"5000000"


@pytest.mark.parametrize("chunked", [False, True])
def test_a_refusal_arrives_although_the_body_is_not_read(gunicorn: Gunicorn, chunked: bool):
    body = [b"x" * 1_000_000] * 5 if chunked else b"x" * 5_000_000
    for _ in range(10):
        with gunicorn.connection() as connection:
            connection.request("POST", "/nothing", body, {"Connection": "close"}, encode_chunked=chunked)
            assert connection.getresponse().status == 404


def test_a_connection_serves_several_requests(gunicorn: Gunicorn):
    with gunicorn.connection() as connection:
        for _ in range(3):
            connection.request("GET", "/health/live")
            assert connection.getresponse().read()
            assert connection.sock is not None


def test_who_asks_without_a_pause_does_not_keep_the_others_waiting(gunicorn: Gunicorn, background: Callable):
    many = 3000
    with socket.create_connection(("127.0.0.1", gunicorn.port), timeout=15) as flooder:

        def read_answers() -> None:
            with flooder.makefile("rb") as answers:
                for _ in range(many):
                    while (line := answers.readline()) != b"\r\n":
                        length = int(line.split(b":")[1]) if line.startswith(b"Content-Length") else 0
                    answers.read(length)

        reading = background(read_answers)
        flooder.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n" * many)
        calls = 0
        while not reading.done():
            gunicorn.get("/health/live")
            calls += 1
        reading.result()
    assert calls > 10


def test_hashing_a_password_does_not_stop_the_others(gunicorn: Gunicorn, background: Callable):
    hashing = background(gunicorn.get, "/hash")
    pauses = []
    while not hashing.done():
        pauses.append(seconds(lambda: gunicorn.get("/health/live")))
    assert hashing.result() == (200, b"done")
    assert len(pauses) > 10
    assert max(pauses) < 0.3


def test_term_ends_open_websockets_and_idle_connections_at_once(gunicorn: Gunicorn):
    clients = [gunicorn.client("websocket") for _ in range(5)]
    with gunicorn.connection() as idle:
        idle.request("GET", "/health/live")
        idle.getresponse().read()
        assert seconds(gunicorn.terminate) < 1.5
        assert gunicorn.child.returncode == 0
        assert idle.sock.recv(1) == b""
    eventually(lambda: not any(client.connected for client in clients))


def test_term_lets_a_request_in_flight_finish(gunicorn: Gunicorn, background: Callable):
    slow = background(gunicorn.get, "/slow/1.0")
    eventually(lambda: "slow request began" in gunicorn.log_tail())
    gunicorn.terminate()
    assert slow.result() == (200, b"done")


def test_term_waits_no_longer_than_the_graceful_timeout(gunicorn: Gunicorn, background: Callable):
    slow = background(gunicorn.get, "/slow/30.0")
    eventually(lambda: "slow request began" in gunicorn.log_tail())
    assert seconds(gunicorn.terminate) < GRACE + 1
    assert slow.exception() is not None


def test_an_interrupt_does_not_wait(gunicorn: Gunicorn, background: Callable):
    slow = background(gunicorn.get, "/slow/30.0")
    eventually(lambda: "slow request began" in gunicorn.log_tail())
    gunicorn.child.send_signal(signal.SIGINT)
    assert seconds(gunicorn.child.wait) < 2
    assert slow.exception() is not None


def test_the_port_is_free_again_after_the_arbiter_was_killed(gunicorn: Gunicorn):
    client = gunicorn.client("websocket")
    os.kill(gunicorn.pid, signal.SIGKILL)
    gunicorn.child.wait()
    eventually(lambda: not client.connected)
    gunicorn.start()


def test_a_killed_worker_is_replaced(gunicorn: Gunicorn):
    worker = gunicorn.tree()[1]
    worker.kill()
    eventually(lambda: gunicorn.get("/health/live")[0] == 200)
    assert gunicorn.tree()[1].pid != worker.pid


def test_a_worker_that_hangs_is_replaced(tmp_path: Path, background: Callable):
    server = Gunicorn(tmp_path, "--timeout", "2")
    server.start()
    background(server.get, "/hang")
    eventually(lambda: "WORKER TIMEOUT" in server.log_tail())
    eventually(lambda: server.get("/health/live")[0] == 200, timeout=20)
    assert "in hang" in server.log_tail(100)
    server.close()


def test_clients_above_the_limit_are_told_to_come_back(gunicorn: Gunicorn):
    address = ("127.0.0.1", gunicorn.port)
    held = [socket.create_connection(address) for _ in range(CONNECTIONS)]
    with gunicorn.connection() as connection:
        connection.request("POST", "/length", body=b"x" * 100_000)
        answer = connection.getresponse()
        assert answer.status == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert json.load(answer)["code"] == "unavailable"
    for connection in held:
        connection.close()
    eventually(lambda: gunicorn.get("/health/live")[0] == 200)


@pytest.mark.parametrize(
    ("request_head", "status", "code"),
    [
        (b"GET /?" + b"x" * 5000 + b" HTTP/1.1\r\n\r\n", 414, "uri_too_long"),
        (b"GET / HTTP/1.1\r\nCookie: " + b"x" * 20_000 + b"\r\n\r\n", 431, "headers_too_large"),
        (b"GET / HTTP/1.1\r\nContent-Length: many\r\n\r\n", 400, "bad_request"),
        (b"what is this\r\n\r\n", 400, "bad_request"),
    ],
)
def test_a_request_that_cannot_be_read_is_told_why(gunicorn: Gunicorn, request_head: bytes, status: int, code: str):
    with socket.create_connection(("127.0.0.1", gunicorn.port), timeout=10) as client:
        client.sendall(request_head)
        answer = http.client.HTTPResponse(client)
        answer.begin()
        problem = json.load(answer)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (answer.status, problem["status"], problem["code"]) == (status, status, code)
    assert STATUS[problem["code"]] == problem["status"]


def test_a_client_that_says_nothing_is_let_go(tmp_path: Path):
    server = Gunicorn(tmp_path, "--keep-alive", "1")
    server.start()
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as silent:
        silent.sendall(b"GET / HT")
        assert silent.recv(100) == b""
    server.close()


def test_a_client_that_never_finishes_its_body_is_let_go(tmp_path: Path):
    server = Gunicorn(tmp_path, "--worker-class", "tests.runtime.impatient_worker.ImpatientWorker")
    server.start()
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as slow:
        slow.sendall(b"POST /length HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n")
        answer = http.client.HTTPResponse(slow)

        def drip() -> None:
            with contextlib.suppress(OSError):
                while True:
                    slow.sendall(b"x")
                    time.sleep(0.1)

        dripping = threading.Thread(target=drip)
        dripping.start()
        answer.begin()
        assert answer.status == 408
        answer.read()
        with contextlib.suppress(ConnectionResetError):  # what it sent meanwhile is not read
            assert slow.recv(1) == b""
            slow.shutdown(socket.SHUT_RDWR)
        dripping.join()
    server.close()


def test_tls_is_refused_rather_than_ignored(tmp_path: Path):
    server = Gunicorn(tmp_path, "--certfile", "a.pem", "--keyfile", "a.pem")
    Process.start(server)
    eventually(lambda: not server.running)
    assert "reverse proxy" in server.log_tail() or "certfile" in server.log_tail()
    server.close()


class OnOurTransport(Gunicorn):
    """Its websockets outlive the greenlets of their handshakes."""

    application = "tests.runtime.detaching:create_app()"

    def websockets(self, count: int) -> list[websocket.WebSocket]:
        url = f"ws://127.0.0.1:{self.port}/socket.io/?EIO=4&transport=websocket"
        return [websocket.create_connection(url, timeout=10) for _ in range(count)]


@pytest.fixture
def detaching(tmp_path: Path) -> Iterator[OnOurTransport]:
    server = OnOurTransport(tmp_path)
    server.start()
    yield server
    server.close()


def test_websockets_count_as_connections_until_they_end(detaching: OnOurTransport):
    held = detaching.websockets(CONNECTIONS)
    assert detaching.get("/health/live")[0] == 503
    for one in held:
        one.close()
    eventually(lambda: detaching.get("/health/live")[0] == 200)
    assert len(detaching.websockets(CONNECTIONS - 1)) == CONNECTIONS - 1


def test_term_closes_websockets_with_going_away(detaching: OnOurTransport):
    held = detaching.websockets(3)
    detaching.terminate()
    assert detaching.child.returncode == 0
    for one in held:
        frames = [one.recv_frame() for _ in range(2)]
        assert [frame.opcode for frame in frames] == [TEXT, CLOSE]
        assert int.from_bytes(frames[1].data[:2], "big") == 1001


def test_a_handshake_that_is_refused_is_told_why(detaching: OnOurTransport):
    headers = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    for query, extra, status in (
        ("EIO=3&transport=websocket", {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}, 400),
        ("EIO=4&transport=websocket", {}, 400),
        ("EIO=4&transport=websocket", {"Sec-WebSocket-Version": "8"}, 426),
    ):
        with detaching.connection() as connection:
            connection.request("GET", f"/socket.io/?{query}", headers={**headers, **extra})
            answer = connection.getresponse()
            assert answer.status == status
            assert json.load(answer)["message"]
            assert answer.headers["Connection"] == "close"


def test_a_websocket_whose_request_arrives_late_and_in_parts_is_served(detaching: OnOurTransport):
    head = (
        b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", detaching.port), timeout=10) as client:
        for part in (head[:30], head[30:]):
            assert detaching.get("/health/live")[0] == 200  # meanwhile others are served
            client.sendall(part)
        received = b""
        while b'"maxPayload"' not in received:
            received += client.recv(1000)
    assert received.startswith(b"HTTP/1.1 101 ")
