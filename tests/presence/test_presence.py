"""Who is online, for the people who may see it."""

import time
import uuid

import pytest

from tests.services import deployment as deployments
from tests.services.api import Account
from tests.services.deployment import Deployment
from tests.services.people import People
from tests.services.postgres import Postgres
from tests.services.redis import Redis
from tests.services.sockets import Socket, Sockets
from tests.services.waiting import eventually


def watch(socket: Socket, *people: Account) -> dict[str, str]:
    """Watch these; returns the status of each that may be seen."""
    told = socket.do("watch", {"user_ids": [person.id for person in people]})["presence"]
    return {state["user_id"]: state["status"] for state in told}


def status_of(socket: Socket, person: Account) -> str | None:
    """What the socket was told last."""
    told = [state["status"] for state in socket.received("presence") if state["user_id"] == person.id]
    return told[-1] if told else None


def test_a_person_comes_online_and_goes_offline_a_moment_after_leaving(people: People):
    ada, grace = people.some(2)
    ada.private(grace)
    watcher = people.presence(ada)
    assert watch(watcher, grace) == {grace.id: "offline"}
    chat = people.chat(grace)
    came = watcher.wait_for("presence")
    assert came == {"user_id": grace.id, "status": "online", "last_seen": came["last_seen"]}
    left_at = time.time()
    chat.disconnect()
    gone = watcher.wait_for("presence", lambda p: p["status"] == "offline")
    assert gone["last_seen"].endswith("Z")
    assert time.time() - left_at > 3, "a page that reloads must not blink"


def test_a_reload_tells_nobody_anything(people: People):
    ada, grace, witness = people.some(3)
    ada.private(grace)
    ada.private(witness)
    watcher, chat = people.presence(ada), people.chat(grace)
    eventually(lambda: watch(watcher, grace) == {grace.id: "online"})
    chat.disconnect()
    people.chat(grace)
    # Somebody who left after her and is told as offline: her moment of grace is over as well.
    people.chat(witness).disconnect()
    watch(watcher, witness)
    watcher.wait_for("presence", lambda p: p["user_id"] == witness.id and p["status"] == "offline")
    assert "offline" not in [p["status"] for p in watcher.received("presence") if p["user_id"] == grace.id]


def test_of_several_devices_the_liveliest_counts(people: People):
    ada, grace = people.some(2)
    ada.private(grace)
    watcher = people.presence(ada)
    watch(watcher, grace)
    phone, laptop = grace.second_device(), grace.second_device().at(people.deployment.urls[-1])
    phone_chat, laptop_chat = people.chat(phone), people.chat(laptop)
    watcher.wait_for("presence", lambda p: p["status"] == "online")
    people.presence(phone).do("set_status", {"status": "away"})
    people.presence(laptop).do("set_status", {"status": "away"})
    watcher.wait_for("presence", lambda p: p["status"] == "away")
    people.presence(phone).do("set_status", {"status": "online"})
    eventually(lambda: status_of(watcher, grace) == "online")
    phone_chat.disconnect()
    eventually(lambda: status_of(watcher, grace) == "away")
    assert laptop_chat.connected


def test_people_without_a_common_conversation_are_left_out(people: People):
    ada, grace, mallory = people.some(3)
    ada.private(grace)
    for person in (ada, grace):
        people.chat(person)
    watcher = people.presence(mallory)
    assert watch(watcher, ada, grace) == {}
    eventually(lambda: watch(watcher, mallory, ada) == {mallory.id: "offline"})
    mine = people.presence(ada)
    eventually(lambda: watch(mine, grace, mallory, ada) == {grace.id: "online", ada.id: "online"})
    nobody = mine.do("watch", {"user_ids": [str(uuid.uuid4())]})
    assert nobody["presence"] == []


def test_who_leaves_the_only_common_conversation_is_watched_no_more(people: People):
    ada, grace, linus = people.some(3)
    group = ada.group(grace, linus)
    ada.private(linus)
    watcher = people.presence(ada)
    watch(watcher, grace, linus)
    grace.delete(f"/conversations/{group}/members/{grace.id}").must(204)
    assert eventually(lambda: watch(watcher, grace) == {})
    watcher.clear()
    people.chat(grace)
    people.chat(linus)  # who came later, and is still watched
    watcher.wait_for("presence", lambda p: p["user_id"] == linus.id)
    assert status_of(watcher, grace) is None


def test_who_is_online_is_listed_for_those_who_may_see_them(people: People):
    ada, grace, linus = people.some(3)
    ada.group(grace, linus)
    people.chat(grace)

    def online(person: Account) -> set[str]:
        return {user["id"] for user in person.get("/users/online").must()["items"]}

    eventually(lambda: online(ada) == {grace.id})
    assert online(people.one()) == set()


def test_last_seen_is_kept_in_the_profile(cluster: Deployment, sockets: Sockets):
    people = People(cluster, sockets)
    ada, grace = people.some(2)
    people.chat(grace).disconnect()
    assert eventually(lambda: ada.get(f"/users/{grace.id}").must()["last_seen_at"], timeout=20).endswith("Z")


def test_five_hundred_people_can_be_watched_at_once_and_no_more(people: People):
    ada = people.one()
    watcher = people.presence(ada)
    many = [str(uuid.uuid4()) for _ in range(501)]
    assert watcher.refused("watch", {"user_ids": many})["code"] == "validation_failed"
    assert watcher.do("watch", {"user_ids": many[:500]})["presence"] == []


@pytest.mark.parametrize("status", ["offline", "busy", "", None, 5])
def test_a_status_that_does_not_exist_is_refused(people: People, status: object):
    ada = people.one()
    assert people.presence(ada).refused("set_status", {"status": status})["code"] == "validation_failed"


def test_the_people_of_a_killed_process_go_offline_by_themselves(
    tmp_path, postgres: Postgres, own_redis: Redis, sockets: Sockets
):
    with deployments.cluster(tmp_path, postgres, own_redis) as deployment:
        people = People(deployment, sockets)
        ada, grace = people.some(2)
        ada.private(grace)
        watcher = people.presence(ada)
        people.chat(grace)
        eventually(lambda: watch(watcher, grace) == {grace.id: "online"})
        watcher.clear()
        deployment.servers[1].kill()
        let_time_pass(deployment, grace)
        assert watcher.wait_for("presence") | {"last_seen": ""} == {
            "user_id": grace.id,
            "status": "offline",
            "last_seen": "",
        }


def let_time_pass(deployment: Deployment, person: Account) -> None:
    """A device that is not renewed counts for 45 seconds; take them off what is left, but for one."""
    soon = time.time() + 1
    assert deployment.redis
    with deployment.redis.client() as redis:
        key = f"chatsphere:presence:{person.id}"
        for device, state in redis.hgetall(key).items():
            redis.hset(key, device, f"{state.partition(':')[0]}:{soon}")
        redis.zadd("chatsphere:presence", {person.id: soon})
