"""Editing, deleting and reacting: who may, what is told, and that `change` counts on without a gap."""

import uuid

import pytest

from tests.services.api import Api
from tests.services.people import People


def test_an_edit_is_answered_and_told_to_all(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    message = ada.say(group, "helo")
    mine, hers = people.chat(ada), people.chat(grace)
    edited = mine.do("edit_message", {"message_id": message["id"], "content": "hello"})["message"]
    assert edited == message | {"content": "hello", "change": 2, "edited_at": edited["edited_at"]}
    assert edited["edited_at"] >= message["created_at"]
    assert mine.wait_for("message_changed") == hers.wait_for("message_changed") == edited
    assert grace.history(group)["items"] == [edited]


def test_an_edit_that_changes_nothing_is_no_change(people: People):
    ada = people.one()
    group = ada.group()
    message = ada.say(group, "hello")
    assert ada.patch(f"/messages/{message['id']}", {"content": "hello"}).must() == message
    assert ada.conversation(group)["last_change"] == 1


def test_a_deleted_message_leaves_a_tombstone(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    message = ada.say(group, "a slip")
    grace.put(f"/messages/{message['id']}/reactions/👍").must()
    hers = people.chat(grace)
    tombstone = people.chat(ada).do("delete_message", {"message_id": message["id"]})["message"]
    assert (tombstone["content"], tombstone["reactions"], tombstone["seq"]) == ("", [], 1)
    assert tombstone["deleted_at"]
    assert hers.wait_for("message_changed") == tombstone
    assert grace.conversation(group)["last_message"] == tombstone
    assert grace.get(f"/messages/{message['id']}").must() == tombstone


def test_deleting_twice_changes_nothing_more(people: People):
    ada = people.one()
    message = ada.say(ada.group(), "hello")
    first = ada.delete(f"/messages/{message['id']}").must()
    assert ada.delete(f"/messages/{message['id']}").must() == first


def test_a_deleted_message_is_neither_edited_nor_reacted_to(people: People):
    ada = people.one()
    message = ada.say(ada.group(), "hello")["id"]
    ada.delete(f"/messages/{message}").must()
    chat = people.chat(ada)
    assert chat.refused("edit_message", {"message_id": message, "content": "back"})["code"] == "conflict"
    assert chat.refused("react", {"message_id": message, "emoji": "👍", "on": True})["code"] == "conflict"
    ada.patch(f"/messages/{message}", {"content": "back"}).error(409, "conflict")


def test_in_a_private_chat_one_cannot_delete_the_other_s_words(people: People):
    ada, grace = people.some(2)
    message = ada.say(ada.private(grace), "hello")
    grace.delete(f"/messages/{message['id']}").error(403, "forbidden")


def test_who_left_changes_nothing_any_more(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    message = grace.say(group, "hello")["id"]
    grace.delete(f"/conversations/{group}/members/{grace.id}").must(204)
    grace.patch(f"/messages/{message}", {"content": "bye"}).error(404, "not_found")
    grace.delete(f"/messages/{message}").error(404, "not_found")
    grace.get(f"/messages/{message}").error(404, "not_found")


def test_reactions_are_counted_by_emoji_in_order_of_first_use(people: People):
    ada, grace = people.some(2)
    message = ada.say(ada.group(grace), "hello")["id"]
    mine, hers = people.chat(ada), people.chat(grace)
    mine.do("react", {"message_id": message, "emoji": "🎉", "on": True})
    hers.do("react", {"message_id": message, "emoji": "👍🏽", "on": True})
    final = hers.do("react", {"message_id": message, "emoji": "🎉", "on": True})["message"]
    assert final["reactions"][0]["emoji"] == "🎉"
    assert final["reactions"][0]["count"] == 2
    assert set(final["reactions"][0]["user_ids"]) == {ada.id, grace.id}
    assert final["reactions"][1] == {"emoji": "👍🏽", "count": 1, "user_ids": [grace.id]}
    assert mine.wait_for("message_changed", lambda m: m["change"] == final["change"]) == final


def test_the_same_reaction_twice_is_one_change(people: People):
    ada = people.one()
    group = ada.group()
    message = ada.say(group, "hello")["id"]
    path = f"/messages/{message}/reactions/👍"
    first = ada.put(path).must()
    assert ada.put(path).must() == first
    gone = ada.delete(path).must()
    assert gone["reactions"] == []
    assert ada.delete(path).must() == gone
    assert ada.conversation(group)["last_change"] == 3


def test_a_message_carries_twenty_different_emojis_at_most(people: People):
    ada, grace = people.some(2)
    message = ada.say(ada.group(grace), "hello")["id"]
    chat = people.chat(grace)
    emojis = [chr(0x1F600 + number) for number in range(21)]
    for emoji in emojis[:20]:
        chat.do("react", {"message_id": message, "emoji": emoji, "on": True})
    refused = chat.refused("react", {"message_id": message, "emoji": emojis[20], "on": True})
    assert refused["code"] == "quota_exceeded"
    ada.put(f"/messages/{message}/reactions/{emojis[20]}").error(429, "quota_exceeded")
    assert ada.put(f"/messages/{message}/reactions/{emojis[0]}").must()["reactions"][0]["count"] == 2


@pytest.mark.parametrize("emoji", ["", "a", "👍👍", "👍 ", ":+1:", "x" * 33, 5, None, "\x00", "\ud83d", "<b>"])
def test_what_is_no_emoji_is_refused(embedded, sockets, emoji):
    ada = Api(embedded.url).register()
    message = ada.say(ada.group(), "hello")["id"]
    chat = sockets.connect(ada.url, ada.token)
    error = chat.refused("react", {"message_id": message, "emoji": emoji, "on": True})
    assert (error["code"], error["errors"][0]["field"]) == ("validation_failed", "emoji")


@pytest.mark.parametrize("content", ["", "  ", "nul \x00", "\udfff", 5, None])
def test_an_edit_to_nothing_is_refused(people: People, content: object):
    ada = people.one()
    message = ada.say(ada.group(), "hello")
    error = people.chat(ada).refused("edit_message", {"message_id": message["id"], "content": content})
    assert (error["code"], error["errors"][0]["field"]) == ("validation_failed", "content")
    ada.patch(f"/messages/{message['id']}", {"content": content}).error(422, "validation_failed")
    assert ada.get(f"/messages/{message['id']}").must() == message


def test_a_message_that_does_not_exist_is_not_found(people: People):
    ada = people.one()
    chat, nothing = people.chat(ada), str(uuid.uuid4())
    assert chat.refused("edit_message", {"message_id": nothing, "content": "x"})["code"] == "not_found"
    assert chat.refused("delete_message", {"message_id": nothing})["code"] == "not_found"
    assert chat.refused("react", {"message_id": nothing, "emoji": "👍", "on": False})["code"] == "not_found"
    ada.get(f"/messages/{nothing}").error(404, "not_found")
    ada.get(f"/messages/{nothing}/readers").error(404, "not_found")


def test_changes_count_on_without_a_gap_whoever_makes_them(people: People):
    ada, grace, linus = people.some(3)
    group = ada.group(grace, linus)
    mine, hers, his = (people.chat(person) for person in (ada, grace, linus))
    first = mine.do("send_message", {"conversation_id": group, "client_msg_id": "1", "content": "a"})["message"]
    second = hers.do("send_message", {"conversation_id": group, "client_msg_id": "2", "content": "b"})["message"]
    mine.do("edit_message", {"message_id": first["id"], "content": "A"})
    hers.do("react", {"message_id": first["id"], "emoji": "👍", "on": True})
    mine.do("delete_message", {"message_id": second["id"]})
    ada.say(group, "c")
    hers.do("react", {"message_id": first["id"], "emoji": "👍", "on": False})

    his.wait_for("message_changed", lambda m: m["change"] == 7)
    people.fence(linus, his, via=ada.url)
    told = [
        (name, data["seq"], data["change"])
        for name, data in his.events
        if name in ("message", "message_changed") and data["conversation_id"] == group
    ]
    assert sorted(told, key=lambda row: row[2]) == [
        ("message", 1, 1),
        ("message", 2, 2),
        ("message_changed", 1, 3),
        ("message_changed", 1, 4),
        ("message_changed", 2, 5),
        ("message", 3, 6),
        ("message_changed", 1, 7),
    ]


def test_changes_made_at_once_on_all_processes_are_numbered_without_a_gap(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    message = ada.say(group, "hello")["id"]
    chats = [*people.everywhere(ada), *people.everywhere(grace)]
    listener = people.chat(grace)
    begun = []
    for number in range(8):
        for which, chat in enumerate(chats):
            key = f"{which}-{number}"
            payload = {"conversation_id": group, "client_msg_id": key, "content": key}
            begun.append(chat.begin("send_message", payload))
            begun.append(
                chat.begin("react", {"message_id": message, "emoji": chr(0x1F600 + number), "on": number % 2 == 0})
            )
        begun.append(chats[0].begin("edit_message", {"message_id": message, "content": f"edit {number}"}))
    assert all(call.result(30)["ok"] for call in begun)
    last = ada.conversation(group)
    assert last["last_seq"] == 1 + 8 * len(chats)

    def all_told() -> set[int]:
        rows = listener.received("message") + listener.received("message_changed")
        return {row["change"] for row in rows if row["conversation_id"] == group}

    listener.wait_for("message_changed", lambda _: all_told() == set(range(2, last["last_change"] + 1)))
    history = grace.history(group, limit=100)["items"]
    assert [m["seq"] for m in history] == list(range(1, last["last_seq"] + 1))
