"""Which channel of Redis a message travels on: a process hears only those of the rooms that it has clients in.

A room's name is hashed to one of `SHARDS` channels. There are so many that a process hears hardly anything that it
need not (1 % of everything with 10,000 rooms here), and yet their number is bounded, in Redis and here, and names of
any kind and length fit. On a Redis Cluster a channel lives where the tag in its name puts it; there are `TAGS`, so
that many channels can be asked for in one command.
"""

from functools import lru_cache
from typing import Any
from zlib import crc32

SHARDS = 1 << 20
TAGS = 1024
KNOWN = 1 << 16
"""Channels that are remembered by the name of their room."""
HOST_MARK = "_p"
HOST_SIZE = 8
"""A client's own room begins with `HOST_MARK` and so many characters of its process."""


def host_prefix(host_id: str) -> str:
    """With it begins each session id of a process."""
    return HOST_MARK + host_id[:HOST_SIZE]


class Shards:
    """The names of an application's channels. `prefix` sets it apart from others on the same Redis."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix.replace("{", "(").encode()
        self._channel = lru_cache(KNOWN)(self._compute)

    def of_room(self, namespace: str, room: Any) -> bytes:
        """A room's channel. All clients of a process have theirs in common, so that it is asked for only once."""
        key = str(room)
        if key.startswith(HOST_MARK):
            return self.of_host(key[len(HOST_MARK) :])
        return self._channel(f"{namespace} {key}")

    def of_host(self, host_id: str) -> bytes:
        """The channel of what one process is told: answers to its questions, news for one of its clients."""
        return self._channel(host_id[:HOST_SIZE])

    def _compute(self, key: str) -> bytes:
        number = crc32(key.encode(errors="surrogatepass")) % SHARDS
        return b"{%d}%b/%x" % (number % TAGS, self._prefix, number // TAGS)

    def common(self) -> bytes:
        """For what every process has to hear."""
        return b"{0}%b" % self._prefix

    def heart(self, tag: int, host_id: str) -> bytes:
        """Where a process listens for itself, at the node that has `tag`."""
        return b"{%d}%b/heart/%b" % (tag, self._prefix, host_id.encode())


def tag_of(channel: bytes) -> int:
    """Its tag; 0 for a channel that is not ours: it is heard at any node."""
    return int(channel[1 : channel.index(b"}")]) if channel.startswith(b"{") else 0


def slot_of_tag(tag: int) -> int:
    """https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags"""
    from redis.crc import key_slot

    return key_slot(b"%d" % tag)
