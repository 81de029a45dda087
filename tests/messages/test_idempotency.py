"""One `client_msg_id` is one message, for ever (promise P2)."""

import uuid
from concurrent.futures import ThreadPoolExecutor

from tests.services.database import Database
from tests.services.people import People

COUNT = "SELECT count(*) FROM messages WHERE conversation_id = :id"


def test_the_same_again_answers_the_first_message(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    sent = {"conversation_id": group, "client_msg_id": "once", "content": "hello"}
    first = people.chat(ada).do("send_message", sent)["message"]
    for url in people.deployment.urls:
        assert people.chat(ada, url).do("send_message", sent)["message"] == first
        assert ada.at(url).post("/messages", sent).must(200) == first
    assert ada.conversation(group)["last_seq"] == 1


def test_another_body_under_the_same_key_is_a_conflict(people: People):
    ada = people.one()
    group = ada.group()
    first = ada.say(group, "hello", client_msg_id="once")
    chat = people.chat(ada)
    sent = {"conversation_id": group, "client_msg_id": "once", "content": "hello"}
    for other in ({"content": "hello!"}, {"content": "hello "}, {"reply_to_id": first["id"]}):
        assert chat.refused("send_message", {**sent, **other})["code"] == "conflict"
        ada.post("/messages", {**sent, **other}).error(409, "conflict")
    assert ada.history(group)["items"] == [first]


def test_fifty_at_once_over_all_processes_store_one_row(people: People, database: Database):
    ada, grace = people.some(2)
    group = ada.group(grace)
    hers = people.chat(grace)
    chats = [chat for _ in range(5) for chat in people.everywhere(ada)]
    sent = {"conversation_id": group, "client_msg_id": "once", "content": "hello"}
    begun = [chats[number % len(chats)].begin("send_message", sent) for number in range(50)]
    messages = [call.result(30)["message"] for call in begun]
    assert all(message == messages[0] for message in messages)
    assert database.one(COUNT, id=group) == 1
    assert ada.conversation(group)["last_seq"] == 1
    hers.wait_for("message")
    people.fence(grace, hers)
    assert {message["id"] for message in hers.received("message") if message["conversation_id"] == group} == {
        messages[0]["id"]
    }


def test_fifty_different_bodies_at_once_store_one_and_refuse_the_others(people: People, database: Database):
    ada = people.one()
    group = ada.group()

    def send(number: int) -> int:
        url = people.deployment.urls[number % len(people.deployment.urls)]
        body = {"client_msg_id": "once", "content": str(number % 2)}
        return ada.at(url).post(f"/conversations/{group}/messages", body).status

    with ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(send, range(50)))
    assert sorted(statuses) == [200] * 24 + [201] + [409] * 25
    assert database.one(COUNT, id=group) == 1


def test_after_an_edit_the_same_again_answers_the_edited_message(people: People):
    ada = people.one()
    group = ada.group()
    sent = {"conversation_id": group, "client_msg_id": "once", "content": "helo"}
    chat = people.chat(ada)
    message = chat.do("send_message", sent)["message"]
    edited = ada.patch(f"/messages/{message['id']}", {"content": "hello"}).must()
    assert chat.do("send_message", sent)["message"] == edited
    assert chat.refused("send_message", {**sent, "content": "hello"})["code"] == "conflict"


def test_after_a_deletion_the_same_again_answers_the_tombstone(people: People):
    ada = people.one()
    group = ada.group()
    sent = {"conversation_id": group, "client_msg_id": "once", "content": "hello"}
    chat = people.chat(ada)
    message = chat.do("send_message", sent)["message"]
    tombstone = ada.delete(f"/messages/{message['id']}").must()
    assert chat.do("send_message", sent)["message"] == tombstone
    assert ada.conversation(group)["last_seq"] == 1


def test_the_key_is_one_s_own_and_the_conversation_s_own(people: People, database: Database):
    ada, grace = people.some(2)
    groups = [ada.group(grace, title=title) for title in ("one", "two")]
    ids = set()
    for group in groups:
        for person in (ada, grace):
            ids.add(person.say(group, "hello", client_msg_id="shared")["id"])
    assert len(ids) == 4
    assert [database.one(COUNT, id=group) for group in groups] == [2, 2]


def test_who_left_cannot_find_out_what_the_key_stored(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    grace.say(group, "hello", client_msg_id="once")
    ada.delete(f"/conversations/{group}/members/{grace.id}").must(204)
    body = {"client_msg_id": "once", "content": "hello"}
    grace.post(f"/conversations/{group}/messages", body).error(404, "not_found")


def test_two_keys_with_the_same_body_are_two_messages(people: People):
    ada = people.one()
    group = ada.group()
    keys = [uuid.uuid4().hex for _ in range(3)]
    assert [ada.say(group, "again", client_msg_id=key)["seq"] for key in keys] == [1, 2, 3]
