"""Who is told what the job has stored: only sockets that may have missed it when it was told first."""

import time
from typing import Any

import pytest
from flask import Flask

from chat_app.realtime.connections import Connection, Connections
from chat_app.receipts.newcomers import MARGIN, tell_newcomers

ROOM, NOW = "room", time.time()
STORED = {"rows": [[ROOM, "ada", 5, 3, 2, 7]], "since": NOW}


class Members:
    """Those of a process whose reading of the members takes `leaving` out of the room."""

    def __init__(self) -> None:
        self.leaving: list[Connection] = []
        self.asked: list[tuple[str, int]] = []

    def refresh_if_older(self, conversation_id: str, rev: int) -> bool:
        self.asked.append((conversation_id, rev))
        for connection in self.leaving:
            connection.conversations.discard(conversation_id)
        return True


class Bus:
    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []

    def emit(self, event: str, payload: dict[str, Any], *, room: str, **_: object) -> None:
        assert event == "receipt"
        self.told.append((room, payload))


@pytest.fixture
def app():
    app = Flask(__name__)
    app.extensions.update(connections=Connections(), local_members=Members(), bus=Bus())
    with app.app_context():
        yield app


def opened(app: Flask, user: str, age: float, room: str = ROOM, namespace: str = "/chat") -> Connection:
    connection = Connection(f"{user}'s", namespace, user, "session", NOW + 900, opened_at=NOW - age)
    connection.conversations.add(room)
    app.extensions["connections"].add(connection)
    return connection


def told(app: Flask, message: dict[str, Any] = STORED) -> list[str]:
    tell_newcomers(message)
    return [room for room, _ in app.extensions["bus"].told]


def test_a_newcomer_is_told_and_who_was_there_is_not(app: Flask):
    opened(app, "linus", MARGIN + 1)
    opened(app, "grace", 0)
    assert told(app) == ["grace's"]
    watermarks = {"conversation_id": ROOM, "user_id": "ada", "delivered_seq": 5, "read_seq": 3}
    assert app.extensions["bus"].told == [("grace's", watermarks)]


def test_a_newcomer_of_another_conversation_hears_nothing_and_costs_no_reading(app: Flask):
    opened(app, "grace", 0, room="elsewhere")
    opened(app, "linus", 0, namespace="/presence")
    assert told(app) == []
    assert app.extensions["local_members"].asked == []


def test_whoever_the_members_no_longer_name_hears_nothing(app: Flask):
    grace = opened(app, "grace", 0)
    app.extensions["local_members"].leaving = [grace]
    assert told(app) == []
    assert app.extensions["local_members"].asked == [(ROOM, 7)]


def test_in_a_large_conversation_only_one_s_own_devices_are_told(app: Flask):
    opened(app, "grace", 0)
    opened(app, "ada", 0)
    assert told(app, {**STORED, "rows": [[ROOM, "ada", 5, 3, 101, 7]]}) == ["ada's"]
