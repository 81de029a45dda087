"""Presence is a hint: at its bounds it stands still, and nobody is refused for it."""

import pytest
from flask import Flask

from chat_app.presence.service import Entries, Presence, arrive, depart
from chat_app.presence.store import MemoryPresence
from chat_app.realtime.connections import Connection


def test_with_too_many_waiting_a_socket_still_opens_and_closes(caplog: pytest.LogCaptureFixture):
    app, store = Flask("presence"), MemoryPresence()
    app.extensions["presence"] = Presence(store, Entries(app, store, bound=0))
    app.logger.setLevel("INFO")
    connection = Connection("phone", "/chat", "ada", "session", 0)
    with app.app_context(), caplog.at_level("INFO"):
        arrive(connection)
        depart(connection)
    assert store.states(["ada"])["ada"].status == "offline"
    assert [record.getMessage() for record in caplog.records] == [
        "presence was not stored: Too many devices come and go. Please try again."
    ] * 2
