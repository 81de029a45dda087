"""Who may do what: every role, and a stranger, against every operation."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.services.api import Account, Answer
from tests.services.people import People

ROLES = ("owner", "moderator", "member", "read_only", "stranger")


@dataclass
class Cast:
    """A room with one person of each role, targets to act upon, and somebody outside to add."""

    room: str
    message: str
    target: Account
    moderator: Account
    second_owner: Account
    outsider: Account


Operation = Callable[[Account, Cast], Answer]


def member_path(cast: Cast, person: Account) -> str:
    return f"/conversations/{cast.room}/members/{person.id}"


def adding(role: str) -> Operation:
    def add(me: Account, cast: Cast) -> Answer:
        return me.post(f"/conversations/{cast.room}/members", {"user_ids": [cast.outsider.id], "role": role})

    return add


# What each of ROLES is answered.
TABLE: dict[str, tuple[Operation, tuple[int, int, int, int, int]]] = {
    "see it": (lambda me, c: me.get(f"/conversations/{c.room}"), (200, 200, 200, 200, 404)),
    "see its members": (lambda me, c: me.get(f"/conversations/{c.room}/members"), (200, 200, 200, 200, 404)),
    "read its messages": (lambda me, c: me.get(f"/conversations/{c.room}/messages"), (200, 200, 200, 200, 404)),
    "read them at the other address": (lambda me, c: me.get(f"/messages/room/{c.room}"), (200, 200, 200, 200, 404)),
    "read one message": (lambda me, c: me.get(f"/messages/{c.message}"), (200, 200, 200, 200, 404)),
    "see who read it": (lambda me, c: me.get(f"/messages/{c.message}/readers"), (200, 200, 200, 200, 404)),
    "write": (
        lambda me, c: me.post(f"/conversations/{c.room}/messages", {"content": "hello"}),
        (201, 201, 201, 403, 404),
    ),
    "write at the other address": (
        lambda me, c: me.post("/messages", {"conversation_id": c.room, "content": "hello"}),
        (201, 201, 201, 403, 404),
    ),
    "edit another's message": (
        lambda me, c: me.patch(f"/messages/{c.message}", {"content": "not mine"}),
        (403, 403, 403, 403, 404),
    ),
    "delete another's message": (lambda me, c: me.delete(f"/messages/{c.message}"), (200, 200, 403, 403, 404)),
    "react": (lambda me, c: me.put(f"/messages/{c.message}/reactions/👍"), (200, 200, 200, 403, 404)),
    "take back a reaction": (lambda me, c: me.delete(f"/messages/{c.message}/reactions/👍"), (200, 200, 200, 403, 404)),
    "rename": (lambda me, c: me.patch(f"/conversations/{c.room}", {"title": "New"}), (200, 200, 403, 403, 404)),
    "rename by put": (lambda me, c: me.put(f"/conversations/{c.room}", {"title": "New"}), (200, 200, 403, 403, 404)),
    "archive": (lambda me, c: me.patch(f"/conversations/{c.room}", {"archived": True}), (200, 200, 200, 200, 404)),
    "add a member": (adding("member"), (201, 201, 201, 403, 404)),
    "add a reader": (adding("read_only"), (201, 201, 403, 403, 404)),
    "add a moderator": (adding("moderator"), (201, 201, 403, 403, 404)),
    "add an owner": (adding("owner"), (422, 422, 422, 422, 422)),
    "give a role": (lambda me, c: me.patch(member_path(c, c.target), {"role": "owner"}), (200, 403, 403, 403, 404)),
    "remove a member": (lambda me, c: me.delete(member_path(c, c.target)), (204, 204, 403, 403, 404)),
    "remove a moderator": (lambda me, c: me.delete(member_path(c, c.moderator)), (204, 403, 403, 403, 404)),
    "remove an owner": (lambda me, c: me.delete(member_path(c, c.second_owner)), (403, 403, 403, 403, 404)),
    "leave": (lambda me, c: me.delete(member_path(c, me)), (204, 204, 204, 204, 404)),
    "leave as a room": (lambda me, c: me.post(f"/rooms/{c.room}/leave"), (204, 204, 204, 204, 404)),
    "delete it": (lambda me, c: me.delete(f"/conversations/{c.room}"), (204, 403, 403, 403, 404)),
}


@pytest.fixture(scope="module")
def casts() -> dict[str, list[Account]]:
    """The same five people for all rooms of a deployment: there are many."""
    return {}


@pytest.mark.parametrize("what", TABLE)
@pytest.mark.parametrize("role", ROLES)
def test_who_may(people: People, casts: dict[str, list[Account]], role: str, what: str):
    kind = people.deployment.kind
    founder, me, target, moderator, outsider = casts[kind] = casts.get(kind) or people.some(5)
    room = founder.room(target, *([me] if role == "owner" else []))
    path = f"/conversations/{room}/members"
    founder.post(path, {"user_ids": [moderator.id], "role": "moderator"}).must(201)
    if role == "owner":
        founder.patch(f"{path}/{me.id}", {"role": "owner"}).must()
    elif role != "stranger":
        founder.post(path, {"user_ids": [me.id], "role": role}).must(201)
    message = founder.say(room, "the first words")["id"]
    operation, expected = TABLE[what]
    answer = operation(me, Cast(room, message, target, moderator, founder, outsider))
    assert answer.status == expected[ROLES.index(role)], answer


@pytest.mark.parametrize("event", ["send_message", "edit_message", "delete_message", "react"])
def test_over_a_socket_a_reader_may_not_write(people: People, event: str):
    ada, grace = people.some(2)
    group = ada.group()
    ada.post(f"/conversations/{group}/members", {"user_ids": [grace.id], "role": "read_only"}).must(201)
    message = ada.say(group, "read this")["id"]
    payload = {
        "send_message": {"conversation_id": group, "client_msg_id": "1", "content": "hello"},
        "edit_message": {"message_id": message, "content": "hello"},
        "delete_message": {"message_id": message},
        "react": {"message_id": message, "emoji": "👍", "on": True},
    }[event]
    chat = people.chat(grace)
    assert chat.refused(event, payload)["code"] == "forbidden"
    assert chat.do("mark_read", {"conversation_id": group, "seq": 1})


def test_over_a_socket_a_stranger_finds_nothing(people: People):
    ada, mallory = people.some(2)
    group = ada.group()
    message = ada.say(group, "a secret")["id"]
    chat = people.chat(mallory)
    for event, payload in {
        "send_message": {"conversation_id": group, "client_msg_id": "1", "content": "hello"},
        "edit_message": {"message_id": message, "content": "hello"},
        "delete_message": {"message_id": message},
        "react": {"message_id": message, "emoji": "👍", "on": True},
        "mark_read": {"conversation_id": group, "seq": 1},
        "mark_delivered": {"conversation_id": group, "seq": 1},
        "typing": {"conversation_id": group, "on": True},
    }.items():
        assert chat.refused(event, payload)["code"] == "not_found", event
    answer = chat.do("sync", {"conversations": {group: 0}})
    assert (answer["conversations"], answer["messages"], answer["removed"]) == ([], [], [group])
    assert mallory.get("/conversations").must()["items"] == []


def test_a_new_reader_stops_writing_at_once_and_a_new_writer_may(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    chat = people.chat(grace)
    message = {"conversation_id": group, "client_msg_id": "1", "content": "hello"}
    ada.patch(f"/conversations/{group}/members/{grace.id}", {"role": "read_only"}).must()
    assert chat.refused("send_message", message)["code"] == "forbidden"
    assert chat.wait_for("conversation_changed", lambda c: c["my_role"] == "read_only")
    ada.patch(f"/conversations/{group}/members/{grace.id}", {"role": "member"}).must()
    assert chat.do("send_message", message)


def test_in_a_private_chat_nobody_manages(people: People):
    ada, grace, linus = people.some(3)
    private = ada.private(grace)
    ada.patch(f"/conversations/{private}", {"title": "Ours"}).error(409, "conflict")
    ada.post(f"/conversations/{private}/members", {"user_ids": [linus.id]}).error(409, "conflict")
    ada.patch(f"/conversations/{private}/members/{grace.id}", {"role": "read_only"}).error(409, "conflict")
    ada.delete(f"/conversations/{private}/members/{grace.id}").error(409, "conflict")
    ada.delete(f"/conversations/{private}/members/{ada.id}").error(409, "conflict")
    ada.delete(f"/conversations/{private}").error(403, "forbidden")
    ada.post(f"/rooms/{private}/join").error(404, "not_found")
    assert ada.say(private, "still here")
