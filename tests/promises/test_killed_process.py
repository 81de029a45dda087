"""P1: a web process is killed while clients send, and comes back."""

from concurrent.futures import Future
from typing import Any

import pytest

from tests.promises.crowd import Crowd
from tests.promises.outage import Stopwatch
from tests.promises.truth import Truth, everybody_holds_the_truth
from tests.services.deployment import Deployment
from tests.services.waiting import eventually

pytestmark = pytest.mark.promise("P1")

QUICK = {"reconnectDelayMs": 100, "reconnectDelayMaxMs": 1000, "timelineLimit": 20_000}
WRITERS = 20


def test_a_killed_process_loses_and_doubles_nothing(own_cluster: Deployment, crowd: Crowd, figure, soak: bool):
    each = 500 if soak else 100
    people = crowd.join(own_cluster.urls, WRITERS, **QUICK)
    room = people[0].api.group(*(person.api for person in people[1:]))
    crowd.open(room)
    victim = own_cluster.servers[1]
    sent = [person.say(room, f"{person.number}: {n}") for n in range(each) for person in people]
    eventually(lambda: acknowledged(sent) > len(sent) // 4, timeout=60)
    before = acknowledged(sent)
    victim.kill()
    watch = Stopwatch()
    eventually(lambda: acknowledged(sent) > before + len(sent) // 10, timeout=60)
    victim.launch()
    stored = [message.result(300 if soak else 60) for message in sent]
    seconds = watch.seconds
    truth = Truth(own_cluster)
    everybody_holds_the_truth(crowd, room, truth, timeout=30)

    rows = truth.messages(room)
    assert [row["seq"] for row in rows] == list(range(1, len(sent) + 1))
    assert {row["id"] for row in rows} == {message["id"] for message in stored}
    assert {row["content"] for row in rows} == {f"{person.number}: {n}" for n in range(each) for person in people}
    for person in people:
        mine = [row["content"] for row in rows if row["sender_id"] == person.id]
        assert mine == [f"{person.number}: {n}" for n in range(each)], "everybody's own messages keep their order"
    figure(
        f"{len(sent)} messages of {WRITERS} clients, killed at {before}: all stored once and in one order; "
        f"the rest took {seconds:.1f} s with the restart"
    )


def acknowledged(sent: list[Future[Any]]) -> int:
    return sum(message.done() for message in sent)
