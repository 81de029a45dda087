"""What a link has to say to its Redis, has said, and has been answered: the bookkeeping, without the connection.

Redis answers in the order of the commands, so `_sent` says what each answer is for. What has no answer when the
connection fails is said again over the next one: others hear it at least once.
"""

from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import groupby
from typing import NamedTuple

import redis

from chat_app.realtime.transport import resp
from chat_app.realtime.transport.resp import Answer
from chat_app.realtime.transport.shards import tag_of

MAX_OUTGOING = 10_000
"""Messages that wait for Redis; beyond it the oldest are dropped, and all processes are told once Redis is back."""
UNANSWERED = 2_000
"""Messages at most that Redis has yet to answer, hence that others may hear twice after a failure."""
SUBSCRIBED_AT_ONCE = 500
"""Channels of one command."""
NEVER = 1 << 62


class Publish(NamedTuple):
    channel: bytes
    command: bytes


class Subscribe(NamedTuple):
    channels: tuple[bytes, ...]
    batch: int
    is_last: bool
    """Of its batch."""


class Unsubscribe(NamedTuple):
    channel: bytes


class Exchange:
    """With `sharded`, channels of our own are a Cluster's sharded ones: only their node hears of them (Redis 7).

    Channels are asked for in numbered batches: all that were wanted when the link last wrote. `confirmed` is the last
    batch that Redis has answered; what is wanted now is confirmed with batch `wanted`.
    """

    def __init__(self, *, sharded: bool = False) -> None:
        self._sharded = sharded
        self._waiting: deque[Publish] = deque()
        self._sent: deque[Publish | Subscribe | Unsubscribe] = deque()
        self._channels: dict[bytes, int] = {}
        """Wanted, with the batch in which Redis is asked for it."""
        self._ask: dict[bytes, None] = {}
        self._leave: dict[bytes, None] = {}
        self._refused: set[bytes] = set()
        """Wanted, but another node has them now."""
        self._batch = 0
        self.confirmed = 0
        self.stray: list[Publish] = []
        """Messages that another node has to be told."""
        self.has_moved = False
        """Whether Redis has said that another node has something of it."""
        self.dropped = 0
        self.overflowed = False
        """Whether messages were dropped that nobody was told of."""

    # -- what is wanted --------------------------------------------------------------------------------

    def __len__(self) -> int:
        """Messages that Redis has not taken, as far as one knows."""
        return len(self._waiting) + len(self._sent)

    def publish(self, message: Publish) -> None:
        if len(self) >= MAX_OUTGOING:
            with suppress(IndexError):
                self._waiting.popleft()
                self.dropped += 1
                self.overflowed = True
        self._waiting.append(message)

    def subscribe(self, channels: Iterable[bytes]) -> None:
        for channel in channels:
            self._channels[channel] = self._batch + 1
            self._ask[channel] = None
            self._leave.pop(channel, None)

    def unsubscribe(self, channel: bytes) -> None:
        if self._channels.pop(channel, None) is not None:
            self._ask.pop(channel, None)
            self._refused.discard(channel)
            self._leave[channel] = None

    def is_confirmed(self, channel: bytes) -> bool:
        """Whether Redis has said that it sends us what is published there."""
        return self._channels.get(channel, NEVER) <= self.confirmed

    @property
    def wanted(self) -> int:
        """The batch that confirms all that is wanted now; none does while something is refused."""
        return NEVER if self._refused else self._batch + bool(self._ask)

    def give_up(self, is_elsewhere: Callable[[bytes], bool]) -> tuple[list[bytes], list[Publish]]:
        """Another node has some channels: they, and what waits for them, leave."""
        channels = [channel for channel in self._channels if is_elsewhere(channel)]
        for channel in channels:
            del self._channels[channel]
            self._ask.pop(channel, None)
            self._refused.discard(channel)
        messages = [message for message in self._waiting if is_elsewhere(message.channel)]
        if messages:
            self._waiting = deque(message for message in self._waiting if not is_elsewhere(message.channel))
        return channels, messages

    def adopt(self, channels: Iterable[bytes], messages: list[Publish]) -> None:
        """What another link had; its messages are older."""
        self._waiting.extendleft(reversed(messages))
        self.subscribe(channels)

    def take_refused(self) -> list[bytes]:
        """What was refused here and is still wanted."""
        refused, self._refused = self._refused, set()
        return [channel for channel in refused if channel in self._channels]

    # -- what is said ----------------------------------------------------------------------------------

    def take(self) -> bytes:
        """What is to be written next, empty if nothing is; it counts as sent."""
        commands: list[bytes] = []
        if self._ask or self._leave:
            self._take_subscriptions(commands)
        waiting, sent = self._waiting, self._sent
        for _ in range(min(UNANSWERED - len(sent), len(waiting))):
            message = waiting.popleft()
            sent.append(message)
            commands.append(message.command)
        return b"".join(commands)

    def _take_subscriptions(self, commands: list[bytes]) -> None:
        for channel in self._leave:
            self._sent.append(Unsubscribe(channel))
            commands.append(resp.command(self._verb(channel, b"UNSUBSCRIBE"), channel))
        self._leave.clear()
        if not self._ask:
            return
        self._batch += 1
        self._channels.update(dict.fromkeys(self._ask, self._batch))
        parts = [
            (verb, tuple(channels[at : at + SUBSCRIBED_AT_ONCE]))
            for verb, channels in self._groups(self._ask)
            for at in range(0, len(channels), SUBSCRIBED_AT_ONCE)
        ]
        self._ask.clear()
        for number, (verb, channels) in enumerate(parts, 1):
            self._sent.append(Subscribe(channels, self._batch, number == len(parts)))
            commands.append(resp.command(verb, *channels))

    def _groups(self, asked: Iterable[bytes]) -> Iterable[tuple[bytes, list[bytes]]]:
        """One command asks a Cluster for channels of one slot."""
        if not self._sharded:
            yield b"SUBSCRIBE", list(asked)
            return
        by_slot = sorted((self._verb(channel, b"SUBSCRIBE"), tag_of(channel), channel) for channel in asked)
        for (verb, _), group in groupby(by_slot, lambda one: one[:2]):
            yield verb, [channel for *_, channel in group]

    def _verb(self, channel: bytes, verb: bytes) -> bytes:
        return b"S" + verb if self._sharded and channel.startswith(b"{") else verb

    @property
    def has_more(self) -> bool:
        """Whether messages wait for earlier ones to be answered."""
        return bool(self._waiting)

    # -- what is answered ------------------------------------------------------------------------------

    def opened(self) -> None:
        """A new connection: everything that is wanted is asked for anew."""
        self._refused.clear()
        self._leave.clear()
        self.subscribe(list(self._channels))

    def failed(self) -> None:
        """The connection is gone: what has no answer waits again."""
        self._waiting.extendleft(reversed([command for command in self._sent if isinstance(command, Publish)]))
        self._sent.clear()

    def answer(self, answers: Iterable[Answer]) -> None:
        """Raises a redis-py error for a refusal, and for what nobody asked."""
        for answer in answers:
            command = self._sent[0] if self._sent else None
            if answer.kind == resp.UNSUBSCRIBED:
                if command == Unsubscribe(answer.channel):
                    self._sent.popleft()
                else:  # of Redis's own accord: the channel's slot has moved to another node
                    self._refuse([answer.channel])
            elif answer.error is not None:
                self._answer_error(command, answer.error)
            elif isinstance(command, Subscribe) and answer.channel in command.channels:
                if answer.channel == command.channels[-1]:
                    self._end_subscribe(command)
            elif isinstance(command, Publish) and answer.kind == resp.ANSWERED:
                self._sent.popleft()
            else:
                raise redis.ConnectionError("Redis answered what nobody asked")

    def _answer_error(self, command: Publish | Subscribe | Unsubscribe | None, error: redis.ResponseError) -> None:
        if not str(error).startswith("MOVED"):
            raise error
        if isinstance(command, Subscribe):
            self._refuse(command.channels)
            self._end_subscribe(command)
            return
        self._sent.popleft()
        if isinstance(command, Publish):
            self.stray.append(command)
            self.has_moved = True

    def _end_subscribe(self, command: Subscribe) -> None:
        self._sent.popleft()
        if command.is_last:
            self.confirmed = command.batch

    def _refuse(self, channels: Iterable[bytes]) -> None:
        for channel in channels:
            if channel in self._channels:
                self._channels[channel] = NEVER
                self._refused.add(channel)
                self.has_moved = True
