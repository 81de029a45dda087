"""P10: two devices of one person, on two processes, mark read in any order."""

from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from tests.promises.conftest import SOAK
from tests.promises.crowd import Crowd, Person
from tests.promises.truth import Truth
from tests.services.deployment import Deployment
from tests.services.waiting import eventually

pytestmark = pytest.mark.promise("P10")

FIRST = 6
"""Messages that are there before anybody reads."""
QUICK = {"receiptDelayMs": 30}
marks = st.lists(
    st.one_of(
        st.tuples(st.sampled_from([0, 1]), st.integers(1, FIRST)),
        st.just("another message"),
        st.just("wait until stored"),
    ),
    min_size=2,
    max_size=10,
)


class Reading:
    """Bob reads on two devices what Ada writes."""

    def __init__(self, deployment: Deployment, crowd: Crowd, truth: Truth) -> None:
        first, second = deployment.urls
        self.truth = truth
        self.ada, phone = crowd.join([first, first], 2, **QUICK)
        self.devices: list[Person] = [phone, crowd.second_device(phone, second, **QUICK)]

    def begin(self) -> None:
        self.room = self.ada.api.group(self.devices[0].api)
        self.written = 0
        self.read = 0
        for _ in range(FIRST):
            self.another_message()
        for device in self.devices:
            eventually(lambda device=device: self.shown_on(device)["last_seq"] == FIRST)
            device.ask("watchMarks", conversation=self.room)

    def another_message(self) -> None:
        self.written = self.ada.api.say(self.room, "Please read this")["seq"]

    def mark(self, device: int, seq: int) -> None:
        self.read = max(self.read, seq)
        self.devices[device].call("receipts.markRead", self.room, seq)

    def shown_on(self, device: Person) -> Any:
        return device.held(self.room)["conversation"] or {"last_seq": 0}

    def is_exact(self) -> bool:
        """Unread on both devices, over REST at both processes, and in the database."""
        expected = (self.written, self.read, self.written - self.read)
        for device in self.devices:
            for row in (self.shown_on(device), device.api.conversation(self.room)):
                assert (row["last_seq"], row["read_seq"], row["unread"]) == expected
        assert self.truth.marks(self.room, self.devices[0].id)[1] == self.read
        return True

    def check_never_backwards(self) -> None:
        for device in self.devices:
            seqs = [read_seq for read_seq, _ in device.ask("shown", conversation=self.room)]
            assert seqs == sorted(seqs), "the watermark went backwards"


@pytest.fixture
def reading(any_cluster: Deployment, crowd: Crowd, any_truth: Truth) -> Reading:
    return Reading(any_cluster, crowd, any_truth)


@pytest.mark.timeout(600)  # a failure is made smaller, which takes its time
def test_marks_never_go_back_and_unread_is_exact(reading: Reading, figure):
    orders = []

    @settings(
        max_examples=300 if SOAK else 15,
        derandomize=not SOAK,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(marks)
    def read_in_this_order(order: list[Any]) -> None:
        reading.begin()
        for step in order:
            if step == "another message":
                reading.another_message()
            elif step == "wait until stored":
                eventually(reading.is_exact)
            else:
                reading.mark(*step)
        eventually(reading.is_exact)
        reading.check_never_backwards()
        orders.append(order)

    read_in_this_order()
    figure(f"{len(orders)} orders of marks on 2 devices: never backwards, unread exact on both, in REST and stored")
