"""P21: what somebody may no longer hear or do stops within a second, on every process, while others go on writing."""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.services import deployment as deployments
from tests.services.api import Account, Answer, Api
from tests.services.database import Database
from tests.services.deployment import Deployment
from tests.services.people import People
from tests.services.postgres import Postgres
from tests.services.redis import Redis
from tests.services.sockets import Socket, Sockets
from tests.services.waiting import eventually

pytestmark = pytest.mark.promise("P21")

AT_MOST = 1.0
"""Seconds after the answer of the operation, and nothing arrives any more."""
INSIDE = {"message", "message_changed", "receipt", "typing", "conversation_changed"}
"""Events that tell something of the inside of a conversation."""


class Chatter:
    """Somebody at each process who writes numbered messages into a conversation without a pause."""

    def __init__(self, conversation: str, people: list[Account]) -> None:
        self.conversation = conversation
        self.stored: list[tuple[float, str]] = []
        """When the request began, by `time.monotonic`, and the content of each stored message."""
        self.refused: list[Answer] = []
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(person,)) for person in people]

    def __enter__(self) -> "Chatter":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join(30)

    def _write(self, person: Account) -> None:
        while not self._end.is_set():
            began, content = time.monotonic(), uuid.uuid4().hex
            answer = person.post(f"/conversations/{self.conversation}/messages", {"content": content})
            if answer.status == 201:
                self.stored.append((began, content))
            elif (answer.json or {}).get("code") == "token_expired":
                pair = person.post("/auth/refresh", {"refresh_token": person.refresh_token}).must()
                person = Account.of(person.url, pair)
            else:
                self.refused.append(answer)

    def go_on(self, seconds: float, since: float) -> None:
        """Wait until they have written for so many seconds after `since`."""
        eventually(lambda: any(began > since + seconds for began, _ in list(self.stored)), timeout=seconds + 10)

    def begun_after(self, moment: float) -> set[str]:
        return {content for began, content in list(self.stored) if began > moment}


@dataclass
class Ending:
    """Somebody whose listening ends, by `operation`; `code` is what their sockets hear (None: they stay open)."""

    name: str
    operation: Callable[["Ending", Account], Answer]
    code: str | None
    person: Account
    other_device: Account
    group: str
    admin: Account
    sockets: list[Socket] = field(default_factory=list)
    at: float = 0.0
    """When the operation had answered."""

    def happen(self, owner: Account) -> None:
        self.operation(self, owner).must(204 if self.name != "a ban" else 200)
        self.at = time.monotonic()

    def delay(self) -> float:
        """Seconds from the answer to the last event that told of the inside, or to the closing of the socket."""
        ends = ("disconnect",) if self.code else ()
        late = [
            heard_at - self.at
            for socket in self.sockets
            for (name, data), heard_at in zip(list(socket.events), list(socket.heard_at), strict=False)
            if name in ends or (name in INSIDE and self.group in str(data))
        ]
        return max([0.0, *late])

    def heard(self) -> set[str]:
        return {message["content"] for socket in self.sockets for message in socket.received("message")}


def end_the_device(ending: Ending, owner: Account) -> Answer:
    """From the list of one's devices, on another one."""
    ids = [device["id"] for device in ending.person.get("/auth/sessions").must()["items"] if device["current"]]
    return ending.other_device.delete(f"/auth/sessions/{ids[0]}")


def give_a_new_password(ending: Ending, owner: Account) -> Answer:
    body = {"current_password": ending.person.password, "new_password": "quite another horse"}
    return ending.other_device.post("/auth/password", body)


ENDINGS: dict[str, tuple[Callable[[Ending, Account], Answer], str | None]] = {
    "a removal": (lambda e, owner: owner.delete(f"/conversations/{e.group}/members/{e.person.id}"), None),
    "leaving": (lambda e, owner: e.person.delete(f"/conversations/{e.group}/members/{e.person.id}"), None),
    "a log-out": (lambda e, owner: e.person.post("/auth/logout"), "logged_out"),
    "a log-out everywhere": (lambda e, owner: e.other_device.post("/auth/logout", {"everywhere": True}), "logged_out"),
    "an ended device": (end_the_device, "token_revoked"),
    "a new password": (give_a_new_password, "token_revoked"),
    "a ban": (lambda e, owner: e.admin.post(f"/admin/users/{e.person.id}/ban", {"reason": "Spam"}), "banned"),
}


def places(people: People) -> list[str]:
    """An address for each of two sockets: two processes where there are two."""
    return (people.deployment.urls * 2)[:2]


@pytest.fixture
def admin(people: People, database: Database) -> Account:
    return an_admin(people, database)


def an_admin(people: People, database: Database) -> Account:
    person = people.one()
    database.change("UPDATE users SET role = 'admin' WHERE id = :id", id=person.id)
    return person


def test_nothing_arrives_any_more(people: People, admin: Account, sockets: Sockets, figure):
    owner, linus, witness = people.some(3)
    group = owner.group(linus, witness)
    endings = []
    for name, (operation, code) in ENDINGS.items():
        person = people.one()
        owner.post(f"/conversations/{group}/members", {"user_ids": [person.id]}).must(201)
        ending = Ending(name, operation, code, person, person.second_device(), group, admin)
        ending.sockets = [people.chat(person, url) for url in places(people)]
        endings.append(ending)
    still_there = [people.chat(witness, url) for url in places(people)]

    with Chatter(group, [linus.at(url) for url in places(people)]) as chatter:
        for ending in endings:
            for socket in ending.sockets:
                socket.wait_for("message")
            ending.happen(owner)
        chatter.go_on(AT_MOST + 0.2, since=endings[-1].at)
    said_after = chatter.begun_after(endings[-1].at)
    assert not chatter.refused
    for socket in still_there:
        for content in said_after:
            socket.wait_for("message", lambda message, content=content: message["content"] == content)

    for ending in endings:
        assert_it_ended(people, ending, chatter, sockets)
    delays = {ending.name: ending.delay() for ending in endings}
    assert max(delays.values()) < AT_MOST, delays
    slowest = max(delays, key=lambda name: delays[name])
    figure(
        f"{people.deployment.kind}: after {len(endings)} kinds of ending, {len(chatter.stored)} messages meanwhile, "
        f"the last word arrived {delays[slowest] * 1000:.0f} ms after the answer ({slowest})"
    )


def assert_it_ended(people: People, ending: Ending, chatter: Chatter, sockets: Sockets) -> None:
    told = (ending.name, ending.code)
    if ending.code is None:
        for url in people.deployment.urls:
            for socket in ending.sockets:
                people.fence(ending.person, socket, via=url)
            ending.person.at(url).get(f"/conversations/{ending.group}").error(404, "not_found")
        assert not ending.heard() & chatter.begun_after(ending.at), told
        return
    for socket in ending.sockets:
        assert socket.received("session_ended") == [{"code": ending.code}], told
        assert not socket.connected, told
    assert not ending.heard() & chatter.begun_after(ending.at + AT_MOST), told
    # A ban also ends the sessions, and an ended session is what an old token is told of first.
    codes = {"token_revoked", "banned"} if ending.code == "banned" else {"token_revoked"}
    for url in people.deployment.urls:
        device = ending.person.at(url)
        for answer in (
            device.get("/auth/me"),
            device.post("/auth/refresh", {"refresh_token": device.refresh_token}),
            device.post(f"/conversations/{ending.group}/messages", {"content": "still here"}),
        ):
            assert answer.status in (401, 403), told
            assert answer.json["code"] in codes, told
        assert sockets.connect(url, device.token).connect_error["code"] in codes, told
    if ending.code == "banned":
        body = {"username": ending.person.username, "password": ending.person.password}
        ending.person.post("/auth/login", body).error(403, "banned")


WRITING: dict[str, Callable[[str, str], dict[str, Any]]] = {
    "send_message": lambda group, message: {
        "conversation_id": group,
        "client_msg_id": uuid.uuid4().hex,
        "content": "hello",
    },
    "edit_message": lambda group, message: {"message_id": message, "content": "hello"},
    "delete_message": lambda group, message: {"message_id": message},
    "react": lambda group, message: {"message_id": message, "emoji": "👍", "on": True},
    "typing": lambda group, message: {"conversation_id": group, "on": True},
}


def test_who_becomes_a_reader_writes_no_more(people: People, figure):
    owner, grace = people.some(2)
    group = owner.group(grace)
    hers = grace.say(group, "mine")["id"]
    devices = [people.chat(grace, url) for url in places(people)]
    listener = people.chat(owner)
    for device in devices:
        device.do("typing", {"conversation_id": group, "on": True})
    with Chatter(group, [grace.at(url) for url in places(people)]) as chatter:
        eventually(lambda: len(chatter.stored) > 10)
        owner.patch(f"/conversations/{group}/members/{grace.id}", {"role": "read_only"}).must()
        at = time.monotonic()
        before = len(listener.received("typing"))
        for event, payload in WRITING.items():
            for device in devices:
                eventually(
                    lambda: device.refused(event, payload(group, hers))["code"] == "forbidden",  # noqa: B023
                    timeout=AT_MOST,
                    interval=0.001,
                )
        delay = time.monotonic() - at
        eventually(lambda: len(chatter.refused) > 10)
    assert chatter.begun_after(at) == set()
    assert {answer.json["code"] for answer in chatter.refused} == {"forbidden"}
    assert owner.get(f"/messages/{hers}").must()["content"] == "mine"
    assert not any(typing["on"] for typing in listener.received("typing")[before:])
    assert delay < AT_MOST
    for device in devices:  # she still reads
        word = owner.say(group, "listen")["id"]
        device.wait_for("message", lambda message, word=word: message["id"] == word)
    figure(
        f"{people.deployment.kind}: a new reader's messages, edits, deletions, reactions and typing are refused "
        f"at once on {len(devices)} sockets (all asked within {delay * 1000:.0f} ms)"
    )


def test_an_administrator_who_is_demoted_loses_it_at_once(people: People, admin: Account, database: Database, figure):
    second, someone = an_admin(people, database), people.one()
    body = {"name": "night job", "scopes": ["admin:read", "admin:write", "people:write"]}
    key = {"X-API-Key": second.post("/auth/api-keys", body).must(201)["key"]}
    attempts: dict[str, Callable[..., Answer]] = {
        "list people": lambda who, **how: who.get("/admin/users", **how),
        "read the audit log": lambda who, **how: who.get("/admin/audit", **how),
        "give a role": lambda who, **how: who.patch(f"/users/{someone.id}", {"role": "agent"}, **how),
        "ban": lambda who, **how: who.post(f"/admin/users/{someone.id}/ban", {"reason": "Revenge"}, **how),
        "take the role back": lambda who, **how: who.patch(f"/users/{second.id}", {"role": "admin"}, **how),
    }
    attempts["list people"](second).must()
    attempts["list people"](Api(second.url), headers=key).must()

    admin.patch(f"/users/{second.id}", {"role": "member"}).must()
    for url in people.deployment.urls:
        for name, attempt in attempts.items():
            assert attempt(second.at(url)).status == 403, name
            assert attempt(Api(url), headers=key).status == 403, name
    fresh = Account.of(second.url, second.post("/auth/refresh", {"refresh_token": second.refresh_token}).must())
    assert attempts["list people"](fresh).status == 403
    assert database.rows("SELECT role, banned_at FROM users WHERE id = :id", id=someone.id) == [("member", None)]
    figure(
        f"{people.deployment.kind}: a demoted administrator's old tokens and keys are refused at {len(attempts)} "
        f"routes of every process from the first request on"
    )


@pytest.fixture(scope="module")
def short_lived(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres, redis: Redis) -> Iterator[Deployment]:
    """Access tokens live for five seconds."""
    settings = {"ACCESS_TOKEN_EXPIRE_MINUTES": str(5 / 60)}
    with deployments.cluster(tmp_path_factory.mktemp("short-lived"), postgres, redis, settings) as deployment:
        yield deployment


def test_an_expired_token_hears_nothing_more(short_lived: Deployment, sockets: Sockets, figure):
    people = People(short_lived, sockets)
    owner, linus = people.some(2)
    group = owner.group(linus)
    grace = people.one()
    owner.post(f"/conversations/{group}/members", {"user_ids": [grace.id]}).must(201)
    devices = [people.chat(grace, url) for url in short_lived.urls]
    told = devices[0].do("authenticate", {"token": grace.token})["expires_at"]
    expires_at = time.monotonic() + (datetime.fromisoformat(told) - datetime.now(UTC)).total_seconds()
    with Chatter(group, [linus.second_device().at(url) for url in short_lived.urls]) as chatter:
        chatter.go_on(AT_MOST, since=expires_at)
    ending = Ending("expiry", lambda e, o: o.get("/"), "token_expired", grace, grace, group, owner, devices, expires_at)
    for device in devices:
        assert device.received("session_ended") == [{"code": "token_expired"}]
        assert device.received("message")
        assert not device.connected
    assert not ending.heard() & chatter.begun_after(expires_at + AT_MOST)
    for url in short_lived.urls:
        grace.at(url).get(f"/conversations/{group}/messages").error(401, "token_expired")
        assert sockets.connect(url, grace.token).connect_error["code"] == "token_expired"
    assert ending.delay() < AT_MOST
    figure(f"cluster: after a token's expiry the last word arrived within {ending.delay() * 1000:.0f} ms")
