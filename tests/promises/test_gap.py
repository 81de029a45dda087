"""P7: a client that missed more than one answer of `sync` holds, more than is replayed, or a restored backup."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.promises.crowd import Crowd, Person
from tests.promises.outage import Stopwatch
from tests.promises.truth import Truth, fresh_history
from tests.services import deployment as deployments
from tests.services.deployment import Deployment
from tests.services.postgres import Postgres
from tests.services.redis import Redis
from tests.services.server import environment
from tests.services.waiting import eventually

pytestmark = pytest.mark.promise("P7")

SYNC_LIMIT = 20
SYNC_RESET_AFTER = 100
QUICK = {"reconnectDelayMs": 50, "reconnectDelayMaxMs": 500}


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres, redis: Redis) -> Iterator[Deployment]:
    """A server that gives little at a time; without a queue that other clusters use."""
    settings = {"SYNC_LIMIT": str(SYNC_LIMIT), "SYNC_RESET_AFTER": str(SYNC_RESET_AFTER)}
    settings["REDIS_URL"] = redis.url.replace("/0", "/1")
    with deployments.cluster(tmp_path_factory.mktemp("strict"), postgres, redis, settings) as deployment:
        yield deployment


class Absence:
    """Bob has seen some messages and loses his connection; Ada stays."""

    def __init__(self, deployment: Deployment, crowd: Crowd) -> None:
        self.ada, self.bob = crowd.join(deployment.urls, 2, line=True, **QUICK)
        self.room = self.ada.api.group(self.bob.api)
        crowd.open(self.room)
        self.seen = self.ada_says(10)
        eventually(lambda: len(self.bob.held(self.room)["messages"]) == len(self.seen))
        self.bob.cut()

    def ada_says(self, count: int) -> list[Any]:
        sent = [self.ada.say(self.room, f"Number {number} of {count}") for number in range(count)]
        return [message.result(60) for message in sent]

    def sync_from(self, change: int) -> Any:
        """What the library asks for; it wants 500 messages an answer, the operator of this server gives fewer."""
        return self.bob.api.post("/sync", {"conversations": {self.room: change}, "limit": 500}).must()

    def returns(self) -> float:
        """Bob is back; returns after how many seconds he holds exactly what a fresh fetch gives."""
        watch = Stopwatch()
        self.bob.mend()
        eventually(lambda: is_as_fresh(self.bob, self.room), timeout=20)
        return watch.seconds


def is_as_fresh(person: Person, room: str) -> bool:
    person.ask("loadAll", conversation=room)
    held = person.held(room)
    assert held["whole"]
    assert held["messages"] == fresh_history(person, room)
    row = person.api.conversation(room)
    for name in ("last_seq", "last_change", "read_seq", "delivered_seq", "unread", "last_message"):
        assert held["conversation"][name] == row[name], name
    return True


@pytest.fixture
def absence(strict: Deployment, crowd: Crowd) -> Absence:
    return Absence(strict, crowd)


def test_a_gap_larger_than_one_answer_is_filled_in_several(absence: Absence, figure):
    first, second, third, *_ = absence.seen
    absence.ada.call("messages.edit", first["id"], "Edited meanwhile")
    absence.ada.call("messages.delete", second["id"])
    absence.ada.call("messages.react", third["id"], "👍", True)
    missed = absence.ada_says(3 * SYNC_LIMIT)
    answer = absence.sync_from(len(absence.seen))
    assert answer["more"]
    assert len(answer["messages"]) == SYNC_LIMIT
    seconds = absence.returns()
    figure(f"{len(missed) + 3} changes missed, {SYNC_LIMIT} an answer: equal to a fresh fetch after {seconds:.1f} s")


def test_a_gap_that_is_not_replayed_starts_the_conversation_afresh(absence: Absence, figure):
    absence.ada.call("messages.delete", absence.seen[0]["id"])
    missed = absence.ada_says(SYNC_RESET_AFTER + 1)
    assert absence.sync_from(len(absence.seen))["reset"] == [absence.room]
    seconds = absence.returns()
    figure(f"{len(missed) + 1} changes missed, reset after {SYNC_RESET_AFTER}: equal after {seconds:.1f} s")


def test_a_restored_backup_leaves_no_ghosts(absence: Absence, strict: Deployment, figure):
    """The database forgets the last messages and others take their numbers: only the new epoch tells."""
    truth = Truth(strict)
    lost = [message["id"] for message in absence.seen[-4:]]
    for message_id in lost:
        truth.database.change("DELETE FROM messages WHERE id = :id", id=message_id)
    truth.database.change(
        "UPDATE conversations SET last_seq = last_seq - 4, last_change = last_change - 4 WHERE id = :id",
        id=absence.room,
    )
    truth.database.change(
        "UPDATE conversation_members SET read_seq = least(read_seq, 6), delivered_seq = least(delivered_seq, 6)"
        " WHERE conversation_id = :id",
        id=absence.room,
    )
    new_epoch(strict)
    for number in range(6):
        absence.ada.api.say(absence.room, f"After the backup: {number}")
    seconds = absence.returns()
    assert not {message["id"] for message in absence.bob.held(absence.room)["messages"]} & set(lost)
    figure(f"4 messages gone and 6 others in their place: equal to a fresh fetch after {seconds:.1f} s")


def new_epoch(deployment: Deployment) -> None:
    subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "new-epoch"],
        cwd=deployment.data_dir,
        env=environment(Path(deployment.data_dir), deployment.settings),
        check=True,
        capture_output=True,
        timeout=60,
    )
