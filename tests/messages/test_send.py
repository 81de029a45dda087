"""Sending: over the socket and over the three addresses of HTTP, what is answered and what is refused."""

import uuid

import pytest

from tests.services.api import Account, Api
from tests.services.people import People
from tests.services.sockets import Sockets

FIELDS = {
    *("id", "conversation_id", "seq", "change", "sender_id", "client_msg_id", "type", "content", "reply_to_id"),
    *("attachments", "reactions", "meta", "created_at", "edited_at", "deleted_at"),
}


def draft(conversation: str, **changes: object) -> dict[str, object]:
    return {"conversation_id": conversation, "client_msg_id": uuid.uuid4().hex, "content": "hello", **changes}


def test_the_acknowledgement_holds_the_stored_message(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    sent = draft(group, content="  two spaces\n\tand 你好 🎉 ")
    ack = people.chat(ada).call("send_message", sent)
    assert set(ack) == {"ok", "message"}
    message = ack["message"]
    assert set(message) == FIELDS
    assert message == message | sent | {"seq": 1, "change": 1, "sender_id": ada.id, "type": "text"}
    assert (message["attachments"], message["reactions"], message["meta"]) == ([], [], {})
    assert (message["reply_to_id"], message["edited_at"], message["deleted_at"]) == (None, None, None)
    assert message["created_at"].endswith("Z")
    assert grace.get(f"/messages/{message['id']}").must() == message


def test_the_three_addresses_send_alike(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    first = draft(group)
    by_socket = people.chat(ada).do("send_message", first)["message"]
    body = {"content": "hello", "client_msg_id": "second"}
    by_conversation = ada.post(f"/conversations/{group}/messages", body).must(201)
    by_body = ada.post("/messages", draft(group, role="user")).must(201)
    assert set(by_socket) == set(by_conversation) == set(by_body) == FIELDS
    assert [m["seq"] for m in (by_socket, by_conversation, by_body)] == [1, 2, 3]
    assert grace.history(group)["items"] == [by_socket, by_conversation, by_body]
    assert ada.get(f"/messages/group/{group}").must()["items"] == [by_socket, by_conversation, by_body]


def test_over_http_the_key_may_be_left_out(people: People):
    ada = people.one()
    group = ada.group()
    sent = [ada.post(f"/conversations/{group}/messages", {"content": "same"}).must(201) for _ in range(2)]
    assert sent[0]["client_msg_id"] != sent[1]["client_msg_id"]


def test_an_answer_names_what_it_answers(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    question = ada.say(group, "why?")
    answer = people.chat(grace).do("send_message", draft(group, reply_to_id=question["id"]))["message"]
    assert answer["reply_to_id"] == question["id"]


def test_one_cannot_answer_what_is_elsewhere_or_nowhere(people: People):
    ada, grace = people.some(2)
    group, hers = ada.group(grace), ada.group(title="Another")
    chat = people.chat(grace)
    for reply_to in (ada.say(hers, "a secret")["id"], str(uuid.uuid4())):
        assert chat.refused("send_message", draft(group, reply_to_id=reply_to))["code"] == "not_found"
        body = {"content": "hello", "reply_to_id": reply_to}
        grace.post(f"/conversations/{group}/messages", body).error(404, "not_found")
    assert grace.history(group)["items"] == []


BAD = [
    ({"content": ""}, "content"),
    ({"content": " \n\t "}, "content"),
    ({"content": "nul \x00"}, "content"),
    ({"content": "half \ud800 a pair"}, "content"),
    ({"content": "\udc00"}, "content"),
    ({"content": 5}, "content"),
    ({"content": None}, "content"),
    ({"content": ["hello"]}, "content"),
    ({"content": {"text": "hello"}}, "content"),
    ({"client_msg_id": ""}, "client_msg_id"),
    ({"client_msg_id": "x" * 65}, "client_msg_id"),
    ({"client_msg_id": "two words"}, "client_msg_id"),
    ({"client_msg_id": "ü"}, "client_msg_id"),
    ({"client_msg_id": "line\n"}, "client_msg_id"),
    ({"client_msg_id": 5}, "client_msg_id"),
    ({"conversation_id": "nothing"}, "conversation_id"),
    ({"conversation_id": 5}, "conversation_id"),
    ({"conversation_id": f"{uuid.uuid4()}\n"}, "conversation_id"),
    ({"reply_to_id": "nothing"}, "reply_to_id"),
    ({"reply_to_id": True}, "reply_to_id"),
    ({"type": "system"}, "type"),
    ({"type": "image"}, "type"),
    ({"attachment_ids": [str(uuid.uuid4())]}, "attachment_ids"),
    ({"attachment_ids": None}, "attachment_ids"),
    ({"sender_id": str(uuid.uuid4())}, "sender_id"),
    ({"seq": 7}, "seq"),
    ({"meta": {}}, "meta"),
    ({"created_at": "2020-01-01T00:00:00Z"}, "created_at"),
    ({"": ""}, ""),
]


@pytest.fixture(scope="module")
def writer(embedded) -> tuple[Account, str]:
    ada = Api(embedded.url).register()
    return ada, ada.group()


@pytest.mark.parametrize(("changes", "field"), BAD)
def test_bad_input_is_refused_with_the_field_s_name(writer, sockets: Sockets, changes, field):
    ada, group = writer
    error = sockets.connect(ada.url, ada.token).refused("send_message", draft(group, **changes))
    assert error["code"] == "validation_failed"
    assert {e["field"] for e in error["errors"]} == {field}
    error = ada.post("/messages", draft(group, **changes)).error(422, "validation_failed")
    assert {e["field"] for e in error["errors"]} == {field}


@pytest.mark.parametrize("field", ["conversation_id", "client_msg_id", "content"])
def test_a_missing_field_is_named(writer, sockets: Sockets, field):
    ada, group = writer
    payload = {name: value for name, value in draft(group).items() if name != field}
    error = sockets.connect(ada.url, ada.token).refused("send_message", payload)
    assert (error["code"], error["errors"][0]["field"]) == ("validation_failed", field)


def test_the_longest_message_passes_and_a_longer_one_does_not(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    chat, hers = people.chat(ada), people.chat(grace)
    longest = "ж🎉" * 10_000
    chat.do("send_message", draft(group, content=longest))
    assert hers.wait_for("message")["content"] == longest
    error = chat.refused("send_message", draft(group, content=longest + "!"))
    assert error["code"] == "payload_too_large"
    ada.post("/messages", draft(group, content=longest + "!")).error(413, "payload_too_large")
    message = ada.history(group)["items"][-1]["id"]
    assert (
        chat.refused("edit_message", {"message_id": message, "content": longest + "!"})["code"] == "payload_too_large"
    )


def test_a_conversation_that_does_not_exist_is_not_found(people: People):
    ada = people.one()
    assert people.chat(ada).refused("send_message", draft(str(uuid.uuid4())))["code"] == "not_found"
    ada.post("/messages", draft(str(uuid.uuid4()))).error(404, "not_found")


def test_ids_are_read_in_either_case(people: People):
    ada = people.one()
    group = ada.group()
    message = people.chat(ada).do("send_message", draft(group.upper()))["message"]
    assert message["conversation_id"] == group


def test_messages_sent_in_a_row_keep_their_order(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    chat, hers = people.chat(ada), people.chat(grace)
    begun = [chat.begin("send_message", draft(group, content=str(number))) for number in range(60)]
    acks = [call.result(30)["message"] for call in begun]
    assert [(m["seq"], m["content"]) for m in acks] == [(n + 1, str(n)) for n in range(60)]
    hers.wait_for("message", lambda m: m["seq"] == 60)
    assert hers.received("message") == acks
