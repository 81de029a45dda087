"""What Redis sends, wherever it is cut."""

import pytest
import redis

from chat_app.realtime.transport.resp import ANSWERED, SUBSCRIBED, UNSUBSCRIBED, Reader, command, publish

STREAM = (
    b">3\r\n$9\r\nsubscribe\r\n$2\r\nch\r\n:1\r\n"
    b">3\r\n$7\r\nmessage\r\n$2\r\nch\r\n$7\r\none\r\n>3\r\n"
    b":2\r\n-MOVED 12 127.0.0.1:7000\r\n"
    b">3\r\n$8\r\nsmessage\r\n$5\r\n{1}ch\r\n$0\r\n\r\n"
    b">2\r\n+invalidate\r\n*1\r\n$1\r\nk\r\n"
    b">3\r\n$12\r\nsunsubscribe\r\n$5\r\n{1}ch\r\n:0\r\n:0\r\n"
)
"""The first message looks like the beginning of another; in between is something that no link asked for."""


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50, len(STREAM)])
def test_messages_and_answers_are_read_wherever_they_are_cut(size: int):
    reader, messages, answers = Reader(), [], []
    for at in range(0, len(STREAM), size):
        some, others = reader.read(STREAM[at : at + size])
        messages += some
        answers += others
    assert messages == [b"one\r\n>3", b""]
    kinds = [answer.kind for answer in answers]
    assert kinds == [SUBSCRIBED, ANSWERED, ANSWERED, UNSUBSCRIBED, ANSWERED]
    assert [answer.channel for answer in answers] == [b"ch", b"", b"", b"{1}ch", b""]
    assert str(answers[2].error) == "MOVED 12 127.0.0.1:7000"


@pytest.mark.parametrize("garbage", [b"HTTP/1.1 400 Bad Request\r\n", b"$x\r\n", b"*-\r\n"])
def test_what_is_not_redis_is_an_error(garbage: bytes):
    with pytest.raises((redis.ResponseError, ValueError)):
        Reader().read(garbage)


def test_a_command_holds_any_bytes():
    assert command(b"PUBLISH", b"ch", b"\r\n\x00") == b"*3\r\n$7\r\nPUBLISH\r\n$2\r\nch\r\n$3\r\n\r\n\x00\r\n"
    assert publish(b"ch", b"\r\n\x00") == command(b"PUBLISH", b"ch", b"\r\n\x00")
    assert publish(b"ch", b"", sharded=True) == command(b"SPUBLISH", b"ch", b"")
