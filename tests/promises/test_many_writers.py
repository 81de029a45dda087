"""P8: many writers in one conversation, on two processes."""

import pytest

from tests.promises.crowd import Crowd
from tests.promises.outage import Stopwatch
from tests.promises.truth import Truth, everybody_holds_the_truth
from tests.services.deployment import Deployment

pytestmark = pytest.mark.promise("P8")

WRITERS = 20


def test_twenty_writers_make_one_order_without_a_gap(
    any_cluster: Deployment, large_crowd: Crowd, any_truth: Truth, figure, soak: bool
):
    each = 250 if soak else 25
    people = large_crowd.join(any_cluster.urls, WRITERS, timelineLimit=20_000)
    room = people[0].api.group(*(person.api for person in people[1:]))
    large_crowd.open(room)
    watch = Stopwatch()
    sent = [person.say(room, f"{person.number}: {n}") for n in range(each) for person in people]
    acknowledged = [message.result(120) for message in sent]
    seconds = watch.seconds
    everybody_holds_the_truth(large_crowd, room, any_truth, timeout=20)
    rows = any_truth.messages(room)
    assert [row["seq"] for row in rows] == list(range(1, len(sent) + 1))
    assert {message["seq"]: message["id"] for message in acknowledged} == {row["seq"]: row["id"] for row in rows}
    figure(
        f"{WRITERS} writers on 2 processes, {len(sent)} messages: seq 1…{len(sent)}, the same order for all; "
        f"{len(sent) / seconds:.0f} messages/s, {len(sent) * WRITERS / seconds:.0f} deliveries/s"
    )
