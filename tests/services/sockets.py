"""Real sockets for tests: the official JavaScript client in one Node.js process, driven from Python.

::

    chat = sockets.connect(url, token)
    assert chat.call("typing", {"conversation_id": room, "on": True})["ok"]
    message = chat.wait_for("message", lambda m: m["content"] == "hello")
"""

import base64
import itertools
import json
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, NamedTuple

from tests.services.catalogue import wrong_acknowledgement, wrong_event
from tests.services.node import node_binary
from tests.services.process import ProcessFailed

SCRIPT = Path(__file__).with_suffix(".mjs")
Predicate = Callable[[Any], object]


class Event(NamedTuple):
    """What a socket received. The client's own `connect`, `disconnect` (data: the reason) and
    `connect_error` (data: {message, data}) are among them."""

    name: str
    data: Any


class Bridge:
    """The Node.js process; one serves all tests. Use :class:`Sockets` in a test."""

    def __init__(self, directory: Path) -> None:
        self._log = directory / "sockets.log"
        with self._log.open("ab") as errors:
            self._process = subprocess.Popen(
                [node_binary(), str(SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors
            )
        self._numbers = itertools.count(1)
        self._writing = threading.Lock()
        self._replies: dict[int, Future[Any]] = {}
        self._sockets: dict[int, Socket] = {}
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def add(self, socket: "Socket") -> int:
        number = next(self._numbers)
        self._sockets[number] = socket
        return number

    def forget(self, number: int) -> None:
        if self._sockets.pop(number, None) and self._process.poll() is None:
            self.tell("close", socket=number)

    def tell(self, op: str, **fields: Any) -> None:
        line = json.dumps({"op": op, **fields}, default=_packed) + "\n"
        assert self._process.stdin
        try:
            with self._writing:
                self._process.stdin.write(line.encode())
                self._process.stdin.flush()
        except OSError:
            raise ProcessFailed(f"The process with the sockets ended\n{self._log.read_text()}") from None

    def ask(self, op: str, **fields: Any) -> "Future[Any]":
        number = next(self._numbers)
        reply: Future[Any] = Future()
        self._replies[number] = reply
        self.tell(op, id=number, **fields)
        return reply

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            said = json.loads(line)
            if "reply" in said:
                self._replies.pop(said["reply"]).set_result(said["value"])
            elif "lost" in said:
                self._replies.pop(said["lost"]).set_exception(AssertionError("The server did not answer the event."))
            elif socket := self._sockets.get(said["socket"]):
                socket.hear(Event(said["event"], said["args"][0] if said["args"] else None))
        for reply in self._replies.values():
            reply.set_exception(ProcessFailed("The process with the sockets ended."))

    def close(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(5)
        self._reader.join(5)
        self._process.stdout.close()


def _packed(value: object) -> dict[str, str]:
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    raise TypeError(f"{type(value)} cannot be sent")


class Socket:
    """One socket in one namespace. `events` is all it received, in order; `heard_at` is when, by `time.monotonic`."""

    def __init__(self, bridge: Bridge, url: str, namespace: str, options: dict[str, Any]) -> None:
        self._bridge = bridge
        self._heard = threading.Condition()
        self.events: list[Event] = []
        self.heard_at: list[float] = []
        self.wrong: list[str] = []
        """How what came differs from its model in the catalogue."""
        self.connected = False
        self.url = url
        self.namespace = namespace
        self._number = bridge.add(self)
        bridge.tell("connect", socket=self._number, url=url, namespace=namespace, options=options)

    def hear(self, event: Event) -> None:
        self._judge(wrong_event(self.namespace, event.name, event.data))
        with self._heard:
            self.events.append(event)
            self.heard_at.append(time.monotonic())
            if event.name in ("connect", "disconnect"):
                self.connected = event.name == "connect"
            self._heard.notify_all()

    def _judge(self, wrong: str | None) -> None:
        if wrong:
            self.wrong.append(wrong)

    @property
    def connect_error(self) -> Any:
        """The `{code, detail}` of the latest refusal, `{message}` if it has none; None if there was no refusal."""
        refusals = self.received("connect_error")
        return (refusals[-1]["data"] or {"message": refusals[-1]["message"]}) if refusals else None

    def call(self, event: str, *payload: Any, timeout: float = 15) -> Any:
        """Send an event and return its acknowledgement; `payload` may be none, several, or of any kind."""
        return self.begin(event, *payload, timeout=timeout).result(timeout + 5)

    def begin(self, event: str, *payload: Any, timeout: float = 15) -> "Future[Any]":
        """Like :meth:`call`, without waiting: many can be under way at once."""
        reply = self._bridge.ask("call", socket=self._number, event=event, args=payload, timeout=int(timeout * 1000))
        reply.add_done_callback(lambda told: self._judge_answer(event, told))
        return reply

    def begin_text(self, event: str, text: str, timeout: float = 15) -> "Future[Any]":
        """Like :meth:`begin`; `text` is the arguments in JSON that JavaScript could not write, e.g. ``{"on": NaN}``."""
        packed = f"[{json.dumps(event)}{',' if text else ''}{text}]"
        reply = self._bridge.ask("call_text", socket=self._number, text=packed, timeout=int(timeout * 1000))
        reply.add_done_callback(lambda told: self._judge_answer(event, told))
        return reply

    def _judge_answer(self, event: str, told: "Future[Any]") -> None:
        if not told.exception():
            self._judge(wrong_acknowledgement(self.namespace, event, told.result()))

    def do(self, event: str, payload: dict[str, Any]) -> Any:
        """:meth:`call` for an event that has to succeed; returns the acknowledgement."""
        ack = self.call(event, payload)
        assert ack["ok"], ack
        return ack

    def refused(self, event: str, *payload: Any) -> Any:
        """:meth:`call` for an event that has to fail; returns the error."""
        ack = self.call(event, *payload)
        assert not ack["ok"], ack
        return ack["error"]

    def emit(self, event: str, *payload: Any) -> None:
        """Send an event that wants no acknowledgement."""
        self._bridge.tell("emit", socket=self._number, event=event, args=payload)

    def raw(self, packet: str | bytes) -> None:
        """Send an Engine.IO message as it stands, e.g. ``2/chat,["typing"]``."""
        self._bridge.tell("raw", socket=self._number, packet=packet)

    def received(self, event: str) -> list[Any]:
        """What came with all events of this name, in order."""
        return [data for name, data in list(self.events) if name == event]

    def wait_for(self, event: str, predicate: Predicate = lambda data: True, timeout: float = 10) -> Any:
        """The data of the first such event that was received, now or within `timeout` seconds."""

        def found() -> list[Any]:
            return [[data] for name, data in self.events if name == event and predicate(data)][:1]

        with self._heard:
            if self._heard.wait_for(found, timeout):
                return found()[0][0]
        told = "\n".join(map(str, self.events[-20:]))
        raise AssertionError(f"No such {event!r} within {timeout:g} s. The last events were:\n{told}")

    def clear(self) -> None:
        """Forget what was received so far."""
        with self._heard:
            self.events.clear()
            self.heard_at.clear()

    def set_token(self, token: str) -> None:
        """Connect with this one from now on."""
        self._bridge.tell("auth", socket=self._number, auth={"token": token})

    def cut(self) -> None:
        """Lose the network; a socket made with `reconnection=True` comes back by itself."""
        self._bridge.tell("cut", socket=self._number)

    def disconnect(self) -> None:
        self._bridge.tell("disconnect", socket=self._number)
        self.wait_for("disconnect")

    def close(self) -> None:
        self._bridge.forget(self._number)


class Sockets:
    """The sockets of one test; all are closed at its end."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._open: list[Socket] = []

    def connect(
        self, url: str, token: str | None, namespace: str = "/chat", *, wait: bool = True, **options: Any
    ) -> Socket:
        """Open a socket; returns when it is connected (in /chat: `ready`) or refused (`connect_error`).

        `options` are those of the client library; by default one transport, websocket, and no reconnection.
        """
        auth = {} if token is None else {"auth": {"token": token}}
        socket = Socket(self._bridge, url, namespace, {**auth, **options})
        self._open.append(socket)
        if wait:
            awaited = ("ready" if namespace == "/chat" else "connect", "connect_error", "disconnect")
            with socket._heard:
                told = socket._heard.wait_for(lambda: any(event.name in awaited for event in socket.events), 15)
            assert told, f"{url}{namespace} neither took nor refused the socket"
        return socket

    def close(self) -> None:
        """Also fails the test when anything that came is not as `/asyncapi.json` says."""
        for socket in self._open:
            socket.close()
        wrong = [text for socket in self._open for text in socket.wrong]
        assert not wrong, "\n".join(wrong[:5])
