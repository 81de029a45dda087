"""Delivered and read: watermarks that only move forward, exact on every device (promise P10)."""

import pytest

from tests.services.api import Account
from tests.services.database import Database
from tests.services.people import People
from tests.services.waiting import eventually

STORED = "SELECT delivered_seq, read_seq FROM conversation_members WHERE conversation_id = :c AND user_id = :u"


def say_all(person: Account, conversation: str, count: int) -> None:
    for number in range(count):
        person.say(conversation, str(number))


def receipt(conversation: str, person: Account, delivered: int, read: int) -> dict[str, object]:
    return {"conversation_id": conversation, "user_id": person.id, "delivered_seq": delivered, "read_seq": read}


def test_a_mark_is_told_to_the_others_and_to_one_s_other_devices(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    say_all(ada, group, 3)
    listeners = [people.chat(ada), *people.everywhere(grace)]
    chat = people.chat(grace)
    chat.do("mark_delivered", {"conversation_id": group, "seq": 3})
    for listener in listeners:
        listener.wait_for("receipt", lambda r: r == receipt(group, grace, 3, 0))
    chat.do("mark_read", {"conversation_id": group, "seq": 2})
    for listener in listeners:
        listener.wait_for("receipt", lambda r: r == receipt(group, grace, 3, 2))


def test_reading_is_delivery_too(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    say_all(ada, group, 2)
    mine = people.chat(ada)
    people.chat(grace).do("mark_read", {"conversation_id": group, "seq": 2})
    assert mine.wait_for("receipt", lambda r: r["user_id"] == grace.id) == receipt(group, grace, 2, 2)


def test_two_devices_in_any_order_never_go_backwards(people: People, database: Database):
    ada, grace = people.some(2)
    group = ada.group(grace)
    say_all(ada, group, 9)
    mine = people.chat(ada)
    phone, laptop = (people.chat(grace.second_device(), url) for url in (people.deployment.urls * 2)[:2])
    for device, seq in ((phone, 4), (laptop, 2), (phone, 1), (laptop, 7), (phone, 5), (laptop, 3)):
        device.do("mark_read", {"conversation_id": group, "seq": seq})
    eventually(lambda: database.rows(STORED, c=group, u=grace.id) == [(7, 7)])
    for url in people.deployment.urls:
        assert eventually(lambda url=url: grace.at(url).conversation(group)["unread"] == 2)
    mine.wait_for("receipt", lambda r: r["read_seq"] == 7)


def test_a_mark_behind_is_told_to_nobody(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    say_all(ada, group, 3)
    mine, chat = people.chat(ada), people.chat(grace)
    chat.do("mark_read", {"conversation_id": group, "seq": 3})
    mine.wait_for("receipt", lambda r: r == receipt(group, grace, 3, 3))
    for seq in (1, 2, 3):
        chat.do("mark_read", {"conversation_id": group, "seq": seq})
        chat.do("mark_delivered", {"conversation_id": group, "seq": seq})
    people.fence(ada, mine, via=grace.url)
    assert {r["read_seq"] for r in mine.received("receipt") if r["user_id"] == grace.id} == {3}


def test_nobody_reads_past_the_last_message(people: People, database: Database):
    ada, grace = people.some(2)
    group = ada.group(grace)
    say_all(ada, group, 2)
    mine = people.chat(ada)
    people.chat(grace).do("mark_read", {"conversation_id": group, "seq": 2**53 - 1})
    assert mine.wait_for("receipt", lambda told: told["user_id"] == grace.id) == receipt(group, grace, 2, 2)
    ada.say(group, "one more")
    assert grace.conversation(group)["unread"] == 1
    eventually(lambda: database.rows(STORED, c=group, u=grace.id) == [(2, 2)])


def test_the_count_of_unread_is_exact_wherever_it_is_shown(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    say_all(ada, group, 5)
    chat = people.chat(grace)
    chat.do("mark_read", {"conversation_id": group, "seq": 3})
    # At once where it was marked, a moment later on the other processes.
    assert grace.conversation(group)["unread"] == 2
    (row,) = grace.get("/conversations").must()["items"]
    assert (row["unread"], row["read_seq"], row["delivered_seq"]) == (2, 3, 3)
    assert chat.do("sync", {})["conversations"][0]["unread"] == 2
    members = grace.get(f"/conversations/{group}/members").must()["items"]
    assert [item["read_seq"] for item in members if item["user"]["id"] == grace.id] == [3]
    for url in people.deployment.urls:
        eventually(lambda url=url: grace.at(url).conversation(group)["unread"] == 2)


def test_one_s_own_messages_are_read(people: People, database: Database):
    ada, grace = people.some(2)
    group = ada.group(grace)
    say_all(grace, group, 2)
    ada.say(group, "and I answer")
    assert ada.conversation(group)["unread"] == 0
    assert grace.conversation(group)["unread"] == 1
    eventually(lambda: database.rows(STORED, c=group, u=ada.id) == [(3, 3)])
    eventually(lambda: database.rows(STORED, c=group, u=grace.id) == [(2, 2)])


def test_who_read_a_message_is_listed_without_its_sender(people: People):
    ada, grace, linus = people.some(3)
    group = ada.group(grace, linus)
    message = ada.say(group, "hello")["id"]
    ada.say(group, "again")
    path = f"/messages/{message}/readers"
    assert ada.get(path).must()["items"] == []
    people.chat(grace).do("mark_read", {"conversation_id": group, "seq": 1})
    people.chat(linus).do("mark_delivered", {"conversation_id": group, "seq": 2})
    assert eventually(lambda: ada.get(path).must()["items"]) == [{"user_id": grace.id, "read_seq": 1}]


def test_what_the_job_stored_is_told_to_the_sockets(people: People, database: Database):
    ada, grace = people.some(2)
    group = ada.group(grace)
    chat = people.chat(grace)
    ada.say(group, "a message marks its sender, which only the job tells")
    assert chat.wait_for("receipt") == receipt(group, ada, 1, 1)
    assert database.rows(STORED, c=group, u=ada.id) == [(1, 1)]


def test_in_a_large_conversation_receipts_are_for_one_s_own_devices(people: People, database: Database):
    ada, grace = people.some(2)
    group = ada.group(grace)
    database.change("UPDATE conversations SET member_count = 101 WHERE id = :id", id=group)
    ada.say(group, "hello")
    mine, phone = people.chat(ada), people.chat(grace.second_device(), people.deployment.urls[-1])
    people.chat(grace).do("mark_read", {"conversation_id": group, "seq": 1})
    assert phone.wait_for("receipt") == receipt(group, grace, 1, 1)
    # Not even once it is stored.
    eventually(lambda: database.rows(STORED, c=group, u=grace.id) == [(1, 1)])
    for url in people.deployment.urls:
        people.fence(ada, mine, via=url)
    assert [r for r in mine.received("receipt") if r["user_id"] == grace.id] == []


def test_a_hundred_members_are_told(people: People, database: Database):
    ada, grace = people.some(2)
    group = ada.group(grace)
    database.change("UPDATE conversations SET member_count = 100 WHERE id = :id", id=group)
    ada.say(group, "hello")
    mine = people.chat(ada)
    people.chat(grace).do("mark_read", {"conversation_id": group, "seq": 1})
    mine.wait_for("receipt", lambda r: r["user_id"] == grace.id)


def test_who_comes_back_has_nothing_unread(people: People):
    ada, grace = people.some(2)
    room = ada.room(grace)
    say_all(ada, room, 2)
    grace.post(f"/rooms/{room}/leave").must(204)
    ada.say(room, "meanwhile")
    joined = grace.post(f"/rooms/{room}/join").must()
    assert (joined["unread"], joined["read_seq"]) == (0, 3)


@pytest.mark.parametrize("event", ["mark_read", "mark_delivered"])
@pytest.mark.parametrize("seq", [0, -1, "1", None, 1.5, 2**53, True, 10**30])
def test_bad_marks_are_refused(people: People, event: str, seq: object):
    ada = people.one()
    group = ada.group()
    error = people.chat(ada).refused(event, {"conversation_id": group, "seq": seq})
    assert (error["code"], error["errors"][0]["field"]) == ("validation_failed", "seq")
