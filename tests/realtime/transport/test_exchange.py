"""What a link says to Redis, and what it makes of the answers."""

import pytest
import redis

from chat_app.realtime.transport import exchange as module
from chat_app.realtime.transport.exchange import NEVER, Exchange, Publish
from chat_app.realtime.transport.resp import ANSWERED, SUBSCRIBED, UNSUBSCRIBED, Answer, command

OK = Answer(ANSWERED)


def message(number: int, channel: bytes = b"{1}a") -> Publish:
    return Publish(channel, b"<%d>" % number)


def yes(*channels: bytes) -> list[Answer]:
    return [Answer(SUBSCRIBED, channel) for channel in channels]


def moved(where: str = "1 127.0.0.1:7001") -> Answer:
    return Answer(ANSWERED, error=redis.ResponseError(f"MOVED {where}"))


def test_messages_leave_together_and_in_order():
    exchange = Exchange()
    for number in range(3):
        exchange.publish(message(number))
    assert exchange.take() == b"<0><1><2>"
    assert exchange.take() == b""
    assert len(exchange) == 3
    exchange.answer([OK, OK, OK])
    assert len(exchange) == 0


def test_what_was_not_answered_is_said_again_before_what_is_new():
    exchange = Exchange()
    for number in range(3):
        exchange.publish(message(number))
    exchange.take()
    exchange.answer([OK])
    exchange.publish(message(3))
    exchange.failed()
    exchange.opened()
    assert exchange.take() == b"<1><2><3>"


def test_no_more_is_said_than_may_be_heard_twice(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "UNANSWERED", 2)
    exchange = Exchange()
    for number in range(3):
        exchange.publish(message(number))
    assert exchange.take() == b"<0><1>"
    assert exchange.has_more
    exchange.answer([OK])
    assert exchange.take() == b"<2>"


def test_the_oldest_are_dropped_beyond_the_bound(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "MAX_OUTGOING", 3)
    exchange = Exchange()
    for number in range(5):
        exchange.publish(message(number))
    assert exchange.take() == b"<2><3><4>"
    assert (exchange.dropped, exchange.overflowed) == (2, True)


def test_channels_are_asked_for_together_and_before_messages():
    exchange = Exchange()
    exchange.publish(message(0))
    exchange.subscribe([b"a", b"b"])
    assert exchange.take() == command(b"SUBSCRIBE", b"a", b"b") + b"<0>"


def test_a_channel_is_confirmed_with_the_batch_it_was_asked_in():
    exchange = Exchange()
    exchange.subscribe([b"a", b"b"])
    first = exchange.wanted
    exchange.take()
    exchange.subscribe([b"c"])
    assert exchange.wanted > first
    exchange.answer(yes(b"a"))
    assert not exchange.is_confirmed(b"a")
    exchange.answer(yes(b"b"))
    assert {channel for channel in (b"a", b"b", b"c", b"never asked") if exchange.is_confirmed(channel)} == {b"a", b"b"}
    assert exchange.confirmed == first


def test_after_a_failure_nothing_is_confirmed_until_it_is_again():
    exchange = Exchange()
    exchange.subscribe([b"a"])
    exchange.take()
    exchange.answer(yes(b"a"))
    exchange.failed()
    exchange.opened()
    assert not exchange.is_confirmed(b"a")
    assert exchange.take() == command(b"SUBSCRIBE", b"a")
    exchange.answer(yes(b"a"))
    assert exchange.is_confirmed(b"a")


def test_a_channel_that_was_left_and_is_wanted_again_is_asked_for_again():
    exchange = Exchange()
    exchange.subscribe([b"a", b"b"])
    exchange.take()
    exchange.answer(yes(b"a", b"b"))
    exchange.unsubscribe(b"a")
    exchange.unsubscribe(b"b")
    exchange.subscribe([b"b"])
    assert exchange.take() == command(b"UNSUBSCRIBE", b"a") + command(b"SUBSCRIBE", b"b")
    exchange.answer([Answer(UNSUBSCRIBED, b"a"), *yes(b"b")])
    assert (exchange.is_confirmed(b"a"), exchange.is_confirmed(b"b")) == (False, True)


def test_a_cluster_is_asked_for_channels_of_one_slot_at_a_time():
    exchange = Exchange(sharded=True)
    exchange.subscribe([b"{2}a", b"plain", b"{1}a", b"{2}b"])
    sharded = command(b"SSUBSCRIBE", b"{1}a") + command(b"SSUBSCRIBE", b"{2}a", b"{2}b")
    assert exchange.take() == sharded + command(b"SUBSCRIBE", b"plain")


def test_what_another_node_has_is_neither_confirmed_nor_lost():
    exchange = Exchange(sharded=True)
    exchange.subscribe([b"{1}a", b"{2}a"])
    exchange.publish(message(0))
    exchange.take()
    exchange.answer([moved(), *yes(b"{2}a"), moved()])
    assert (exchange.is_confirmed(b"{1}a"), exchange.is_confirmed(b"{2}a")) == (False, True)
    assert exchange.has_moved
    assert exchange.stray == [message(0)]
    assert exchange.wanted == NEVER
    assert exchange.give_up(lambda channel: channel.startswith(b"{1}")) == ([b"{1}a"], [])
    assert exchange.confirmed >= exchange.wanted


def test_a_channel_whose_slot_moves_away_is_refused_of_redis_s_own_accord():
    exchange = Exchange(sharded=True)
    exchange.subscribe([b"{1}a"])
    exchange.take()
    exchange.answer(yes(b"{1}a"))
    exchange.answer([Answer(UNSUBSCRIBED, b"{1}a")])
    assert exchange.has_moved
    assert exchange.take_refused() == [b"{1}a"]


def test_what_another_link_had_is_older():
    exchange = Exchange()
    exchange.publish(message(2))
    exchange.adopt([], [message(0), message(1)])
    assert exchange.take() == b"<0><1><2>"


@pytest.mark.parametrize("answers", [[OK], yes(b"a"), [Answer(ANSWERED, error=redis.ResponseError("NOPERM"))]])
def test_what_nobody_asked_and_what_is_forbidden_ends_the_connection(answers: list[Answer]):
    with pytest.raises(redis.RedisError):
        Exchange().answer(answers)
