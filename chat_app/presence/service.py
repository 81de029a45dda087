"""Presence of people: set by their sockets, told to their watchers (docs/presence.md).

Every chat socket is a device. When Redis is away, presence stands still: it is a hint, and nothing else
waits for it.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import redis
import sqlalchemy as sa
from flask import Flask, current_app

from chat_app.batching import Batcher, Waiting
from chat_app.errors import ChatError
from chat_app.extensions import db, socketio
from chat_app.presence.schemas import MAX_WATCHED
from chat_app.presence.store import (
    GRACE,
    OFFLINE,
    ONLINE,
    TIME_TO_LIVE,
    Entry,
    MemoryPresence,
    PresenceStore,
    RedisPresence,
    State,
)
from chat_app.realtime.connections import Connection, connections
from chat_app.realtime.publish import CHAT, PRESENCE, presence_room, presence_touched
from chat_app.schemas import utc_text
from chat_app.settings import Settings
from chat_app.users.models import User
from chat_app.users.service import visible_to

Told = dict[str, Any]
OVERLAP = 5.0
CLOCKS = 0.5
"""Seconds by which the clocks of the machines may differ, ordinarily."""
RENEWED_AT_ONCE = 200
"""People whose devices are renewed in one transaction of Redis."""
LAST_SEEN_BATCH = 200
"""People of one transaction: other processes store the same ones and wait for its row locks."""


class Presence:
    """What this process knows: the statuses of its own devices, and what its watchers were told last."""

    def __init__(self, store: PresenceStore, entries: "Entries") -> None:
        self.store = store
        self.entries = entries
        self.statuses: dict[str, str] = {}
        self.told: dict[str, str] = {}
        self.dirty: set[str] = set()
        """People about whom something may have changed since the last look."""
        self.again: dict[str, float] = {}
        """When to look at a person once more: a device that left stops counting a moment later, and the
        state of the other devices shows."""
        self.looked_at = self.stored_at = time.time()


class Entries(Batcher[Entry]):
    """Stores devices that came, went or changed, many at once when everybody comes back at once."""

    too_many = "Too many devices come and go. Please try again."

    def __init__(self, app: Flask, store: PresenceStore, size: int = 200, bound: int = 20_000) -> None:
        super().__init__(size, bound, socketio.start_background_task)
        self._app = app
        self._store = store

    def _work(self, batch: list[Waiting[Entry]]) -> None:
        entries = [waiting.item for waiting in batch]
        with self._app.app_context():
            try:
                self._store.put(entries)
                presence_touched(list({entry.user_id for entry in entries}))
            except redis.RedisError as error:
                self._app.logger.info("presence was not stored: %s", error)
        for waiting in batch:
            waiting.answer.set(None)


def init_presence(app: Flask, settings: Settings) -> None:
    store = RedisPresence(settings.redis_url) if settings.redis_url else MemoryPresence()
    app.extensions["presence"] = Presence(store, Entries(app, store))


def _presence() -> Presence:
    found: Presence = current_app.extensions["presence"]
    return found


def arrive(connection: Connection) -> None:
    """A chat socket opened: its person is online on one device more."""
    _presence().statuses[connection.sid] = ONLINE
    _put(connection.user_id, {connection.sid: ONLINE}, TIME_TO_LIVE)


def depart(connection: Connection) -> None:
    """It closed. The device counts for a moment longer, so that a reload tells nobody anything."""
    status = _presence().statuses.pop(connection.sid, ONLINE)
    _put(connection.user_id, {connection.sid: status}, GRACE)


def set_status(connection: Connection, status: str) -> None:
    """For the devices of the same session; the liveliest of all devices counts."""
    devices = {}
    for other in connections().of_session(connection.session_id):
        if other.namespace == CHAT:
            devices[other.sid] = _presence().statuses[other.sid] = status
    if devices:
        _put(connection.user_id, devices, TIME_TO_LIVE)


def _put(user_id: str, devices: dict[str, str], ttl: float) -> None:
    try:
        _presence().entries.submit(Entry(user_id, devices, ttl))
    except ChatError as error:  # too many wait, or too long: the next renewal makes up for it
        current_app.logger.info("presence was not stored: %s", error)


def renew() -> None:
    """Called every RENEW_EVERY seconds: this process's devices are still there."""
    devices: dict[str, dict[str, str]] = {}
    for connection in connections():
        if connection.namespace == CHAT:
            devices.setdefault(connection.user_id, {})[connection.sid] = _presence().statuses.get(
                connection.sid, ONLINE
            )
    entries = [Entry(user_id, theirs, TIME_TO_LIVE) for user_id, theirs in devices.items()]
    for start in range(0, len(entries), RENEWED_AT_ONCE):
        _presence().store.put(entries[start : start + RENEWED_AT_ONCE])


def tell_again() -> None:
    """Redis was away and may have lost who is there: everybody would count as offline until the next renewal."""
    try:
        renew()
    except redis.RedisError as error:
        current_app.logger.info("presence was not stored: %s", error)
    look_at_all()


def watch(connection: Connection, user_ids: list[str]) -> list[Told]:
    """Tell this socket of these people from now on; returns their states. Unseen people are left out."""
    seen = sorted(visible_to(connection.user_id, user_ids))
    if len(connection.watched | set(seen)) > MAX_WATCHED:
        raise ChatError("quota_exceeded", f"A socket may watch at most {MAX_WATCHED} people.")
    for user_id in seen:
        current_app.extensions["bus"].enter_room(connection.sid, PRESENCE, presence_room(user_id))
    connection.watched.update(seen)
    states = _states(seen)
    _presence().told.update({user_id: state.status for user_id, state in states.items()})
    return _as_told(states)


def touched(message: dict[str, Any]) -> None:
    """From the bus: `{user_ids}`; looked at with the next tick, and again after the moment of grace."""
    for user_id in message["user_ids"]:
        if _is_watched(user_id):
            _presence().dirty.add(user_id)
            _presence().again[user_id] = time.time() + GRACE + CLOCKS


def look_at_all() -> None:
    """Called now and then: makes up for messages of the bus that were lost."""
    _presence().dirty.update(_presence().told)


def tell_changes() -> None:
    """Called every second: tell this process's watchers what changed since they were told last.

    Every process looks for itself at who ran out of time, so a process that was killed takes nobody's news
    with it. The look reaches back a little, as the clocks of several machines differ.
    """
    presence = _presence()
    now = time.time()
    expired = presence.store.expired_between(presence.looked_at - OVERLAP, now)
    presence.looked_at = now
    due = {user_id for user_id, moment in presence.again.items() if moment <= now}
    looked = sorted(user_id for user_id in presence.dirty | expired | due if _is_watched(user_id))
    presence.dirty = set()
    for user_id in due:
        del presence.again[user_id]
    states = _states(looked)
    changed = {u: state for u, state in states.items() if presence.told.get(u) != state.status}
    for told in _as_told(changed):
        presence.told[told["user_id"]] = told["status"]
        current_app.extensions["bus"].emit(
            "presence", told, namespace=PRESENCE, room=presence_room(told["user_id"]), ignore_queue=True
        )
    presence.told = {user_id: status for user_id, status in presence.told.items() if _is_watched(user_id)}


def _is_watched(user_id: str) -> bool:
    return presence_room(user_id) in current_app.extensions["bus"].rooms.get(PRESENCE, {})


def gone_since() -> Iterator[list[tuple[str, datetime]]]:
    """Who went offline since this was last read to its end, and when they were last seen; 200 people at most a part."""
    presence = _presence()
    now = time.time()
    gone = sorted(presence.store.expired_between(presence.stored_at, now))
    for start in range(0, len(gone), LAST_SEEN_BATCH):
        states = _states(gone[start : start + LAST_SEEN_BATCH])
        yield [
            (user_id, datetime.fromtimestamp(state.last_seen, UTC))
            for user_id, state in sorted(states.items())
            if state.status == OFFLINE and state.last_seen
        ]
    presence.stored_at = now


def store_last_seen(seen: Sequence[tuple[str, datetime]]) -> None:
    """Keep it in the database. All processes do so, in one order; what another has stored is not written again."""
    if seen:
        db.session.connection().execute(
            sa.update(User)
            .where(
                User.id == sa.bindparam("who"),
                sa.or_(User.last_seen_at.is_(None), User.last_seen_at < sa.bindparam("at")),
            )
            .values(last_seen_at=sa.bindparam("at"), updated_at=User.updated_at),  # being seen changes no profile
            [{"who": user_id, "at": moment} for user_id, moment in seen],
        )


def stop_watching_unseen(user_ids: Iterable[str]) -> None:
    """Somebody left a conversation: sockets here that watch people they can no longer see stop doing so."""
    left = set(user_ids)
    for connection in connections():
        if connection.watched and (connection.user_id in left or connection.watched & left):
            unseen = connection.watched - visible_to(connection.user_id, sorted(connection.watched))
            for user_id in unseen:
                current_app.extensions["bus"].leave_room(connection.sid, PRESENCE, presence_room(user_id))
            connection.watched -= unseen


def online_people(user_id: str) -> list[User]:
    """People that this one may see and who are online or away, a hundred at most."""
    online = visible_to(user_id, sorted(_presence().store.online(5000)))
    return list(db.session.scalars(sa.select(User).where(User.id.in_(online)).order_by(User.username_key).limit(100)))


def _states(user_ids: list[str]) -> dict[str, State]:
    return _presence().store.states(user_ids)


def _as_told(states: dict[str, State]) -> list[Told]:
    unknown = [user_id for user_id, state in states.items() if state.last_seen is None]
    stored = dict(db.session.execute(sa.select(User.id, User.last_seen_at).where(User.id.in_(unknown))).all())
    return [
        {"user_id": user_id, "status": state.status, "last_seen": _moment(state, stored.get(user_id))}
        for user_id, state in states.items()
    ]


def _moment(state: State, stored: datetime | None) -> str | None:
    if state.last_seen is not None:
        return utc_text(datetime.fromtimestamp(state.last_seen, UTC))
    return utc_text(stored) if stored else None
