"""P14: a Celery worker is killed in the middle of storing receipts."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.promises.crowd import Crowd, Person
from tests.promises.outage import Stopwatch
from tests.promises.truth import Truth
from tests.services.deployment import Deployment
from tests.services.process import is_gone, signal_if_there
from tests.services.waiting import eventually

pytestmark = pytest.mark.promise("P14")

SIGKILL = 9
VISIBILITY_TIMEOUT = 300
"""Seconds after which the broker hands out what a vanished worker had; see `chat_app/jobs.py`."""


@contextmanager
def held_up(truth: Truth, room: str) -> Iterator[None]:
    """Whoever wants to store receipts of this room stops in the middle of it."""
    with truth.database.holding("SELECT 1 FROM conversation_members WHERE conversation_id = :id FOR UPDATE", id=room):
        yield


def is_in_the_middle(truth: Truth) -> bool:
    return truth.database.waiting() == 1


def test_receipts_are_stored_once_though_the_worker_is_killed(own_cluster: Deployment, crowd: Crowd, figure):
    truth = Truth(own_cluster)
    worker, redis = own_cluster.worker, own_cluster.redis
    assert worker
    assert redis
    ada, bob = crowd.join(own_cluster.urls, 2)
    room = ada.api.group(bob.api)
    crowd.open(room)

    says_and_is_read(ada, bob, room)
    eventually(lambda: truth.marks(room, bob.id) == (1, 1))

    with held_up(truth, room):
        says_and_is_read(ada, bob, room)
        eventually(lambda: is_in_the_middle(truth))
        child = next(process for process in worker.tree() if process.pid != worker.pid)
        signal_if_there(child, SIGKILL)
        eventually(lambda: is_gone(child))
        assert truth.marks(room, bob.id) == (1, 1)
    watch = Stopwatch()
    eventually(lambda: truth.marks(room, bob.id) == (2, 2), timeout=20)
    part = watch.seconds

    with held_up(truth, room):
        says_and_is_read(ada, bob, room)
        eventually(lambda: is_in_the_middle(truth))
        worker.kill()
    assert truth.marks(room, bob.id) == (2, 2)
    with redis.client() as client:
        for job in client.zrange("unacked_index", 0, -1):  # five minutes pass
            client.zincrby("unacked_index", -VISIBILITY_TIMEOUT, job)
    worker.start()
    watch = Stopwatch()
    eventually(lambda: truth.marks(room, bob.id) == (3, 3), timeout=20)
    assert bob.api.conversation(room)["unread"] == 0
    assert bob.held(room)["conversation"]["unread"] == 0
    figure(
        f"killed in the middle: stored {part:.1f} s after, by the next child; by the next worker {watch.seconds:.1f} s"
    )


def says_and_is_read(ada: Person, bob: Person, room: str) -> None:
    message = ada.say(room, "Please read").result(10)
    eventually(lambda: bob.held(room)["conversation"]["last_seq"] == message["seq"])
    bob.call("receipts.markRead", room, message["seq"])
