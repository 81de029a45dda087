"""Which sockets of a process hear which conversation: the logic of `members_rev`, by itself."""

from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

from chat_app.realtime import members as module
from chat_app.realtime.connections import Connection, Connections
from chat_app.realtime.members import LocalMembers

ROOM = "c:room"


class Rooms:
    """The rooms of a Socket.IO manager."""

    def __init__(self) -> None:
        self.rooms: dict[str, dict[str, dict[str, str]]] = {"/chat": {}}

    def enter_room(self, sid: str, namespace: str, room: str) -> None:
        self.rooms[namespace].setdefault(room, {})[sid] = sid

    def enter_rooms(self, sid: str, namespace: str, rooms: list[str]) -> None:
        for room in rooms:
            self.enter_room(sid, namespace, room)

    def leave_room(self, sid: str, namespace: str, room: str) -> None:
        there = self.rooms[namespace].get(room, {})
        there.pop(sid, None)
        if not there:
            self.rooms[namespace].pop(room, None)

    def settle(self, sid: str) -> bool:
        return False

    def mark_fresh(self, namespace: str, room: str) -> None:
        pass

    def get_participants(self, namespace: str, room: str) -> list[tuple[str, str]]:
        return list(self.rooms[namespace].get(room, {}).items())


class Place(SimpleNamespace):
    id: str
    members_rev: int


class Process:
    """A process with a socket of Ada and one of Grace; `stored` is what the database says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rooms = Rooms()
        self.connections = Connections()
        self.members = LocalMembers(Flask("test"), self.rooms, self.connections)
        self.stored: tuple[int, set[str]] | Exception = (1, {"ada", "grace"})
        self.looks = 0
        monkeypatch.setattr(module, "db", SimpleNamespace(session=SimpleNamespace(execute=self.look)))
        for user_id in ("ada", "grace"):
            connection = Connection(user_id, "/chat", user_id, f"session-{user_id}", 0)
            self.connections.add(connection)
            self.members.set_places(connection, [Place(id="room", members_rev=1)])

    def look(self, _statement: object) -> Any:
        self.looks += 1
        if isinstance(self.stored, Exception):
            raise self.stored
        rev, people = self.stored
        return SimpleNamespace(all=lambda: [SimpleNamespace(members_rev=rev, user_id=person) for person in people])

    def change(self, user_id: str, rev: int, *, present: bool) -> None:
        self.members.apply({"conversation_id": "room", "user_ids": [user_id], "rev": rev, "present": present})

    @property
    def hearing(self) -> set[str]:
        return set(self.rooms.rooms["/chat"].get(ROOM, {}))


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> Process:
    return Process(monkeypatch)


def test_changes_in_a_row_need_no_look_into_the_database(process: Process):
    process.change("grace", 2, present=False)
    assert process.hearing == {"ada"}
    process.change("grace", 3, present=True)
    assert process.hearing == {"ada", "grace"}
    assert process.members.refresh_if_older("room", 3)
    assert process.looks == 0


def test_a_delivery_of_a_later_revision_looks_first(process: Process):
    process.stored = (2, {"ada"})
    assert process.members.refresh_if_older("room", 2)
    assert process.hearing == {"ada"}
    assert process.members.refresh_if_older("room", 2)
    assert process.looks == 1


def test_an_older_delivery_needs_no_look(process: Process):
    assert process.members.refresh_if_older("room", 1)
    assert process.looks == 0


def test_without_the_database_nothing_is_delivered(process: Process):
    process.stored = RuntimeError("away")
    assert not process.members.refresh_if_older("room", 2)
    process.stored = (2, {"ada"})
    assert process.members.refresh_if_older("room", 2)
    assert process.hearing == {"ada"}


def test_after_a_lost_change_the_next_one_is_applied_but_not_trusted(process: Process):
    process.change("somebody else", 3, present=True)  # number 2, Grace's removal, was lost
    process.stored = (3, {"ada"})
    assert process.members.refresh_if_older("room", 3)
    assert process.hearing == {"ada"}


def test_a_late_change_brings_nobody_back(process: Process):
    process.change("grace", 2, present=True)
    process.change("grace", 3, present=False)
    process.change("grace", 2, present=True)
    assert process.hearing == {"ada"}


def test_a_socket_that_opens_with_an_older_picture_lowers_the_trust(process: Process):
    process.change("grace", 2, present=False)
    late = Connection("late", "/chat", "linus", "session", 0)
    process.connections.add(late)
    process.members.set_places(late, [Place(id="room", members_rev=1)])
    process.stored = (2, {"ada"})
    assert process.members.refresh_if_older("room", 2)
    assert process.hearing == {"ada"}


def test_sync_takes_the_socket_out_of_what_it_left(process: Process):
    grace = process.connections.get("grace")
    assert grace
    process.members.set_places(grace, [Place(id="other", members_rev=7)], before={"room"})
    assert process.hearing == {"ada"}
    assert grace.conversations == {"other"}


def test_what_a_socket_was_put_into_while_sync_asked_it_stays_in(process: Process):
    grace = process.connections.get("grace")
    assert grace
    before = set(grace.conversations)
    process.members.apply({"conversation_id": "new", "user_ids": ["grace"], "rev": 1, "present": True})
    process.members.set_places(grace, [Place(id="room", members_rev=1)], before)
    assert grace.conversations == {"room", "new"}


def test_a_deleted_conversation_is_heard_by_nobody(process: Process):
    process.stored = (2, {None})  # type: ignore[arg-type]
    assert process.members.refresh_if_older("room", 2)
    assert process.hearing == set()


def test_an_empty_room_is_forgotten(process: Process):
    for user_id in ("ada", "grace"):
        process.rooms.leave_room(user_id, "/chat", ROOM)
    process.members.forget_empty_rooms()
    assert process.members.refresh_if_older("room", 9)
    assert process.looks == 0
