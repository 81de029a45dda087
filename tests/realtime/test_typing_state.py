import pytest

from chat_app.realtime import typing as module
from chat_app.realtime.typing import TypingState

ADA, GRACE = ("room", "ada"), ("room", "grace")


def test_it_is_told_once_every_two_seconds():
    state = TypingState()
    assert [state.begin(ADA, now) for now in (0.0, 1.0, 1.9, 2.0, 3.0, 4.1)] == [True, False, False, True, False, True]


def test_each_renewal_gives_it_six_seconds_more():
    state = TypingState()
    for now in (0.0, 5.0, 10.0):
        state.begin(ADA, now)
    assert state.expired(15.9) == []
    assert state.expired(16.0) == [ADA]


def test_ending_is_told_only_if_it_had_begun():
    state = TypingState()
    assert not state.end(ADA)
    state.begin(ADA, 0)
    assert state.end(ADA)
    assert not state.end(ADA)


def test_beyond_the_bound_newcomers_are_not_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "MAX_TYPING", 1)
    state = TypingState()
    assert state.begin(ADA, 0)
    assert not state.begin(GRACE, 0)
    assert state.begin(ADA, 3)
    assert list(state.people) == [ADA]
