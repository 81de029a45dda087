"""Token buckets: how much of something somebody may do, in the memory of a process or shared through Redis.

A bucket holds `amount` tokens and fills from empty to full in `seconds`, evenly: what is over after a
burst comes back little by little, and the time until the next token is exact. Only what was used is kept,
so a full bucket costs nothing, and a limit that is changed counts at once.

For requests. What is decided on the way of a message may not ask Redis: see `chat_app.realtime.rates`.
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple, Protocol, cast

import redis
from limits import parse
from redis.backoff import NoBackoff
from redis.retry import Retry

log = logging.getLogger(__name__)

PATIENCE = 1.0
"""Seconds that one call may wait for Redis; then it counts as away until it answers again."""
LOOK_AGAIN_EVERY = 1.0
CONNECTIONS = 64


class Limit(NamedTuple):
    """`amount` at once; used up, it is whole again after `seconds`."""

    amount: int
    seconds: float

    @classmethod
    def parse(cls, text: str) -> "Limit":
        """From e.g. ``300/minute`` or ``10 per 5 minutes``; `ValueError` for anything else."""
        item = parse(text)
        return cls(item.amount, item.get_expiry())

    @property
    def rate(self) -> float:
        """Tokens a second."""
        return self.amount / self.seconds


class Charge(NamedTuple):
    """Take `cost` tokens from the bucket `key`. 0 looks whether there is one, a negative cost gives back."""

    key: str
    limit: Limit
    cost: int = 1


class Balance(NamedTuple):
    """A bucket after a charge: `used` tokens are missing; `wait` seconds until it could be taken, 0 if it was."""

    limit: Limit
    used: float
    wait: float

    @property
    def left(self) -> int:
        return max(0, int(self.limit.amount - self.used))

    @property
    def full_in(self) -> float:
        """Seconds until the bucket is full."""
        return self.used / self.limit.rate


class Buckets(Protocol):
    def charge(self, charges: Sequence[Charge], *, force: bool = False) -> list[Balance]:
        """Take from all of these buckets, or from none when one of them has too little (its `wait` tells).

        `force` takes what is there in any case: for what cannot be refused any more.
        """


class NoBuckets:
    """Stands in when RATE_LIMITS is off."""

    def charge(self, charges: Sequence[Charge], *, force: bool = False) -> list[Balance]:
        return []


class MemoryBuckets:
    """For one process. Beyond `capacity` the longest unused buckets are forgotten, that is: full."""

    def __init__(self, capacity: int = 100_000) -> None:
        self._capacity = capacity
        self._used: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def charge(self, charges: Sequence[Charge], *, force: bool = False) -> list[Balance]:
        now = time.monotonic()
        with self._lock:
            used = [self._level(charge, now) for charge in charges]
            refused = not force and any(map(_lacks, charges, used))
            if not refused:
                used = [self._take(charge, level, now) for charge, level in zip(charges, used, strict=True)]
        return _balances(charges, used, refused)

    def _level(self, charge: Charge, now: float) -> float:
        used, at = self._used.get(charge.key, (0.0, now))
        return max(0.0, used - (now - at) * charge.limit.rate)

    def _take(self, charge: Charge, used: float, now: float) -> float:
        used = min(float(charge.limit.amount), max(0.0, used + charge.cost))
        self._used.pop(charge.key, None)
        if used:
            self._used[charge.key] = (used, now)
        if len(self._used) > self._capacity:
            self._used.popitem(last=False)
        return used


def _lacks(charge: Charge, used: float) -> bool:
    return used + max(charge.cost, 1) > charge.limit.amount


def _balances(charges: Sequence[Charge], used: Sequence[float], refused: bool) -> list[Balance]:
    balances = []
    for charge, level in zip(charges, used, strict=True):
        lacking = level + max(charge.cost, 1) - charge.limit.amount if refused else 0.0
        balances.append(Balance(charge.limit, level, max(0.0, lacking) / charge.limit.rate))
    return balances


_CHARGE = """
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local forced, refused, used = ARGV[1] == '1', 0, {}
for i, key in ipairs(KEYS) do
  local amount, seconds, cost = tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i]), tonumber(ARGV[3 * i + 1])
  local stored, level = redis.call('GET', key), 0
  if stored then
    local was, at = string.match(stored, '(%S+) (%S+)')
    level = math.max(0, was - math.max(0, now - at) * amount / seconds)
  end
  if not forced and level + math.max(cost, 1) > amount then refused = 1 end
  used[i] = level
end
local answer = {refused}
for i, key in ipairs(KEYS) do
  local amount, seconds, cost = tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i]), tonumber(ARGV[3 * i + 1])
  if refused == 0 and cost ~= 0 then
    used[i] = math.min(amount, math.max(0, used[i] + cost))
    if used[i] > 0 then
      local text = string.format('%.6f %.6f', used[i], now)
      redis.call('SET', key, text, 'PX', math.ceil(used[i] * seconds / amount * 1000) + 1000)
    else
      redis.call('DEL', key)
    end
  end
  answer[i + 1] = string.format('%.6f', used[i])
end
return answer
"""


class RedisBuckets:
    """For all processes together: one round trip for all buckets of a charge, by Redis's clock.

    When Redis does not answer within `PATIENCE`, this process counts alone, at once, until Redis is back;
    a task in the background looks for it, so that no request has to.
    """

    def __init__(self, url: str) -> None:
        pool = redis.BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=PATIENCE,
            socket_timeout=PATIENCE,
            socket_connect_timeout=PATIENCE,
            retry=Retry(NoBackoff(), 0),
        )
        self._redis = redis.Redis(connection_pool=pool)
        self._script = self._redis.register_script(_CHARGE)
        self._here = MemoryBuckets()
        self._away = False

    @property
    def is_alone(self) -> bool:
        """Whether this process counts by itself because Redis does not answer."""
        return self._away

    def charge(self, charges: Sequence[Charge], *, force: bool = False) -> list[Balance]:
        if not self._away:
            try:
                return self._ask(charges, force)
            except (redis.RedisError, OSError) as error:
                self._leave(error)
        return self._here.charge(charges, force=force)

    def _ask(self, charges: Sequence[Charge], force: bool) -> list[Balance]:
        arguments: list[str | int | float] = [int(force)]
        for charge in charges:
            arguments += [charge.limit.amount, charge.limit.seconds, charge.cost]
        keys = [f"chatsphere:limit:{charge.key}" for charge in charges]
        refused, *used = cast(list[bytes], self._script(keys, arguments))
        return _balances(charges, [float(level) for level in used], bool(refused))

    def _leave(self, error: Exception) -> None:
        if self._away:
            return
        self._away = True
        log.warning("Redis does not answer (%s): until it does, this process limits requests alone", error)
        # Connections that died in silence would cost the next requests their patience, one after the other.
        self._redis.connection_pool.disconnect(inuse_connections=False)
        threading.Thread(target=self._return, daemon=True).start()

    def _return(self) -> None:
        while self._away:
            time.sleep(LOOK_AGAIN_EVERY)
            try:
                self._redis.ping()
            except (redis.RedisError, OSError):
                continue
            self._away = False
        log.warning("Redis is back: requests are limited together again")
