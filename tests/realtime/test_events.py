"""Every event is answered: whatever a client sends, it gets an acknowledgement and keeps its socket."""

import uuid

import pytest

from tests.services.api import Api
from tests.services.people import People
from tests.services.sockets import Socket, Sockets
from tests.services.waiting import eventually

CHAT = (
    *("send_message", "edit_message", "delete_message", "react", "mark_delivered", "mark_read"),
    *("typing", "sync", "authenticate"),
)
PRESENCE = ("watch", "set_status", "authenticate")


@pytest.fixture
def chat(embedded, sockets: Sockets) -> Socket:
    return sockets.connect(embedded.url, Api(embedded.url).register().token)


@pytest.fixture
def presence(embedded, sockets: Sockets) -> Socket:
    return sockets.connect(embedded.url, Api(embedded.url).register().token, "/presence")


def alive(socket: Socket) -> bool:
    return socket.connected and socket.refused("no_such_event")["code"] == "unknown_event"


NO_OBJECTS = [(), (None,), (1,), (True,), ("text",), ([],), ([{}],), ({}, {}), ({}, 1), (b"bytes",), (1.5, "a", None)]


@pytest.mark.parametrize("payload", NO_OBJECTS, ids=str)
@pytest.mark.parametrize("event", CHAT)
def test_a_payload_that_is_no_object_is_refused(chat: Socket, event: str, payload: tuple[object, ...]):
    assert chat.refused(event, *payload)["code"] == "validation_failed"
    assert alive(chat)


@pytest.mark.parametrize("payload", NO_OBJECTS, ids=str)
@pytest.mark.parametrize("event", PRESENCE)
def test_so_it_is_in_presence(presence: Socket, event: str, payload: tuple[object, ...]):
    assert presence.refused(event, *payload)["code"] == "validation_failed"
    assert alive(presence)


@pytest.mark.parametrize(
    "event",
    [
        *("no_such_event", "", " ", "connect", "disconnect", "connect_error", "message", "ready", "session_ended"),
        *(
            "__class__",
            "trigger_event",
            "on_connect",
            "emit",
            "close_room",
            "*",
            "x" * 10_000,
            "\x00",
            "\ud800",
            "事件",
        ),
    ],
)
@pytest.mark.parametrize("namespace", ["/chat", "/presence"])
def test_an_event_that_does_not_exist_is_told(embedded, sockets: Sockets, event: str, namespace: str):
    socket = sockets.connect(embedded.url, Api(embedded.url).register().token, namespace)
    error = socket.refused(event, {})
    assert error["code"] == "unknown_event"
    assert len(error["detail"]) < 200
    assert alive(socket)


def test_an_event_of_the_other_namespace_does_not_exist(chat: Socket, presence: Socket):
    assert chat.refused("watch", {"user_ids": []})["code"] == "unknown_event"
    assert presence.refused("sync", {})["code"] == "unknown_event"


@pytest.mark.parametrize("event", CHAT)
def test_unknown_fields_are_refused_by_name(chat: Socket, event: str):
    error = chat.refused(event, {"surprise": 1})
    assert error["code"] == "validation_failed"
    assert "surprise" in {e["field"] for e in error["errors"]}


def test_a_megabyte_in_any_field_is_refused_and_the_socket_stays(people: People):
    ada = people.one()
    group = ada.group()
    message = ada.say(group, "hello")["id"]
    chat, huge = people.chat(ada), "x" * 1024 * 1024
    good = {"conversation_id": group, "client_msg_id": "1", "content": "hello"}
    assert chat.refused("send_message", {**good, "content": huge})["code"] == "payload_too_large"
    assert chat.refused("send_message", {**good, "client_msg_id": huge})["code"] == "validation_failed"
    assert chat.refused("send_message", {**good, "conversation_id": huge})["code"] == "validation_failed"
    assert chat.refused("send_message", {**good, huge: 1})["code"] == "validation_failed"
    assert chat.refused("edit_message", {"message_id": message, "content": huge})["code"] == "payload_too_large"
    assert chat.refused("react", {"message_id": message, "emoji": huge, "on": True})["code"] == "validation_failed"
    assert chat.refused("authenticate", {"token": huge})["code"] == "validation_failed"
    assert chat.refused("sync", {"epoch": huge})["code"] == "validation_failed"
    assert chat.refused("no_such_event", huge)["code"] == "unknown_event"
    assert chat.do("send_message", good)


def test_twenty_thousand_conversations_in_one_sync_are_answered(chat: Socket):
    held = {str(uuid.uuid4()): 1 for _ in range(20_000)}
    assert chat.do("sync", {"conversations": held})["removed"] == sorted(held)
    held[str(uuid.uuid4())] = 1
    assert chat.refused("sync", {"conversations": held})["code"] == "validation_failed"


def test_deep_nesting_is_refused(chat: Socket):
    nested: list[object] = []
    for _ in range(500):
        nested = [nested]
    assert chat.refused("sync", {"conversations": nested})["code"] == "validation_failed"
    assert alive(chat)


def test_an_event_without_acknowledgement_does_its_work(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    mine, hers = people.chat(ada), people.chat(grace)
    mine.emit("send_message", {"conversation_id": group, "client_msg_id": "1", "content": "hello"})
    assert hers.wait_for("message")["content"] == "hello"


def test_bad_events_without_acknowledgement_do_no_harm(chat: Socket):
    for event in ("send_message", "no_such_event", "connect", "disconnect"):
        for payload in ((), ("text",), ({},), (1, 2)):
            chat.emit(event, *payload)
    assert alive(chat)


@pytest.mark.parametrize(
    "text",
    [
        *('2/chat,["typing"', "2/chat,{}", "2/chat,[]", "2/chat,[1]", "2/chat,null", '2/chat,"text"', "2/chat,[{}]"),
        *("2/chat,[[]]", "2/chat,", "9/chat,", "x", "", '3/chat,7["late"]', '2["no namespace"]', '2/other,["x"]'),
        *('51-/chat,["x"]', '5/chat,["x"]', '2/chat,99999999999999999999["sync",{}]', "4/chat,{}", "0/chat,"),
        "2/chat," + "[" * 5000,
    ],
)
def test_a_malformed_packet_harms_nobody_else(embedded, sockets: Sockets, chat: Socket, text: str):
    """What breaks the protocol itself may cost the sender its connection, and nobody else anything."""
    other = sockets.connect(embedded.url, Api(embedded.url).register().token)
    chat.raw(text)
    assert alive(other)
    fresh = sockets.connect(embedded.url, Api(embedded.url).register().token)
    assert alive(fresh)


def test_hostile_calls_of_disconnect_leave_no_ghost(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    chat = people.chat(grace)
    for _ in range(3):
        assert chat.refused("disconnect", "client namespace disconnect")["code"] == "unknown_event"
    ada.say(group, "still there?")
    assert chat.wait_for("message")["content"] == "still there?"


def test_the_socket_is_gone_from_the_count_when_it_closes(embedded, sockets: Sockets):
    api = Api(embedded.url)

    def count() -> int:
        return api.get("//health").must()["connections"]

    before = count()
    chat = sockets.connect(embedded.url, api.register().token)
    eventually(lambda: count() == before + 1)
    chat.disconnect()
    eventually(lambda: count() == before)
