"""People who speak XMPP (RFC 6120, 6121): private messages and a room (XEP-0045), each message with its receipt of the
server (XEP-0198). What arrives is compared with what was sent.
"""

import asyncio
import base64
import re
import time
from collections.abc import Callable

from benchmarks.load import LoadFailed

HOST = "localhost"
PATIENCE = 60.0
BODY = "How about lunch at twelve? The usual place has soup again, and the terrace is open."
_STANZA = re.compile(
    rb"<message\b.*?</message>|<a\b[^>]*/>|<r\b[^>]*/>|<presence\b[^>]*?(?:/>|>.*?</presence>)", re.DOTALL
)
_ID = re.compile(rb"\bid=['\"]([^'\"]+)['\"]")
_BODY = re.compile(rb"<body>(.*?)</body>", re.DOTALL)
_HANDLED = re.compile(rb"<a\b[^>]*\bh=['\"](\d+)['\"]")


class Person:
    """One connection. `received` are the keys of messages, `handled` is how many of its stanzas the server took."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.sent = self.handled = 0
        self.received: set[str] = set()
        self.arrival = asyncio.Condition()
        self.failure: Exception | None = None
        self._rest = b""
        self._entered = False
        self._taken = self._present = 0
        """Stanzas that the server sent since it counts them, and presences among them."""

    async def connect(self, port: int, password: str) -> float:
        """Seconds until it is signed in and present."""
        began = time.perf_counter()
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", port)
        await self._open(b"</stream:features>")
        plain = base64.b64encode(f"\0{self.name}\0{password}".encode()).decode()
        self._write(f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{plain}</auth>")
        await self._until(b"<success")
        await self._open(b"</stream:features>")
        bind = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>bench</resource></bind>"
        self._write(f"<iq type='set' id='bind'>{bind}</iq>")
        await self._until(b"</iq>")
        self._write("<enable xmlns='urn:xmpp:sm:3'/>")
        await self._until(b"<enabled")
        self._task = asyncio.create_task(self._listen())
        self.sent += 1
        self._write("<presence/>")
        await self._wait(lambda: self._present > 0)
        return time.perf_counter() - began

    async def _open(self, until: bytes) -> None:
        space = "xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'"
        self._write(f"<stream:stream to='{HOST}' version='1.0' {space}>")
        await self._until(until)

    async def _until(self, *ends: bytes) -> bytes:
        while not any(end in self._rest for end in ends):
            await self._more(PATIENCE)
        found, self._rest = self._rest, b""
        if b"<failure" in found or b"type='error'" in found:
            raise LoadFailed(f"{self.name} was answered {found!r}")
        return found

    async def _more(self, patience: float | None = None) -> None:
        data = await asyncio.wait_for(self._reader.read(65536), patience)
        if not data:
            raise LoadFailed(f"{self.name} was disconnected; the last it heard was {self._rest[-300:]!r}")
        self._rest += data

    def _write(self, text: str) -> None:
        self._writer.write(text.encode())

    async def join(self, room: str) -> None:
        """Enter a room, made by whoever enters first."""
        self.sent += 1
        self._write(f"<presence to='{room}@conference.{HOST}/{self.name}'><x xmlns='http://jabber.org/protocol/muc'/>")
        self._write("</presence>")

    def say(self, to: str, key: str, kind: str = "chat") -> None:
        self.sent += 1
        self._write(f"<message to='{to}' type='{kind}' id='{key}'><body>{key} {BODY}</body></message>")
        self._write("<r xmlns='urn:xmpp:sm:3'/>")

    async def _listen(self) -> None:
        try:
            while True:
                await self._more()
                await self._take()
        except asyncio.CancelledError:
            raise
        except Exception as error:
            self.failure = error
            async with self.arrival:
                self.arrival.notify_all()

    async def _take(self) -> None:
        end = 0
        for found in _STANZA.finditer(self._rest):
            end = found.end()
            self._heard(found[0])
        self._rest = self._rest[end:]
        async with self.arrival:
            self.arrival.notify_all()

    def _heard(self, stanza: bytes) -> None:
        if stanza.startswith(b"<r"):
            self._write(f"<a xmlns='urn:xmpp:sm:3' h='{self._taken}'/>")
        elif stanza.startswith(b"<a"):
            handled = _HANDLED.search(stanza)
            self.handled = int(handled[1]) if handled else 0
        else:
            self._taken += 1
            if stanza.startswith(b"<presence"):
                self._present += 1
                self._entered = self._entered or b"'110'" in stanza or b'"110"' in stanza
            else:
                self._received(stanza)

    def _received(self, stanza: bytes) -> None:
        key, body = _ID.search(stanza), _BODY.search(stanza)
        if body is None:
            return  # the subject of a room
        if key is None or body[1].decode() != f"{key[1].decode()} {BODY}" or key[1].decode() in self.received:
            raise LoadFailed(f"{self.name} received what was not sent, or again: {stanza!r}")
        self.received.add(key[1].decode())

    async def joined(self) -> None:
        """Until the room says so: the presence of oneself comes last, with status 110."""
        await self._wait(lambda: self._entered)

    async def until(self, key: str) -> None:
        """Until this message has arrived."""
        await self._wait(lambda: key in self.received)

    async def acknowledged(self) -> None:
        await self._wait(lambda: self.handled >= self.sent)

    async def _wait(self, met: Callable[[], bool]) -> None:
        async with self.arrival:
            await asyncio.wait_for(self.arrival.wait_for(lambda: self.failure is not None or met()), PATIENCE)
        if self.failure is not None:
            raise LoadFailed(str(self.failure)) from self.failure

    def close(self) -> None:
        self._task.cancel()
        self._writer.close()
