"""Redis's protocol (RESP3), as far as a link of the bus needs it: commands out, messages and answers in.

https://redis.io/docs/latest/develop/reference/protocol-spec/. redis-py's own reading costs several times what a
message needs.
"""

import re
from typing import Any, NamedTuple

from redis import ResponseError

SUBSCRIBED, UNSUBSCRIBED, ANSWERED = "subscribed", "unsubscribed", "answered"
_PUBLISH = b"*3\r\n$7\r\nPUBLISH\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n"
_SPUBLISH = b"*3\r\n$8\r\nSPUBLISH\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n"
_PUSH = re.compile(rb">3\r\n\$\d+\r\ns?(message|subscribe|unsubscribe)\r\n\$(\d+)\r\n")
_SIZE = re.compile(rb"\$(\d+)\r\n")
_NUMBER = re.compile(rb":\d+\r\n")


class Answer(NamedTuple):
    """To one of our commands, or, of its own accord, that a subscription has ended."""

    kind: str
    channel: bytes = b""
    error: ResponseError | None = None


_OK = Answer(ANSWERED)


def command(*parts: bytes) -> bytes:
    return b"*%d\r\n" % len(parts) + b"".join([b"$%d\r\n%b\r\n" % (len(part), part) for part in parts])


def publish(channel: bytes, data: bytes, *, sharded: bool = False) -> bytes:
    """The command that most are."""
    form = _SPUBLISH if sharded else _PUBLISH
    return form % (len(channel), channel, len(data), data)


class Reader:
    """Takes bytes as they come, however they are cut."""

    def __init__(self) -> None:
        self._rest = b""

    def read(self, data: bytes) -> tuple[list[bytes], list[Answer]]:
        """What was published, and the answers, each in order. Raises `ResponseError` for what is no RESP."""
        buffer = self._rest + data if self._rest else data
        messages: list[bytes] = []
        answers: list[Answer] = []
        at = 0
        while at < len(buffer):
            number = _NUMBER.match(buffer, at)
            if number:
                answers.append(_OK)
                at = number.end()
                continue
            push = _PUSH.match(buffer, at)
            end = _read_push(buffer, push, messages, answers) if push else _read_other(buffer, at, answers)
            if not end:
                break
            at = end
        self._rest = buffer[at:]
        return messages, answers


def _read_push(buffer: bytes, push: re.Match[bytes], messages: list[bytes], answers: list[Answer]) -> int:
    """Where it ends, 0 when it is not complete."""
    start = push.end()
    channel_end = start + int(push[2])
    kind = push[1]
    if kind == b"message":
        size = _SIZE.match(buffer, channel_end + 2)
        if size is None:
            return 0
        begin = size.end()
        end = begin + int(size[1])
        if len(buffer) < end + 2:
            return 0
        messages.append(buffer[begin:end])
        return end + 2
    count = _NUMBER.match(buffer, channel_end + 2)
    if count is None:
        return 0
    answers.append(Answer(SUBSCRIBED if kind == b"subscribe" else UNSUBSCRIBED, buffer[start:channel_end]))
    return count.end()


def _read_other(buffer: bytes, at: int, answers: list[Answer]) -> int:
    """An error, or something that no link asked for; where it ends, 0 when it is not complete."""
    reply = _value(buffer, at)
    if reply is None:
        return 0
    value, end = reply
    if isinstance(value, ResponseError):
        answers.append(Answer(ANSWERED, error=value))
    elif buffer[at : at + 1] != b">":
        answers.append(_OK)
    return end


def _value(data: bytes, at: int) -> tuple[Any, int] | None:
    end = data.find(b"\r\n", at)
    if end < 0:
        return None
    kind, head = data[at : at + 1], data[at + 1 : end]
    at = end + 2
    if kind == b"-":
        return ResponseError(head.decode(errors="replace")), at
    if kind in (b"$", b"=", b"!") and head != b"-1":
        end = at + int(head)
        return (data[at:end], end + 2) if len(data) >= end + 2 else None
    if kind in (b"*", b">", b"~", b"%"):
        values = []
        for _ in range(int(head) * (2 if kind == b"%" else 1)):
            reply = _value(data, at)
            if reply is None:
                return None
            value, at = reply
            values.append(value)
        return values, at
    if kind in (b"+", b":", b"_", b"#", b",", b"(", b"$"):
        return head, at
    raise ResponseError("Redis said something that is not its protocol")
