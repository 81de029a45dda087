"""A client of the history over HTTP, which reads the pages it gets and verifies them.

Python is enough here: to make a page costs a server several times what it costs to check it, and only the server's own
processor time is counted.
"""

import json
import random
import socket
import time
from dataclasses import dataclass
from typing import Any

from benchmarks.load import LoadFailed, Work
from benchmarks.seed import Person, Talk

LIMIT = 50
LINES = 4
"""Connections, each with a request under way."""
CONTENT = "Message {}: how about lunch at twelve? The usual place has soup again."
"""What benchmarks/seed.py writes."""
PATIENCE = 20.0


class Line:
    """One kept connection of one person."""

    def __init__(self, port: int, person: Person) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = self._socket.makefile("rb")
        self._head = f"Host: 127.0.0.1:{port}\r\nAuthorization: Bearer {person.token}\r\n\r\n"

    def ask(self, path: str) -> None:
        self._socket.sendall(f"GET {path} HTTP/1.1\r\n{self._head}".encode())

    def answer(self) -> Any:
        status = self._rest.readline()
        length = 0
        while (header := self._rest.readline()) not in (b"\r\n", b""):
            name, _, value = header.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        body = self._rest.read(length)
        if status.split(b" ")[1:2] != [b"200"] or len(body) != length:
            raise LoadFailed(f"a page was answered {status!r}: {body[:300]!r}")
        return json.loads(body)

    def close(self) -> None:
        self._rest.close()
        self._socket.close()


@dataclass
class Reader:
    """Reads a page around some message, then the one before it, then the one after it, then begins elsewhere."""

    line: Line
    talk: Talk
    chance: random.Random
    step: int = 0
    around: int = 0
    page: tuple[str | None, str | None] = (None, None)
    expected: range = range(0)
    asked: float = 0

    def ask(self) -> None:
        where = self._next()
        self.asked = time.perf_counter()
        self.line.ask(f"/api/v1/conversations/{self.talk.id}/messages?limit={LIMIT}&{where}")

    def _next(self) -> str:
        if self.step == 0:  # with room for a whole page on either side
            self.around = self.chance.randrange(2 * LIMIT, self.talk.last_seq - 2 * LIMIT)
            self.expected = range(self.around - LIMIT // 2, self.around + LIMIT - LIMIT // 2)
            return f"around_seq={self.around}"
        ends = self.around - LIMIT // 2, self.around + LIMIT - LIMIT // 2
        self.expected = range(ends[0] - LIMIT, ends[0]) if self.step == 1 else range(ends[1], ends[1] + LIMIT)
        return f"cursor={self.page[self.step - 1]}"

    def read(self) -> float:
        """Microseconds from asking to having it all."""
        page = self.line.answer()
        took = (time.perf_counter() - self.asked) * 1e6
        self._verify(page["items"])
        if self.step == 0:
            self.page = page["prev_cursor"], page["next_cursor"]
        self.step = (self.step + 1) % 3
        return took

    def _verify(self, items: list[dict[str, Any]]) -> None:
        if [one["seq"] for one in items] != list(self.expected):
            raise LoadFailed(f"the page of {self.expected} holds {[one['seq'] for one in items]}")
        for one in items:
            wanted = (self.talk.id, one["seq"], CONTENT.format(one["seq"]), [], [], None)
            names = ("conversation_id", "change", "content", "reactions", "attachments", "deleted_at")
            if tuple(one[name] for name in names) != wanted or not one["created_at"]:
                raise LoadFailed(f"a message is not what was stored: {one}")


def read_pages(port: int, person: Person, talk: Talk, seconds: float, number: int = 0) -> Work:
    """Read for so long; units are pages. The same `number` reads the same places."""
    chance = random.Random(number)
    readers = [Reader(Line(port, person), talk, chance) for _ in range(LINES)]
    began, cpu = time.perf_counter(), time.process_time()
    times: list[float] = []
    try:
        while time.perf_counter() - began < seconds:
            for one in readers:
                one.ask()
            times += [one.read() for one in readers]
    finally:
        for one in readers:
            one.line.close()
    times.sort()
    wall = time.perf_counter() - began
    return Work(len(times), wall, times[len(times) // 2], times[len(times) * 99 // 100], time.process_time() - cpu)
