"""Who works at once, and in which order the others follow."""

import threading

import pytest

from chat_app.errors import ChatError
from chat_app.turnstile import Turnstile
from tests.services.waiting import eventually


class Visit(threading.Thread):
    """Somebody who enters and stays until told to go."""

    def __init__(self, turnstile: Turnstile, entered: list["Visit"]) -> None:
        super().__init__(daemon=True)
        self.turnstile = turnstile
        self.entered = entered
        self.goes = threading.Event()
        self.refusal: ChatError | None = None
        self.start()

    def run(self) -> None:
        try:
            with self.turnstile.place():
                self.entered.append(self)
                self.goes.wait(10)
        except ChatError as refusal:
            self.refusal = refusal

    def leaves(self) -> None:
        self.goes.set()
        self.join(10)


def queued(turnstile: Turnstile, count: int, entered: list[Visit]) -> list[Visit]:
    visits = []
    for number in range(1, count + 1):
        visits.append(Visit(turnstile, entered))
        eventually(lambda number=number: turnstile.waiting == number)
    return visits


def test_as_many_as_there_are_places_work_at_once_and_the_others_follow_in_their_order():
    entered: list[Visit] = []
    turnstile = Turnstile(places=2)
    first = [Visit(turnstile, entered), Visit(turnstile, entered)]
    eventually(lambda: len(entered) == 2)
    later = queued(turnstile, 3, entered)
    assert len(entered) == 2
    for number, visit in enumerate([*first, later[0]]):
        visit.leaves()
        eventually(lambda number=number: len(entered) == 3 + number)
    assert entered[2:] == later
    for visit in later:
        visit.leaves()
    with turnstile.place(), turnstile.place():
        assert turnstile.waiting == 0


def test_a_place_is_free_again_after_work_that_failed():
    turnstile = Turnstile(places=1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), turnstile.place():
            raise ZeroDivisionError


def test_who_waits_too_long_is_told_to_come_again_and_takes_no_place():
    entered: list[Visit] = []
    turnstile = Turnstile(places=1, patience=0.05)
    first = Visit(turnstile, entered)
    eventually(lambda: entered)
    late = Visit(turnstile, entered)
    late.join(10)
    assert late.refusal is not None
    assert late.refusal.code == "unavailable"
    first.leaves()
    with turnstile.place():
        assert turnstile.waiting == 0


def test_at_the_bound_nobody_more_may_wait():
    entered: list[Visit] = []
    turnstile = Turnstile(places=1, most=1)
    first = Visit(turnstile, entered)
    eventually(lambda: entered)
    (waiting,) = queued(turnstile, 1, entered)
    with pytest.raises(ChatError, match="Too much is waiting"), turnstile.place():
        pass
    for visit in (first, waiting):
        visit.leaves()
    assert entered == [first, waiting]
