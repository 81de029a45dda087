"""Token buckets in the memory of the process, for events: no round trip on the way of a message."""

import time
from collections import OrderedDict


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


class NoLimit:
    """Stands in when RATE_LIMITS is off."""

    def take(self, key: str) -> float:
        return 0.0
