"""P3 and P4: Redis stops, loses its data, drops subscriptions, or freezes: the database is the truth, it is a hint."""

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.promises.crowd import Crowd, Person
from tests.promises.outage import Stopwatch, throughout
from tests.promises.truth import Truth, everybody_holds_the_truth
from tests.services import deployment as deployments
from tests.services.deployment import Deployment
from tests.services.postgres import Postgres
from tests.services.redis import Redis
from tests.services.server import Server
from tests.services.waiting import eventually

SOON = 0.5
"""Seconds within which a message is stored and shown on the same process; usually it takes a few ms."""


class Talk:
    """Ada and Bob are on the first process, Cleo on the second, all in one group."""

    def __init__(self, deployment: Deployment, crowd: Crowd) -> None:
        first, second = deployment.urls
        self.deployment = deployment
        self.crowd = crowd
        self.truth = Truth(deployment)
        self.ada, self.bob = crowd.join([first], 2)
        (self.cleo,) = crowd.join([second], 1)
        self.room = self.ada.api.group(self.bob.api, self.cleo.api)
        crowd.open(self.room)
        self.stored: list[float] = []
        self.received: list[float] = []

    def go_on(self, seconds: float) -> None:
        """Ada talks to Bob; every message has to be stored and shown soon."""
        for number in throughout(seconds):
            said = self.ada.exchange(self.bob, self.room, f"{len(self.stored)}: {number}")
            self.stored.append(said["stored"])
            self.received.append(said["received"])

    def are_complete(self, within: float) -> float:
        """Everybody holds what is stored; returns after how many seconds."""
        watch = Stopwatch()
        everybody_holds_the_truth(self.crowd, self.room, self.truth, within)
        return watch.seconds

    def figures(self) -> str:
        return (
            f"{len(self.stored)} messages meanwhile, stored after {max(self.stored):.0f} ms at most, "
            f"shown on the same process after {max(self.received):.0f} ms at most"
        )


@pytest.fixture
def talk(own_cluster: Deployment, crowd: Crowd) -> Talk:
    return Talk(own_cluster, crowd)


def pids(deployment: Deployment) -> list[int]:
    """Of all web and worker processes; equal ones mean that none was restarted."""
    parts = [*deployment.servers, deployment.worker]
    return [process.pid for part in parts if part for process in part.tree()]


def read(person: Person, room: str) -> None:
    person.call("receipts.markRead", room, person.held(room)["conversation"]["last_seq"])


def has_read_all(person: Person, room: str, seen_by: Person) -> bool:
    marks: Any = seen_by.ask("peers", conversation=room).get(person.id)
    return bool(marks and marks["read_seq"] == person.held(room)["conversation"]["last_seq"])


@pytest.mark.promise("P3")
def test_a_stopped_redis_holds_up_nobody_on_the_same_process(talk: Talk, own_redis: Redis, figure, soak: bool):
    running = pids(talk.deployment)
    talk.cleo.call("presence.watch", [talk.ada.id, talk.bob.id])
    talk.go_on(1)
    own_redis.stop()
    talk.go_on(30 if soak else 8)
    talk.cleo.say(talk.room, "On the other process it is stored, too").result(10)
    read(talk.bob, talk.room)
    own_redis.start()
    watch = Stopwatch()
    seconds = talk.are_complete(within=5)
    eventually(lambda: is_online(talk.ada, seen_by=talk.cleo) and is_online(talk.cleo, seen_by=talk.ada), timeout=5)
    online = watch.seconds
    assert max(talk.stored) < SOON * 1000, talk.stored
    assert max(talk.received) < SOON * 1000, talk.received

    watch = Stopwatch()
    for person in (talk.ada, talk.bob, talk.cleo):
        read(person, talk.room)
    eventually(lambda: has_read_all(talk.ada, talk.room, seen_by=talk.cleo))
    eventually(lambda: has_read_all(talk.cleo, talk.room, seen_by=talk.ada))
    last = len(talk.truth.messages(talk.room))
    eventually(lambda: talk.truth.marks(talk.room, talk.bob.id) == (last, last))
    receipts = watch.seconds

    talk.bob.call("presence.setStatus", "away")
    eventually(lambda: status(talk.cleo, talk.bob) == "away")
    assert status(talk.cleo, talk.ada) == "online"
    assert pids(talk.deployment) == running
    figure(
        f"{talk.figures()}; complete {seconds:.1f} s after its return, all online again after {online:.1f} s; "
        f"receipts then take {receipts:.1f} s, statuses {watch.seconds - receipts:.1f} s; no process restarted"
    )


def is_online(person: Person, seen_by: Person) -> bool:
    """Asked anew: the stopped Redis has lost who is there, the processes have to tell it again."""
    return person.id in {user["id"] for user in seen_by.api.get("/users/online").must()["items"]}


def status(watcher: Person, watched: Person) -> str:
    return (watcher.call("presence.get", watched.id) or {}).get("status", "unknown")


@pytest.mark.promise("P4")
def test_a_dropped_subscription_is_noticed_and_healed(talk: Talk, own_redis: Redis, figure):
    talk.go_on(1)
    with own_redis.client() as client:
        assert client.execute_command("CLIENT", "KILL", "TYPE", "pubsub") > 0
    watch = Stopwatch()
    talk.go_on(2)
    talk.are_complete(within=15)
    seconds = watch.seconds
    eventually(lambda: crosses(talk), timeout=15)
    figure(f"all subscriptions killed: {talk.figures()}; everybody complete {seconds - 2:.1f} s later")


@pytest.mark.promise("P4")
def test_a_frozen_redis_is_noticed_and_healed(talk: Talk, own_redis: Redis, figure, soak: bool):
    running = pids(talk.deployment)
    talk.go_on(1)
    own_redis.pause()
    talk.go_on(30 if soak else 10)
    own_redis.resume()
    seconds = talk.are_complete(within=15)
    watch = Stopwatch()
    eventually(lambda: crosses(talk), timeout=15)
    assert max(talk.stored) < SOON * 1000, talk.stored
    assert max(talk.received) < SOON * 1000, talk.received
    assert pids(talk.deployment) == running
    figure(
        f"{talk.figures()}; everybody complete {seconds:.1f} s after it thawed, live again {watch.seconds:.1f} s later"
    )


@pytest.mark.promise("P4")
def test_a_link_that_went_dead_is_noticed_and_healed(
    tmp_path: Path, postgres: Postgres, own_redis: Redis, crowd: Crowd, figure
):
    """The second process talks to Redis over a line on which, from one moment on, nothing moves in silence."""
    hall = crowd.halls[0]
    with deployments.cluster(tmp_path, postgres, own_redis, size=1) as cluster, ExitStack() as stack:
        line = hall.ask("lay", name="redis", url=own_redis.url)
        second = Server(tmp_path, {**cluster.settings, "REDIS_URL": line})
        stack.callback(second.close)
        second.start()
        talk = Talk(replace(cluster, urls=[cluster.url, second.url]), crowd)
        assert eventually(lambda: crosses(talk))
        hall.ask("freeze", name="redis")
        watch = Stopwatch()
        talk.ada.say(talk.room, "Nobody pushes this to the second process").result(10)
        talk.cleo.say(talk.room, "Nor this to the first").result(10)
        talk.are_complete(within=15)
        seconds = watch.seconds
        eventually(lambda: crosses(talk), timeout=15)
    figure(
        f"a link to Redis went dead: everybody complete after {seconds:.1f} s, live again after {watch.seconds:.1f} s"
    )


def crosses(talk: Talk) -> bool:
    """A message reaches the other process live again, not by catching up."""
    return talk.ada.exchange(talk.cleo, talk.room, "Do you hear me?")["received"] < SOON * 1000
