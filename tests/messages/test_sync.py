"""Catching up: exactly what is missing, or `reset`, never silence (promise P7).

A client is its markers: it applies an answer by adopting `changes`, and holds messages by their id.
"""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.services import deployment as deployments
from tests.services.api import Account, Api
from tests.services.deployment import Deployment
from tests.services.people import People
from tests.services.sockets import Sockets
from tests.services.waiting import eventually


class Held:
    """What a client keeps, brought up to date over the HTTP address of `sync`."""

    def __init__(self, person: Account, limit: int | None = None) -> None:
        self.person = person
        self.limit = limit
        self.epoch: str | None = None
        self.markers: dict[str, int] = {}
        self.messages: dict[str, Any] = {}
        self.answers: list[Any] = []

    def sync(self) -> Any:
        """Once, to the end; returns the last answer."""
        while True:
            body = {"epoch": self.epoch, "conversations": self.markers}
            answer = self.person.post("/sync", body | ({"limit": self.limit} if self.limit else {})).must()
            self.answers.append(answer)
            self.epoch = answer["epoch"]
            self.markers |= answer["changes"]
            for gone in answer["removed"]:
                del self.markers[gone]
            for message in answer["messages"]:
                self.messages[message["id"]] = message
            if not answer["more"]:
                return answer


def say_all(person: Account, conversation: str, count: int) -> list[Any]:
    return [person.say(conversation, str(number)) for number in range(count)]


def test_a_new_client_gets_every_conversation_and_no_messages(people: People):
    ada, grace = people.some(2)
    group, private = ada.group(grace), ada.private(grace)
    ada.say(group, "hello")
    answer = people.chat(grace).do("sync", {})
    assert sorted(c["id"] for c in answer["conversations"]) == sorted([group, private])
    assert answer["conversations"] == sorted(answer["conversations"], key=lambda c: c["id"])
    assert all(c == grace.conversation(c["id"]) for c in answer["conversations"])
    assert answer["changes"] == {group: 1, private: 0}
    assert (answer["messages"], answer["removed"], answer["reset"], answer["more"]) == ([], [], [], False)
    assert answer["unchanged"] == {}


def test_the_address_answers_as_the_event_does(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    say_all(ada, group, 3)
    payload = {"conversations": {group: 1, str(uuid.uuid4()): 4}}
    ack = people.chat(grace).do("sync", payload)
    assert grace.post("/sync", payload).must() == {name: value for name, value in ack.items() if name != "ok"}


def test_who_is_up_to_date_gets_only_what_changes_without_a_message(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    held = Held(grace)
    held.sync()
    say_all(ada, group, 2)
    held.sync()
    people.chat(grace).do("mark_read", {"conversation_id": group, "seq": 1})
    ada.patch(f"/conversations/{group}", {"title": "New"}).must()
    ada.patch(f"/conversations/{group}/members/{grace.id}", {"role": "moderator"}).must()
    archived_at = grace.patch(f"/conversations/{group}", {"archived": True}).must()["archived_at"]
    answer = held.sync()
    assert (answer["conversations"], answer["messages"], answer["changes"]) == ([], [], {})
    assert (answer["removed"], answer["reset"], answer["more"]) == ([], [], False)
    own = {"my_role": "moderator", "archived_at": archived_at, "delivered_seq": 1, "read_seq": 1}
    assert answer["unchanged"] == {group: {"title": "New", "member_count": 2, **own}}


def test_missed_messages_come_in_order_with_their_conversation(people: People):
    ada, grace = people.some(2)
    groups = sorted(ada.group(grace, title=title) for title in "ab")
    held = Held(grace)
    held.sync()
    sent = [ada.say(group, str(number)) for number in range(3) for group in groups]
    answer = held.sync()
    assert answer["messages"] == sorted(sent, key=lambda m: (m["conversation_id"], m["change"]))
    assert [c["id"] for c in answer["conversations"]] == groups
    assert [c["unread"] for c in answer["conversations"]] == [3, 3]
    assert held.markers == dict.fromkeys(groups, 3)


def test_edits_and_deletions_are_told_in_their_newest_form(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    first, second, third = say_all(ada, group, 3)
    held = Held(grace)
    held.markers = {group: 3}
    for content in ("once", "twice"):
        edited = ada.patch(f"/messages/{first['id']}", {"content": content}).must()
    tombstone = ada.delete(f"/messages/{second['id']}").must()
    liked = ada.put(f"/messages/{third['id']}/reactions/👍").must()
    fourth = ada.say(group, "new")
    assert held.sync()["messages"] == [edited, tombstone, liked, fourth]
    assert [m["change"] for m in (edited, tombstone, liked, fourth)] == [5, 6, 7, 8]


def test_only_what_is_above_the_marker_comes(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    sent = say_all(ada, group, 5)
    for marker in range(6):
        answer = grace.post("/sync", {"conversations": {group: marker}}).must()
        assert answer["messages"] == sent[marker:]


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_many_small_answers_add_up_to_everything(people: People, limit: int):
    ada, grace = people.some(2)
    groups = [ada.group(grace, title=title) for title in "abc"]
    held = Held(grace, limit)
    held.sync()
    sent = {m["id"]: m for number, group in enumerate(groups) for m in say_all(ada, group, 3 + number)}
    some = next(iter(sent.values()))
    sent[some["id"]] = ada.patch(f"/messages/{some['id']}", {"content": "edited"}).must()
    held.sync()
    assert held.messages == sent
    assert held.markers == {group: ada.conversation(group)["last_change"] for group in groups}
    assert all(len(answer["messages"]) <= limit for answer in held.answers)
    assert all(answer["more"] for answer in held.answers[1:-1])


def test_a_conversation_that_is_not_sent_yet_is_not_marked_as_complete(people: People):
    ada, grace = people.some(2)
    first, second = sorted(ada.group(grace, title=title) for title in "ab")
    say_all(ada, first, 3)
    say_all(ada, second, 3)
    answer = grace.post("/sync", {"conversations": {first: 0, second: 0}, "limit": 3}).must()
    assert answer["changes"] == {first: 3}
    assert answer["more"] is True
    answer = grace.post("/sync", {"conversations": {first: 0, second: 0}, "limit": 4}).must()
    assert answer["changes"] == {first: 3, second: 1}


def test_what_one_was_removed_from_and_what_never_was_is_named(people: People):
    ada, grace = people.some(2)
    left, deleted, foreign, nothing = ada.group(grace), ada.group(grace), ada.group(), str(uuid.uuid4())
    held = Held(grace)
    held.sync()
    ada.delete(f"/conversations/{left}/members/{grace.id}").must(204)
    ada.delete(f"/conversations/{deleted}").must(204)
    held.markers |= {foreign: 0, nothing: 9}
    answer = held.sync()
    assert answer["removed"] == sorted([left, deleted, foreign, nothing])
    assert (answer["conversations"], answer["messages"], held.markers) == ([], [], {})


def test_a_conversation_that_is_new_to_the_client_comes_with_its_row(people: People):
    ada, grace = people.some(2)
    held = Held(grace)
    held.sync()
    group = ada.group(grace)
    say_all(ada, group, 3)
    answer = held.sync()
    assert [c["id"] for c in answer["conversations"]] == [group]
    assert answer["conversations"][0]["last_message"]["content"] == "2"
    assert (answer["messages"], answer["reset"], held.markers) == ([], [], {group: 3})


def test_another_epoch_begins_everything_afresh(people: People):
    ada, grace = people.some(2)
    group, private = ada.group(grace), ada.private(grace)
    say_all(ada, group, 2)
    payload = {"epoch": "of another life", "conversations": {group: 1, private: 0}}
    answer = grace.post("/sync", payload).must()
    assert sorted(answer["reset"]) == sorted([group, private])
    assert sorted(c["id"] for c in answer["conversations"]) == sorted([group, private])
    assert answer["changes"] == {group: 2, private: 0}
    assert answer["messages"] == []
    assert answer["epoch"] != "of another life"


def test_a_client_that_is_ahead_of_the_server_begins_afresh(people: People):
    ada, grace = people.some(2)
    group, other = ada.group(grace), ada.group(grace)
    say_all(ada, group, 2)
    answer = grace.post("/sync", {"conversations": {group: 3, other: 0}}).must()
    assert (answer["reset"], answer["changes"], answer["messages"]) == ([group], {group: 2}, [])


def test_after_joining_again_the_markers_still_count(people: People):
    ada, grace = people.some(2)
    room = ada.room(grace)
    say_all(ada, room, 2)
    held = Held(grace)
    held.sync()
    grace.post(f"/rooms/{room}/leave").must(204)
    ada.say(room, "while you were out")
    grace.post(f"/rooms/{room}/join").must()
    assert [m["content"] for m in held.sync()["messages"]] == ["while you were out"]


def test_sync_puts_the_socket_into_its_rooms(people: People):
    ada, grace = people.some(2)
    chat = people.chat(grace)
    group = ada.group(grace)
    chat.do("sync", {})
    ada.say(group, "hello")
    assert chat.wait_for("message")["content"] == "hello"


@pytest.fixture(scope="module", params=["embedded", "cluster", "mariadb_cluster"])
def busy(request: pytest.FixtureRequest) -> tuple[Account, Account, list[str]]:
    """Somebody, another person, and their 250 conversations."""
    deployment = request.getfixturevalue(request.param)
    ada, grace = (Api(url).register() for url in (deployment.urls * 2)[:2])
    return ada, grace, sorted(ada.group(grace, title=str(number)) for number in range(250))


def test_two_hundred_and_fifty_conversations_come_in_two_answers(busy: tuple[Account, Account, list[str]]):
    ada, grace, groups = busy
    held = Held(grace)
    held.sync()
    assert [len(answer["conversations"]) for answer in held.answers] == [200, 50]
    assert sorted(held.markers) == groups
    sent = {m["id"]: m for group in groups[::50] for m in say_all(ada, group, 2)}
    answer = held.sync()
    assert held.messages == sent
    assert len(answer["unchanged"]) == 245


def test_another_epoch_leaves_no_old_marker_however_many_there_are(busy: tuple[Account, Account, list[str]]):
    _, grace, groups = busy
    held = Held(grace)
    held.epoch, held.markers = "of another life", dict.fromkeys(groups, 0)
    held.sync()
    assert {group for answer in held.answers for group in answer["reset"]} == set(groups)
    assert held.messages == {}


@pytest.mark.parametrize(
    "payload",
    [
        *({"limit": limit} for limit in (0, -1, 1001, "5", 1.5, True)),
        {"conversations": []},
        {"conversations": {"nothing": 1}},
        *({"conversations": {str(uuid.uuid4()): change}} for change in (-1, "1", None, 1.5, 2**53, True)),
        {"epoch": 5},
        {"epoch": "x" * 65},
        {"since": 1},
    ],
)
def test_bad_payloads_are_refused(embedded, sockets: Sockets, payload):
    ada = Api(embedded.url).register()
    assert sockets.connect(ada.url, ada.token).refused("sync", payload)["code"] == "validation_failed"
    ada.post("/sync", payload).error(422, "validation_failed")


def test_a_conversation_named_in_both_cases_is_one(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    say_all(ada, group, 2)
    answer = grace.post("/sync", {"conversations": {group.upper(): 1}}).must()
    assert ([m["seq"] for m in answer["messages"]], answer["removed"]) == ([2], [])


@pytest.fixture(scope="module")
def forgetful(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """It replays five changes and no more, three messages an answer."""
    settings = {"SYNC_RESET_AFTER": "5", "SYNC_LIMIT": "3"}
    with deployments.embedded(tmp_path_factory.mktemp("forgetful"), settings) as deployment:
        yield deployment


def test_a_gap_beyond_the_limit_is_a_reset(forgetful: Deployment):
    ada = Api(forgetful.url).register()
    far, near = ada.group(title="far"), ada.group(title="near")
    say_all(ada, far, 6)
    say_all(ada, near, 5)
    held = Held(ada)
    held.markers = {far: 0, near: 0}
    held.sync()
    assert held.answers[0]["reset"] == [far]
    assert far in {c["id"] for c in held.answers[0]["conversations"]}
    assert {m["conversation_id"] for m in held.messages.values()} == {near}
    assert held.markers == {far: 6, near: 5}
    assert [len(answer["messages"]) for answer in held.answers] == [3, 2]


def test_the_client_is_complete_after_a_cut(people: People, sockets: Sockets):
    ada, grace = people.some(2)
    group = ada.group(grace)
    chat = sockets.connect(grace.url, grace.token, reconnection=True, reconnectionDelay=10)
    ada.say(group, "before")
    chat.wait_for("message")
    chat.cut()
    chat.wait_for("disconnect")
    missed = ada.say(group, "meanwhile")
    chat.wait_for("ready", lambda _: len(chat.received("ready")) == 2)
    got = chat.do("sync", {"conversations": {group: 1}})["messages"] + chat.received("message")[1:]
    assert missed in got
    ada.say(group, "after")
    eventually(lambda: chat.received("message")[-1]["content"] == "after")
