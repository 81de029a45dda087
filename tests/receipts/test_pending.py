import pytest

from chat_app.receipts import pending
from chat_app.receipts.pending import PendingReceipts


def test_later_marks_raise_the_earlier_ones_and_never_lower_them():
    held = PendingReceipts()
    for delivered, read in ((3, 1), (2, 2), (5, 0)):
        held.raise_to("room", "ada", delivered, read)
    assert held.take() == [("room", "ada", 5, 2)]


def test_the_highest_of_stored_and_held_counts():
    held = PendingReceipts()
    held.raise_to("room", "ada", 5, 2)
    assert held.highest("room", "ada", 3, 3) == (5, 3)
    assert held.highest("room", "grace", 3, 3) == (3, 3)
    assert held.highest("other", "ada", 0, 0) == (0, 0)


def test_what_was_taken_counts_until_the_next_is_taken():
    held = PendingReceipts()
    held.raise_to("room", "ada", 5, 5)
    held.take()
    assert held.highest("room", "ada", 0, 0) == (5, 5)
    assert held.take() == []
    assert held.highest("room", "ada", 0, 0) == (0, 0)


def test_the_bound_is_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pending, "MAX_HELD", 2)
    held = PendingReceipts()
    assert held.raise_to("room", "ada", 1, 1) is False
    assert held.raise_to("room", "ada", 2, 2) is False
    assert held.raise_to("room", "grace", 1, 1) is True
