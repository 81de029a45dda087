"""Token buckets in the memory of the process, for events: no round trip on the way of a message.

What has to hold for all processes together is settled afterwards, in the background: see :class:`SharedBuckets`.
Requests are counted by Flask-Limiter: `chat_app.limits`.
"""

import time
from collections import OrderedDict
from collections.abc import Iterator
from itertools import islice
from typing import Any

import redis

SETTLE_EVERY = 1.0
"""Seconds between two settlements."""
PART = 500
"""Keys of one call of the script, which holds up Redis for a millisecond at most."""


class TokenBuckets:
    """`rate` tokens a second for each key, `burst` at most. A key unused for long costs nothing:
    a full bucket equals no bucket, and beyond `capacity` the longest unused ones are dropped."""

    def __init__(self, rate: float, burst: float, capacity: int = 50_000) -> None:
        self._rate = rate
        self._burst = float(burst)
        self._capacity = capacity
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> float:
        """Take one token. Returns 0.0, or the seconds to wait until there is one."""
        now = time.monotonic()
        tokens, since = self._buckets.pop(key, (self._burst, now))
        tokens = min(self._burst, tokens + (now - since) * self._rate)
        wait = 0.0 if tokens >= 1 else (1 - tokens) / self._rate
        self._buckets[key] = (tokens - 1 if not wait else tokens, now)
        if len(self._buckets) > self._capacity:
            self._buckets.popitem(last=False)
        return wait


class SharedBuckets(TokenBuckets):
    """Buckets that all processes drain together, each deciding by itself at once.

    Once a second each tells Redis what it let through and learns what is left for everybody. So whoever
    comes in through N processes gets what one bucket holds, and at most N - 1 times what a process lets
    through in a second, as a debt: what was too much is waited for afterwards. Redis may only lower what is
    left here: while it is away, or when it has lost its memory, each process counts alone and nobody gains.

    `name` tells the buckets of different kinds apart.
    """

    def __init__(self, name: str, rate: float, burst: float, capacity: int = 50_000) -> None:
        super().__init__(rate, burst, capacity)
        self._name = name
        self._spent: OrderedDict[str, int] = OrderedDict()

    def take(self, key: str) -> float:
        wait = super().take(key)
        if not wait:
            self._spent[key] = self._spent.get(key, 0) + 1
            if len(self._spent) > self._capacity:
                self._spent.popitem(last=False)
        return wait

    def settle(self, client: "redis.Redis") -> None:
        """Tell what was spent since, learn what is left. What could not be told is told the next time."""
        spent, self._spent = self._spent, OrderedDict()
        if not spent:
            return
        try:
            levels = self._tell(client, spent)
        except (redis.RedisError, OSError):
            for key, tokens in self._spent.items():
                spent[key] = min(spent.get(key, 0) + tokens, int(self._burst))
                spent.move_to_end(key)
            self._spent = OrderedDict(islice(spent.items(), max(0, len(spent) - self._capacity), None))
            raise
        for key, used in zip(spent, levels, strict=True):
            self._lower(key, self._burst - used - self._spent.get(key, 0))

    def _tell(self, client: "redis.Redis", spent: OrderedDict[str, int]) -> list[float]:
        script = client.register_script(_SETTLE)
        with client.pipeline(transaction=False) as pipeline:
            for part in _parts(spent):
                keys = [f"chatsphere:{self._name}:{key}" for key, _ in part]
                script(keys, [self._rate, *(tokens for _, tokens in part)], client=pipeline)
            answers: list[Any] = pipeline.execute()
        return [float(used) for answer in answers for used in answer]

    def _lower(self, key: str, tokens: float) -> None:
        now = time.monotonic()
        here, since = self._buckets.get(key, (self._burst, now))
        here = min(self._burst, here + (now - since) * self._rate)
        self._buckets[key] = (min(here, tokens), now)
        if len(self._buckets) > self._capacity:
            self._buckets.popitem(last=False)


_SETTLE = """
local clock = redis.call('TIME')
local now, rate = clock[1] + clock[2] / 1000000, tonumber(ARGV[1])
local levels = {}
for i, key in ipairs(KEYS) do
  local stored, used = redis.call('GET', key), tonumber(ARGV[i + 1])
  if stored then
    local was, at = string.match(stored, '(%S+) (%S+)')
    used = used + math.max(0, was - math.max(0, now - at) * rate)
  end
  local text = string.format('%.6f', used)
  redis.call('SET', key, text .. string.format(' %.6f', now), 'PX', math.ceil(used / rate * 1000) + 1000)
  levels[i] = text
end
return levels
"""


def _parts(spent: OrderedDict[str, int]) -> Iterator[list[tuple[str, int]]]:
    items = iter(spent.items())
    while part := list(islice(items, PART)):
        yield part


class NoLimit:
    """Stands in when RATE_LIMITS is off."""

    def take(self, key: str) -> float:
        return 0.0
