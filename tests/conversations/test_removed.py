"""A removed member hears nothing from the commit on, on every process, also while the bus is away (promise P21)."""

from collections.abc import Iterator

import pytest

from tests.services import deployment as deployments
from tests.services.api import Account
from tests.services.deployment import Deployment
from tests.services.people import People
from tests.services.postgres import Postgres
from tests.services.redis import Redis
from tests.services.sockets import Socket, Sockets


def heard_of(socket: Socket, conversation: str) -> list[str]:
    """The events of this conversation that tell something of its inside."""
    inside = ("message", "message_changed", "receipt", "typing", "conversation_changed")
    return [name for name, data in list(socket.events) if name in inside and conversation in str(data)]


def remove(owner: Account, conversation: str, person: Account) -> None:
    owner.delete(f"/conversations/{conversation}/members/{person.id}").must(204)


def test_a_removed_member_hears_nothing(people: People):
    ada, grace, linus = people.some(3)
    group = ada.group(grace, linus)
    message = ada.say(group, "before")["id"]
    devices = people.everywhere(grace)
    mine, his = people.chat(ada), people.chat(linus)
    remove(ada, group, grace)
    for device in devices:
        assert device.wait_for("conversation_removed", timeout=1) == {"conversation_id": group, "id": group}
        device.clear()
    ada.say(group, "she is gone")
    linus.say(group, "is she?")
    mine.do("edit_message", {"message_id": message, "content": "edited"})
    his.do("react", {"message_id": message, "emoji": "👍", "on": True})
    his.do("mark_read", {"conversation_id": group, "seq": 3})
    his.do("typing", {"conversation_id": group, "on": True})
    ada.patch(f"/conversations/{group}", {"title": "Without her"}).must()
    mine.wait_for("conversation_changed", lambda c: c["title"] == "Without her")
    mine.wait_for("receipt", lambda r: r["user_id"] == linus.id and r["read_seq"] == 3)
    for url in people.deployment.urls:
        for device in devices:
            people.fence(grace, device, via=url)
    assert [heard_of(device, group) for device in devices] == [[]] * len(devices)


def test_a_removed_member_can_do_nothing_on_an_open_socket(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    message = grace.say(group, "mine")["id"]
    chat = people.chat(grace)
    remove(ada, group, grace)
    for event, payload in {
        "send_message": {"conversation_id": group, "client_msg_id": "1", "content": "hello"},
        "edit_message": {"message_id": message, "content": "hello"},
        "delete_message": {"message_id": message},
        "react": {"message_id": message, "emoji": "👍", "on": True},
        "mark_read": {"conversation_id": group, "seq": 1},
    }.items():
        assert chat.refused(event, payload)["code"] == "not_found", event
    chat.wait_for("conversation_removed")
    assert chat.refused("typing", {"conversation_id": group, "on": True})["code"] == "not_found"


def test_messages_racing_a_removal_are_stored_before_it_or_refused(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    chat = people.chat(grace)
    begun = [
        chat.begin("send_message", {"conversation_id": group, "client_msg_id": str(n), "content": "x"})
        for n in range(40)
    ]
    remove(ada, group, grace)
    acks = [call.result(30) for call in begun]
    stored = [ack["message"]["seq"] for ack in acks if ack["ok"]]
    assert stored == list(range(1, len(stored) + 1))
    assert {ack["error"]["code"] for ack in acks if not ack["ok"]} <= {"not_found"}
    assert [m["seq"] for m in ada.history(group)["items"]] == stored


def test_who_comes_back_hears_again(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    devices = people.everywhere(grace)
    remove(ada, group, grace)
    ada.post(f"/conversations/{group}/members", {"user_ids": [grace.id]}).must(201)
    ada.say(group, "welcome back")
    for device in devices:
        assert device.wait_for("message")["content"] == "welcome back"


@pytest.fixture
def fragile(tmp_path, postgres: Postgres, own_redis: Redis) -> Iterator[Deployment]:
    with deployments.cluster(tmp_path, postgres, own_redis) as deployment:
        yield deployment


def test_a_removal_that_the_other_process_did_not_hear_of_counts_there_too(
    fragile: Deployment, own_redis: Redis, sockets: Sockets
):
    people = People(fragile, sockets)
    ada, grace = people.some(2)  # at process 1 and at process 2
    linus = people.one().at(grace.url)
    group = ada.group(grace, linus)
    ada.say(group, "before")
    hers, his = people.chat(grace), people.chat(linus)
    own_redis.stop()
    remove(ada, group, grace)
    # Process 2 knows nothing of it, and serves its own people all the same.
    said = linus.say(group, "she does not hear this")
    assert his.wait_for("message")["id"] == said["id"]
    assert hers.refused("typing", {"conversation_id": group, "on": True})["code"] == "not_found"
    people.fence(grace, hers, via=grace.url)
    assert heard_of(hers, group) == []

    own_redis.start()
    # What was told meanwhile may be lost, so everybody is asked to sync; even who does not hears nothing.
    for socket in (hers, his):
        socket.wait_for("ready", timeout=15)
    ada.say(group, "nor this")
    his.wait_for("message", lambda m: m["content"] == "nor this")
    people.fence(grace, hers, via=ada.url)
    assert heard_of(hers, group) == []
    assert hers.do("sync", {"conversations": {group: 1}})["removed"] == [group]
