"""P9: creations, edits, deletions, reactions and receipts race, while a listener is cut off again and again."""

from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from tests.promises.conftest import SOAK
from tests.promises.crowd import Crowd, Person, Refused
from tests.promises.truth import fresh_history
from tests.services.deployment import Deployment
from tests.services.waiting import eventually

pytestmark = pytest.mark.promise("P9")

QUICK = {"reconnectDelayMs": 30, "reconnectDelayMaxMs": 200, "holeDelayMs": 100, "receiptDelayMs": 50}
EXPECTED = {"conflict", "forbidden", "disconnected"}
"""Refusals that a race makes legitimate: already deleted, not one's own, cut off."""

writers = st.sampled_from([0, 1])
everybody = st.sampled_from([0, 1, 2])
which = st.integers(0, 30)
"""A message, by its place among those that were said so far."""
steps = st.lists(
    st.one_of(
        st.tuples(st.just("say"), writers),
        st.tuples(st.just("edit"), writers, which),
        st.tuples(st.just("delete"), everybody, which),
        st.tuples(st.just("react"), everybody, which, st.sampled_from("👍🎉"), st.booleans()),
        st.tuples(st.just("everybody_changes"), which, st.permutations([0, 0, 1, 1, 2])),
        st.tuples(st.just("read"), everybody, which),
        st.tuples(st.sampled_from(["cut", "mend", "settle"])),
    ),
    min_size=10,
    max_size=40,
)


@dataclass
class Race:
    """Everything is begun without waiting for what was begun before; only what a message needs is awaited: its id."""

    people: list[Person]
    room: str
    said: list[Future[Any]] = field(default_factory=list)
    under_way: list[Future[Any]] = field(default_factory=list)

    def say(self, who: int) -> None:
        self.said.append(self.people[who].say(self.room, f"Message {len(self.said)}"))

    def edit(self, who: int, target: int) -> None:
        self._change(who, target, "messages.edit", f"Edited {len(self.under_way)}")

    def delete(self, who: int, target: int) -> None:
        self._change(who, target, "messages.delete")

    def react(self, who: int, target: int, emoji: str, on: bool) -> None:
        self._change(who, target, "messages.react", emoji, on)

    def everybody_changes(self, target: int, order: list[int]) -> None:
        """One message, on both processes at once: their pushes cross on the way."""
        for place, who in enumerate(order):
            self.react(who, target, "👍🎉😀🙏🚀"[place], True)
            if who < 2:
                self.edit(who, target)

    def read(self, who: int, target: int) -> None:
        if message := self._message(target):
            self.under_way.append(self.people[who].start("receipts.markRead", self.room, message["seq"]))

    def cut(self) -> None:
        self.people[2].cut()

    def mend(self) -> None:
        self.people[2].mend()

    def settle(self) -> None:
        for said in self.said:
            said.result(30)
        for change in self.under_way:
            problem = change.exception(30)
            assert problem is None or (isinstance(problem, Refused) and problem.code in EXPECTED), problem
        self.under_way.clear()

    def _change(self, who: int, target: int, method: str, *arguments: Any) -> None:
        if message := self._message(target):
            self.under_way.append(self.people[who].start(method, message["id"], *arguments))

    def _message(self, target: int) -> Any:
        return self.said[target % len(self.said)].result(30) if self.said else None


@pytest.fixture
def people(cluster: Deployment, crowd: Crowd) -> list[Person]:
    """Two who write, on two processes, and a listener whose line is cut."""
    first, second = cluster.urls
    return [*crowd.join([first, second], 2, **QUICK), *crowd.join([second], 1, line=True, **QUICK)]


@pytest.mark.timeout(600)  # a failure is made smaller, which takes its time
def test_what_everybody_holds_equals_a_fresh_fetch(people: list[Person], crowd: Crowd, figure):
    counts = {"races": 0, "steps": 0}

    @settings(
        max_examples=400 if SOAK else 20,
        derandomize=not SOAK,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(steps)
    def race(chosen: list[tuple[Any, ...]]) -> None:
        room = people[0].api.group(*(person.api for person in people[1:]))
        crowd.open(room)
        race = Race(people, room)
        for step, *arguments in chosen:
            getattr(race, step)(*arguments)
        race.mend()
        race.settle()
        for person in people:
            eventually(lambda person=person: holds_no_ghosts(person, people, room), timeout=20)
        counts["races"] += 1
        counts["steps"] += len(chosen)

    race()
    figure(f"{counts['races']} races of {counts['steps']} steps in all: 3 clients equal to a fresh fetch after each")


def holds_no_ghosts(person: Person, people: list[Person], room: str) -> bool:
    """Messages with all their fields, the conversation with its counters, and how far everybody has read."""
    held = person.held(room)
    assert held["whole"]
    assert held["messages"] == fresh_history(person, room)
    row = person.api.conversation(room)
    for name in ("last_seq", "last_change", "read_seq", "delivered_seq", "unread", "last_message"):
        assert held["conversation"][name] == row[name], name
    members = person.api.get(f"/conversations/{room}/members").must()["items"]
    marks = {member["user"]["id"]: (member["delivered_seq"], member["read_seq"]) for member in members}
    known = {
        user: (mark["delivered_seq"], mark["read_seq"]) for user, mark in person.ask("peers", conversation=room).items()
    }
    assert {other.id: known.get(other.id, (0, 0)) for other in people} == marks
    return True
