"""The core of the product in threading mode: keeps true that only `chat_app.runtime` knows eventlet."""

from collections.abc import Iterator

import pytest

from tests.services import deployment as deployments
from tests.services.people import People
from tests.services.sockets import Sockets


@pytest.fixture(scope="module")
def threading_mode(tmp_path_factory: pytest.TempPathFactory) -> Iterator[deployments.Deployment]:
    with deployments.embedded(tmp_path_factory.mktemp("threading"), {"CHAT_ASYNC_MODE": "threading"}) as deployment:
        yield deployment


@pytest.fixture
def people(threading_mode: deployments.Deployment, sockets: Sockets) -> People:
    return People(threading_mode, sockets)


def test_a_message_reaches_the_other_and_is_read(people: People):
    ada, grace = people.some(2)
    conversation = ada.private(grace)
    at_ada, at_grace = people.chat(ada), people.chat(grace)
    message = ada.say(conversation, "hello")
    assert at_grace.wait_for("message") == message
    at_grace.do("mark_read", {"conversation_id": message["conversation_id"], "seq": message["seq"]})
    receipt = at_ada.wait_for("receipt", lambda receipt: receipt["user_id"] == grace.id)
    assert receipt["read_seq"] == message["seq"]


def test_what_was_missed_is_caught_up(people: People):
    ada, grace = people.some(2)
    conversation = ada.private(grace)
    said = [ada.say(conversation, f"number {number}") for number in range(5)]
    answer = people.chat(grace).do("sync", {"conversations": {said[0]["conversation_id"]: said[1]["change"]}})
    assert answer["messages"] == said[2:]


def test_logging_out_closes_the_socket(people: People):
    ada = people.one()
    socket = people.chat(ada)
    ada.post("/auth/logout", {}).must(204)
    assert socket.wait_for("session_ended") == {"code": "logged_out"}
    socket.wait_for("disconnect")
