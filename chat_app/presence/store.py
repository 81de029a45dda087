"""Where presence is kept: in Redis for several processes, in memory for one.

Each device (socket) has an entry with a time to live that its process renews. A process that dies renews
nothing, so its people go offline by themselves. Entries outlive their time as the record of `last_seen`.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, cast

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

TIME_TO_LIVE = 45.0
"""Seconds that a device counts without being renewed."""
RENEW_EVERY = 15.0
GRACE = 4.0
"""Seconds that a device still counts after it has gone: a page that reloads does not blink."""
REMEMBERED = 7 * 86400
ONLINE, AWAY, OFFLINE = "online", "away", "offline"


@dataclass(frozen=True, slots=True)
class State:
    """`last_seen` is in seconds since 1970; None when nothing is known of the person."""

    status: str
    last_seen: float | None


Devices = dict[str, tuple[str, float]]
"""`{device: (status, expires_at)}`."""


class Entry(NamedTuple):
    """Devices of a person, `{device: status}`, for `ttl` seconds from now."""

    user_id: str
    devices: dict[str, str]
    ttl: float


class PresenceStore(Protocol):
    def put(self, entries: Sequence[Entry]) -> None:
        """Set or renew devices; of two entries of one device the later counts."""

    def states(self, user_ids: Iterable[str]) -> dict[str, State]:
        """The state of each of them."""

    def expired_between(self, since: float, until: float) -> set[str]:
        """People whose last device ran out in that time."""

    def online(self, limit: int) -> set[str]:
        """People with a live device, `limit` at most."""


def combine(devices: Iterable[tuple[str, float]], now: float) -> State:
    """The state of a person from `(status, expires_at)` of all their devices: the liveliest counts."""
    seen = [(status, expires_at) for status, expires_at in devices]
    live = {status for status, expires_at in seen if expires_at > now}
    if live:
        return State(ONLINE if ONLINE in live else AWAY, now)
    last = max((expires_at for _, expires_at in seen), default=None)
    return State(OFFLINE, last)


class MemoryPresence:
    """For one process."""

    def __init__(self) -> None:
        self._people: dict[str, Devices] = {}
        self._forget_at = 0.0

    def put(self, entries: Sequence[Entry]) -> None:
        now = time.time()
        for user_id, devices, ttl in entries:
            known = self._people.setdefault(user_id, {})
            for device in [device for device, (_, expires_at) in known.items() if expires_at < now and len(known) > 1]:
                del known[device]
            known.update({device: (status, now + ttl) for device, status in devices.items()})
        self._forget(now)

    def _forget(self, now: float) -> None:
        if now < self._forget_at:
            return
        self._forget_at = now + 3600
        for user_id in [u for u, d in self._people.items() if self._last(d) < now - REMEMBERED]:
            del self._people[user_id]

    @staticmethod
    def _last(devices: dict[str, tuple[str, float]]) -> float:
        return max((expires_at for _, expires_at in devices.values()), default=0.0)

    def states(self, user_ids: Iterable[str]) -> dict[str, State]:
        now = time.time()
        return {user_id: combine(self._people.get(user_id, {}).values(), now) for user_id in user_ids}

    def expired_between(self, since: float, until: float) -> set[str]:
        return {u for u, devices in self._people.items() if since < self._last(devices) <= until}

    def online(self, limit: int) -> set[str]:
        now = time.time()
        return set([u for u, devices in self._people.items() if self._last(devices) > now][:limit])


class RedisPresence:
    """For several processes: a hash `device → status:expiry` per person, and a sorted set of people by
    their last expiry. The hash is the truth; the sorted set tells where to look."""

    PEOPLE = "chatsphere:presence"

    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(
            url,
            socket_timeout=2,
            socket_connect_timeout=1,
            retry=Retry(NoBackoff(), 0),
            decode_responses=True,
            max_connections=50,
        )

    @staticmethod
    def _key(user_id: str) -> str:
        return f"chatsphere:presence:{user_id}"

    def put(self, entries: Sequence[Entry]) -> None:
        """In two round trips, or in one for those who stay: nobody's devices count for longer than theirs will."""
        if not entries:
            return
        now = time.time()
        set_now: dict[str, Devices] = {}
        for entry in entries:
            here = set_now.setdefault(entry.user_id, {})
            here.update({device: (status, now + entry.ttl) for device, status in entry.devices.items()})
        until = {user_id: max(expiry for _, expiry in devices.values()) for user_id, devices in set_now.items()}
        others = self._devices([user_id for user_id, last in until.items() if last < now + TIME_TO_LIVE])
        with self._redis.pipeline() as pipeline:
            for user_id, devices in set_now.items():
                key = self._key(user_id)
                known = others.get(user_id, {})
                if gone := [device for device, (_, expiry) in known.items() if expiry < now - REMEMBERED / 100]:
                    pipeline.hdel(key, *gone)
                pipeline.hset(key, mapping={one: f"{status}:{expiry}" for one, (status, expiry) in devices.items()})
                pipeline.expire(key, REMEMBERED)
                elsewhere = [expiry for device, (_, expiry) in known.items() if device not in devices]
                until[user_id] = max([until[user_id], *elsewhere])
            pipeline.zadd(self.PEOPLE, until)
            pipeline.zremrangebyscore(self.PEOPLE, "-inf", now - REMEMBERED)
            pipeline.execute()

    def states(self, user_ids: Iterable[str]) -> dict[str, State]:
        now = time.time()
        return {user_id: combine(devices.values(), now) for user_id, devices in self._devices(list(user_ids)).items()}

    def _devices(self, people: Sequence[str]) -> dict[str, Devices]:
        if not people:
            return {}
        with self._redis.pipeline(transaction=False) as pipeline:
            for user_id in people:
                pipeline.hgetall(self._key(user_id))
            return dict(zip(people, map(self._read, pipeline.execute()), strict=True))

    @staticmethod
    def _read(devices: dict[str, str]) -> Devices:
        parts = {device: text.partition(":") for device, text in devices.items()}
        return {device: (status, float(expiry)) for device, (status, _, expiry) in parts.items()}

    def expired_between(self, since: float, until: float) -> set[str]:
        return set(cast(list[str], self._redis.zrangebyscore(self.PEOPLE, f"({since}", until)))

    def online(self, limit: int) -> set[str]:
        found = self._redis.zrevrangebyscore(self.PEOPLE, "+inf", f"({time.time()}", start=0, num=limit)
        return set(cast(list[str], found))
