"""Where Flask-Limiter counts: in the memory of one process, or in Redis for all of them together.

Two storages for the `limits` library, chosen by the scheme of RATELIMIT_STORAGE_URI. Its own would do but for three
things: memory is bounded here, the end of a window is exact to the millisecond, and when Redis does not answer
all counters go on in memory at once, without a request having to look for Redis.
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextvars import ContextVar
from functools import partial
from typing import TypeVar

import redis
from limits.storage import RedisStorage, Storage
from redis.backoff import NoBackoff
from redis.retry import Retry

log = logging.getLogger(__name__)

PATIENCE = 1.0
"""Seconds that one call may wait for Redis; then it counts as away until it answers again."""
LOOK_AGAIN_EVERY = 1.0
CONNECTIONS = 64
COUNT = """
local count = redis.call("INCRBY", KEYS[1], ARGV[2])
local left = redis.call("PTTL", KEYS[1])
if left < 0 then
  redis.call("PEXPIRE", KEYS[1], ARGV[1])
  left = tonumber(ARGV[1])
end
return {count, left}
"""
"""Count, and tell the count and the milliseconds left of its window, in one round trip."""
Answer = TypeVar("Answer")
_told: ContextVar[tuple[str, int, float]] = ContextVar("told", default=("", 0, 0.0))
"""What Redis answered to this request last: the counter, its count, and when its window ends."""


class MemoryCounters(Storage):
    """Counters that end with their window. Beyond `capacity` the one begun first is forgotten: it is at zero again."""

    STORAGE_SCHEME = ["bounded"]  # noqa: RUF012  (as the base class has it)

    def __init__(self, uri: str | None = None, capacity: int = 100_000) -> None:
        super().__init__(uri)
        self._capacity = capacity
        self._counters: OrderedDict[str, tuple[int, float]] = OrderedDict()
        """Key → count and when its window ends."""
        self._lock = threading.Lock()

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        with self._lock:
            count, until = self._read(key)
            if not until:
                self._counters.pop(key, None)
                until = time.time() + expiry
            self._counters[key] = (count + amount, until)
            if len(self._counters) > self._capacity:
                self._counters.popitem(last=False)
            return count + amount

    def _read(self, key: str) -> tuple[int, float]:
        count, until = self._counters.get(key, (0, 0.0))
        return (count, until) if until > time.time() else (0, 0.0)

    def get(self, key: str) -> int:
        return self._read(key)[0]

    def get_expiry(self, key: str) -> float:
        return self._read(key)[1] or time.time()

    def window(self, key: str) -> tuple[int, float]:
        """Count and end of a window that was counted in just now."""
        return self.get(key), self.get_expiry(key)

    def clear(self, key: str) -> None:
        self._counters.pop(key, None)

    def check(self) -> bool:
        return True

    def reset(self) -> int:
        count = len(self._counters)
        self._counters.clear()
        return count


class RedisCounters(RedisStorage):
    """In Redis; while it is away, this process counts alone. A task in the background looks for its return."""

    STORAGE_SCHEME = ["shared+redis", "shared+rediss", "shared+unix"]  # noqa: RUF012  (as the base class has it)

    def __init__(self, uri: str) -> None:
        pool = redis.BlockingConnectionPool.from_url(
            uri.removeprefix("shared+"),
            max_connections=CONNECTIONS,
            timeout=PATIENCE,
            socket_timeout=PATIENCE,
            socket_connect_timeout=PATIENCE,
            retry=Retry(NoBackoff(), 0),
        )
        super().__init__("redis://", connection_pool=pool, key_prefix="chatsphere:limit")
        self._pool = pool
        self._count = self.storage.register_script(COUNT)
        self._here = MemoryCounters()
        self._away = False

    @property
    def is_alone(self) -> bool:
        """Whether this process counts by itself because Redis does not answer."""
        return self._away

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        _told.set(("", 0, 0.0))
        return self._ask(partial(self._add, key, expiry, amount), partial(self._here.incr, key, expiry, amount))

    def _add(self, key: str, expiry: int, amount: int) -> int:
        count, left = self._count([self.prefixed_key(key)], [int(expiry * 1000), amount])
        _told.set((key, int(count), time.time() + int(left) / 1000))
        return int(count)

    def window(self, key: str) -> tuple[int, float]:
        """Count and end of a window that was counted in just now: what Redis told then, if it told nothing since."""
        known, count, ends = _told.get()
        return (count, ends) if known == key else (self.get(key), self.get_expiry(key))

    def get(self, key: str) -> int:
        return self._ask(partial(super().get, key), partial(self._here.get, key))

    def get_expiry(self, key: str) -> float:
        return self._ask(partial(self._ends, key), partial(self._here.get_expiry, key))

    def clear(self, key: str) -> None:
        self._ask(partial(super().clear, key), partial(self._here.clear, key))

    def _ends(self, key: str) -> float:
        return time.time() + max(0, int(self.storage.pttl(self.prefixed_key(key)))) / 1000

    def _ask(self, there: Callable[[], Answer], here: Callable[[], Answer]) -> Answer:
        if not self._away:
            try:
                return there()
            except (redis.RedisError, OSError) as error:
                self._leave(error)
        return here()

    def _leave(self, error: Exception) -> None:
        if self._away:
            return
        self._away = True
        log.warning("Redis does not answer (%s): until it does, this process limits requests alone", error)
        # Connections that died in silence would cost the next requests their patience, one after the other.
        self._pool.disconnect(inuse_connections=False)
        threading.Thread(target=self._return, daemon=True).start()

    def _return(self) -> None:
        while self._away:
            time.sleep(LOOK_AGAIN_EVERY)
            self._away = not self.check()
        log.warning("Redis is back: requests are limited together again")
