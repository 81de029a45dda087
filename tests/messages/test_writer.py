"""The message writer by itself, with batches that a test holds in its hand."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.exc import DataError, IntegrityError, OperationalError

from chat_app.errors import ChatError
from chat_app.messages.drafts import Draft, Outcome, Status
from chat_app.messages.writer import MessageWriter, MessageWriters, refusal
from tests.services.waiting import eventually


class Batches:
    """Stores in memory; `gate` holds up the store until it is opened."""

    size = 4

    def __init__(self) -> None:
        self.stored: list[list[str]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        self.verdict: Callable[[Sequence[Draft]], None] = lambda drafts: None
        self.left_out: list[str] = []

    def store(self, drafts: Sequence[Draft]) -> dict[int, Outcome]:
        self.entered.set()
        assert self.gate.wait(10)
        self.verdict(drafts)
        outcomes = {
            position: Outcome(Status.STORED, seq=position + 1)
            for position, draft in enumerate(drafts)
            if draft.content not in self.left_out
        }
        self.left_out = self.left_out[len(drafts) - len(outcomes) :]
        self.stored.append([drafts[position].content for position in outcomes])
        return outcomes


def start(run: Callable[[], None]) -> None:
    threading.Thread(target=run, daemon=True).start()


@pytest.fixture
def batches() -> Batches:
    return Batches()


@pytest.fixture
def writer(batches: Batches) -> MessageWriter:
    return MessageWriter(batches, start)


def draft(content: str, key: str = "", conversation: str = "room") -> Draft:
    return Draft(conversation, "ada", key or content, content)


class Crowd:
    """Submits drafts one after another, each waiting in a thread of its own."""

    def __init__(self, writer: MessageWriter) -> None:
        self.writer = writer
        self.pool = ThreadPoolExecutor(50)
        self.begun = 0

    def submit(self, *drafts: Draft):
        futures = []
        for one in drafts:
            waiting = len(self.writer._queue)
            futures.append(self.pool.submit(self.writer.submit, one))
            eventually(lambda n=waiting: len(self.writer._queue) > n, interval=0.001)
        return futures


@pytest.fixture
def crowd(writer: MessageWriter, batches: Batches) -> Crowd:
    """The writer is busy with a first batch, `[first]`, until the gate opens."""
    batches.gate.clear()
    crowd = Crowd(writer)
    crowd.first = crowd.pool.submit(writer.submit, draft("first"))
    assert batches.entered.wait(5)
    return crowd


def test_a_single_message_is_stored_at_once(writer: MessageWriter, batches: Batches):
    assert writer.submit(draft("hello")).status is Status.STORED
    assert batches.stored == [["hello"]]


def test_what_comes_during_a_commit_is_the_next_batch_in_order(crowd: Crowd, batches: Batches):
    futures = crowd.submit(*(draft(str(n)) for n in range(6)))
    batches.gate.set()
    assert [future.result(5).seq for future in futures] == [1, 2, 3, 4, 1, 2]
    assert batches.stored == [["first"], ["0", "1", "2", "3"], ["4", "5"]]


def test_the_same_key_twice_is_never_in_one_batch(crowd: Crowd, batches: Batches):
    futures = crowd.submit(draft("a", "k"), draft("b", "k"), draft("c"), draft("d", "k"))
    batches.gate.set()
    for future in futures:
        future.result(5)
    assert batches.stored == [["first"], ["a", "c"], ["b"], ["d"]]


def test_what_a_batch_left_out_is_first_in_the_next(crowd: Crowd, batches: Batches):
    batches.left_out = ["b"]
    futures = crowd.submit(*map(draft, "abcde"))
    batches.gate.set()
    for future in futures:
        future.result(5)
    assert batches.stored == [["first"], ["a", "c", "d"], ["b", "e"]]


def test_what_is_left_out_for_ever_is_told_unavailable(writer: MessageWriter, batches: Batches):
    batches.left_out = ["a"] * 1000
    with pytest.raises(ChatError, match="keep changing"):
        writer.submit(draft("a"))


def test_a_row_that_the_database_refuses_fails_alone(crowd: Crowd, batches: Batches):
    def refuse(drafts: Sequence[Draft]) -> None:
        if any(one.content == "poison" for one in drafts):
            raise DataError("INSERT", {}, Exception("bad row"))

    batches.verdict = refuse
    good, poison, other = crowd.submit(draft("good"), draft("poison"), draft("other"))
    batches.gate.set()
    assert good.result(5).status is other.result(5).status is Status.STORED
    with pytest.raises(DataError):
        poison.result(5)
    assert batches.stored == [["first"], ["good"], ["other"]]


def test_a_key_that_another_process_stores_meanwhile_is_looked_up_again(writer: MessageWriter, batches: Batches):
    races = iter([True, False])

    def race(drafts: Sequence[Draft]) -> None:
        if next(races):
            raise IntegrityError("INSERT", {}, Exception("duplicate key"))

    batches.verdict = race
    assert writer.submit(draft("a")).status is Status.STORED


def test_a_row_that_breaks_a_rule_each_time_is_told_in_the_end(writer: MessageWriter, batches: Batches):
    def refuse(drafts: Sequence[Draft]) -> None:
        raise IntegrityError("INSERT", {}, Exception("no such sender"))

    batches.verdict = refuse
    with pytest.raises(IntegrityError):
        writer.submit(draft("a"))


def test_when_the_database_is_away_all_are_told_and_the_next_is_stored(crowd: Crowd, batches: Batches):
    def away(drafts: Sequence[Draft]) -> None:
        raise OperationalError("INSERT", {}, Exception("connection refused"))

    batches.verdict = away
    futures = [crowd.first, *crowd.submit(draft("a"), draft("b"))]
    batches.gate.set()
    for future in futures:
        with pytest.raises(ChatError) as told:
            future.result(5)
        assert (told.value.code, told.value.retry_after) == ("unavailable", 1.0)
    batches.verdict = lambda drafts: None
    assert crowd.writer.submit(draft("c")).status is Status.STORED


def test_the_loop_outlives_an_error_that_nobody_expected(crowd: Crowd, batches: Batches):
    def fail(drafts: Sequence[Draft]) -> None:
        raise ZeroDivisionError

    batches.verdict = fail
    batches.gate.set()
    with pytest.raises(ZeroDivisionError):
        crowd.first.result(5)
    batches.verdict = lambda drafts: None
    assert crowd.writer.submit(draft("c")).status is Status.STORED


def test_at_the_bound_a_message_is_refused_before_anything_is_stored(crowd: Crowd, batches: Batches):
    crowd.writer.bound = 2
    futures = crowd.submit(draft("a"), draft("b"))
    with pytest.raises(ChatError, match="Too many messages") as told:
        crowd.writer.submit(draft("c"))
    assert told.value.code == "unavailable"
    batches.gate.set()
    for future in futures:
        future.result(5)
    assert batches.stored == [["first"], ["a", "b"]]


def test_who_waits_too_long_is_told_and_may_try_again(crowd: Crowd, batches: Batches):
    crowd.writer.wait = 0.05
    with pytest.raises(ChatError) as told:
        crowd.writer.submit(draft("a"))
    assert told.value.code == "unavailable"
    batches.gate.set()
    crowd.writer.wait = 5
    assert crowd.writer.submit(draft("a")).status is Status.STORED


def test_a_conversation_always_goes_to_the_same_writer(batches: Batches):
    started: list[object] = []

    def start_once(run: Callable[[], None]) -> None:
        started.append(run)
        start(run)

    writers = MessageWriters(batches, 8, start_once)
    for number in range(10):
        writers.submit(draft(str(number), conversation="one room"))
    assert len(started) == 1


@pytest.mark.parametrize(
    ("status", "code"),
    [(Status.NOT_A_MEMBER, "not_found"), (Status.READ_ONLY, "forbidden"), (Status.BAD_REPLY, "not_found")],
)
def test_a_refusal_has_its_code(status: Status, code: str):
    error = refusal(Outcome(status))
    assert error
    assert error.code == code


@pytest.mark.parametrize("status", [Status.STORED, Status.KNOWN])
def test_what_is_stored_is_no_refusal(status: Status):
    assert refusal(Outcome(status)) is None


def test_the_body_decides_the_digest_and_nothing_else_does():
    one = draft("hello", "1")
    assert one.body_hash() == draft("hello", "2", "elsewhere").body_hash()
    assert len({one.body_hash(), draft("hello!").body_hash(), draft("").body_hash()}) == 3
    assert Draft("r", "a", "1", "x", reply_to_id="y").body_hash() != Draft("r", "a", "1", "x").body_hash()
    assert Draft("r", "a", "1", "x\x00y").body_hash() != Draft("r", "a", "1", "y", reply_to_id="x").body_hash()
