"""People for the tests of the promises: the page's client library in Node.js, driven from Python (see `crowd.mjs`).

::

    ada, bob = crowd.join(deployment.urls)
    room = ada.api.group(bob.api)
    crowd.open(room)
    message = ada.say(room, "hello").result()
    eventually(lambda: bob.held(room)["messages"] == [message])
"""

import itertools
import json
import subprocess
import threading
import uuid
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.services.api import PASSWORD, Account
from tests.services.node import BUNDLE, node_binary
from tests.services.process import ROOT, ProcessFailed

SOURCES = ROOT / "web/src/client"
SCRIPT = Path(__file__).with_suffix(".mjs")
PATIENCE = 60
"""Seconds that the library may take over anything, reconnecting included."""

AT_THE_DOOR = 12
"""People who sign up at once."""


class Refused(AssertionError):
    """The library rejected a call; `code` is that of its ChatError."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code


class Hall:
    """One Node.js process with a part of the crowd."""

    def __init__(self, log: Path) -> None:
        if not BUNDLE.exists() or BUNDLE.stat().st_mtime < max(part.stat().st_mtime for part in SOURCES.glob("*.ts")):
            raise ProcessFailed("The client library is not built from its present sources; `make test` builds it.")
        self._log = log
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [node_binary(), str(SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors
            )
        self._numbers = itertools.count(1)
        self._writing = threading.Lock()
        self._replies: dict[int, Future[Any]] = {}
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def begin(self, op: str, **fields: Any) -> "Future[Any]":
        number = next(self._numbers)
        self._replies[number] = reply = Future()
        assert self._process.stdin
        try:
            with self._writing:
                self._process.stdin.write(json.dumps({"id": number, "op": op, **fields}).encode() + b"\n")
                self._process.stdin.flush()
        except OSError:
            raise ProcessFailed(f"The crowd ended\n{self._log.read_text()}") from None
        return reply

    def ask(self, op: str, **fields: Any) -> Any:
        return self.begin(op, **fields).result(PATIENCE)

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            said = json.loads(line)
            reply = self._replies.pop(said["reply"])
            if "error" in said:
                reply.set_exception(Refused(**said["error"]))
            else:
                reply.set_result(said["value"])
        for reply in self._replies.values():
            reply.set_exception(ProcessFailed("The crowd ended."))

    def close(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(10)
        self._reader.join(5)
        self._process.stdout.close()


@dataclass(frozen=True, eq=False)
class Person:
    """Somebody on one device. `api` calls the server directly, without the library."""

    hall: Hall
    number: int
    api: Account

    @property
    def id(self) -> str:
        return self.api.id

    def begin(self, op: str, **fields: Any) -> "Future[Any]":
        return self.hall.begin(op, person=self.number, **fields)

    def ask(self, op: str, **fields: Any) -> Any:
        return self.begin(op, **fields).result(PATIENCE)

    def start(self, method: str, *args: Any) -> "Future[Any]":
        """Call a method of the library, by its name in `web/src/client/api.ts`, and do not wait."""
        return self.begin("call", method=method, args=args)

    def call(self, method: str, *args: Any) -> Any:
        return self.start(method, *args).result(PATIENCE)

    def say(self, conversation: str, content: str, reply_to: str | None = None) -> "Future[Any]":
        """Send through the outbox, which retries; the result is the stored message, with `ms` until it was."""
        return self.begin("say", conversation=conversation, content=content, replyTo=reply_to)

    def exchange(self, other: "Person", conversation: str, content: str) -> dict[str, float]:
        """Say something; ms until it was `stored`, and until the other one `received` it, by one clock."""
        assert other.hall is self.hall
        return self.ask("exchange", other=other.number, conversation=conversation, content=content)

    def held(self, conversation: str) -> Any:
        """`{status, conversation, messages, whole, unsent}` as this device shows it."""
        return self.ask("held", conversation=conversation)

    def open(self, conversation: str) -> None:
        self.ask("open", conversation=conversation)

    def cut(self) -> None:
        """Lose the network (for those who joined with `line=True`)."""
        self.ask("cut")

    def mend(self) -> None:
        self.ask("mend")


class Crowd:
    """Everybody of one test, in as many processes as asked for; closed at its end."""

    def __init__(self, directory: Path, halls: int = 1) -> None:
        self.halls = [Hall(directory / f"crowd-{number}.log") for number in range(halls)]
        self.people: list[Person] = []

    def join(self, urls: Sequence[str], count: int = 2, *, line: bool = False, **options: Any) -> list[Person]:
        """New people, spread over the servers and the processes; online when this returns.

        `options` are those of the library; with `line` each has a network connection that can be cut.
        """
        halls = len(self.halls)
        # Neighbours are on different servers, and every process of ours has people on each of them.
        places = [(self.halls[(n // len(urls)) % halls], urls[n % len(urls)]) for n in range(count)]
        names = [f"u{uuid.uuid4().hex[:12]}" for _ in places]
        return self._enter(places, names, new=True, line=line, options=options)

    def second_device(self, person: Person, url: str, *, line: bool = False, **options: Any) -> Person:
        """The same person on another device."""
        return self._enter([(person.hall, url)], [person.api.username], new=False, line=line, options=options)[0]

    def _enter(
        self, places: list[tuple[Hall, str]], names: list[str], *, new: bool, line: bool, options: dict[str, Any]
    ) -> list[Person]:
        first = len(self.people)
        with ThreadPoolExecutor(AT_THE_DOOR) as door:

            def enter(number: int) -> Person:
                (hall, url), username = places[number - first], names[number - first]
                email = f"{username}@example.org" if new else None
                form = {"username": username, "password": PASSWORD, "email": email}
                me = hall.ask("join", person=number, url=url, line=line, options=options, **form)
                return Person(hall, number, Account(url, me["token"], "", me["id"], username, PASSWORD))

            people = list(door.map(enter, range(first, first + len(places))))
        self.people += people
        return people

    def open(self, conversation: str, people: Iterable[Person] | None = None) -> None:
        """All of them (everybody if left out) look at this conversation."""
        chosen = self.people if people is None else people
        for opening in [person.begin("open", conversation=conversation) for person in chosen]:
            opening.result(PATIENCE)

    def digests(self, conversation: str) -> dict[int, str]:
        """What each of them holds of a conversation, as one word; see `Truth.digest`."""
        return self._of_all("digests", conversation=conversation)

    def statuses(self) -> dict[int, str]:
        return self._of_all("statuses")

    def incoming(self) -> int:
        """Messages of others that were shown live, over all."""
        return sum(reply.result(PATIENCE) for reply in [hall.begin("incoming") for hall in self.halls])

    def _of_all(self, op: str, **fields: Any) -> dict[int, str]:
        replies = [hall.begin(op, **fields) for hall in self.halls]
        return {number: value for reply in replies for number, value in reply.result(PATIENCE)}

    def close(self) -> None:
        for hall in self.halls:
            hall.close()
