"""Puts the real-time side together: server, namespaces, bus, rooms, and the work that repeats."""

from functools import partial
from typing import Any
from urllib.parse import urlsplit

import redis
from flask import Flask, current_app
from limits import parse
from redis.backoff import NoBackoff
from redis.retry import Retry

from chat_app.db import transaction
from chat_app.extensions import socketio
from chat_app.http import SocketHeaders
from chat_app.jobs import scheduled
from chat_app.messages.batches import batches_for
from chat_app.messages.writer import MessageWriters
from chat_app.presence import service as presence_service
from chat_app.presence.store import RENEW_EVERY
from chat_app.realtime import lifecycle, namespaces, sessions, stock, typing
from chat_app.realtime.bus import Bus
from chat_app.realtime.connections import Connections
from chat_app.realtime.members import LocalMembers
from chat_app.realtime.periodic import every
from chat_app.realtime.publish import CHAT, conversation_room
from chat_app.realtime.rates import SETTLE_EVERY, NoLimit, SharedBuckets, TokenBuckets
from chat_app.receipts import newcomers
from chat_app.receipts import service as receipts
from chat_app.receipts.pending import init_pending_receipts
from chat_app.runtime import async_mode
from chat_app.settings import Settings
from chat_app.turnstile import Turnstile

MAX_PACKET = 4 * 1024 * 1024
"""Bytes of one packet from a client. Above what any event may hold, so that too much is answered, not cut off."""
EVENT_RATE, EVENT_BURST = 200, 2000
"""Events of one socket, a second and at once."""
ACCOUNT_EVENT_RATE, ACCOUNT_EVENT_BURST = 400, 4000
"""Events of one account, all its sockets on all processes together."""
FLUSH_RECEIPTS_EVERY = 1.0


def init_realtime(app: Flask, settings: Settings, *, serving: bool) -> None:
    """A process that does not serve sockets (a worker, a command) only gets the sending side of the bus."""
    bus = Bus(app, settings.bus_url or settings.redis_url, write_only=not serving)
    app.extensions["bus"] = bus
    app.extensions["redis"] = _redis(settings)
    init_pending_receipts(app)
    if not serving:
        return
    app.extensions["connections"] = connections = Connections()
    app.extensions["local_members"] = members = LocalMembers(app, bus, connections)
    _init_rates(app, settings)
    # Half of the database connections: a storm of reconnects leaves the others to those who are talking.
    app.extensions["connecting"] = Turnstile(max(1, settings.database_pool // 2))
    app.extensions["message_writers"] = MessageWriters(
        batches_for(settings), settings.message_writers, socketio.start_background_task
    )
    app.extensions["mark_reader"] = receipts.MarkReader(app, settings, socketio.start_background_task)
    lifecycle.init_lifecycle(app)
    typing.init_typing(app)
    presence_service.init_presence(app, settings)
    _init_socketio(app, settings, bus)
    _listen_to_bus(app, bus, members)
    _start_periodic(app, members)


def _init_rates(app: Flask, settings: Settings) -> None:
    connects = parse(settings.connect_rate_limit)
    shared = {
        "message_rate": SharedBuckets("messages", settings.message_rate, settings.message_burst),
        "account_event_rate": SharedBuckets("events", ACCOUNT_EVENT_RATE, ACCOUNT_EVENT_BURST),
        "connect_rate": SharedBuckets("connects", connects.amount / connects.get_expiry(), connects.amount),
    }
    if not settings.rate_limits:
        app.extensions.update(dict.fromkeys((*shared, "event_rate"), NoLimit()))
        return
    app.extensions.update(shared, event_rate=TokenBuckets(EVENT_RATE, EVENT_BURST))
    if settings.redis_url:
        app.extensions["shared_rates"] = list(shared.values())


def _settle_rates() -> None:
    for buckets in current_app.extensions["shared_rates"]:
        buckets.settle(current_app.extensions["redis"])


def _redis(settings: Settings) -> redis.Redis | None:
    if not settings.redis_url:
        return None
    return redis.Redis.from_url(
        settings.redis_url, socket_timeout=2, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0)
    )


def origin_allowed(settings: Settings, origin: str | None, environ: dict[str, Any]) -> bool:
    """Whether a page of `origin` may open a socket: our own page, or one that CORS_ORIGINS names.

    The scheme is not compared: behind a proxy that ends TLS it looks different from here.
    """
    if origin is None or origin in settings.cors_origins:
        return True
    return urlsplit(origin).netloc == environ.get("HTTP_HOST", "")


def _init_socketio(app: Flask, settings: Settings, bus: Bus) -> None:
    from chat_app.realtime import catalogue as _catalogue  # noqa: F401  (it declares all events)

    is_stock = settings.chat_transport == "stock" or async_mode() != "eventlet"
    socketio.init_app(
        app,
        transport=settings.chat_transport,
        client_manager=bus,
        async_mode=async_mode(),
        manage_session=False,
        cors_allowed_origins=partial(origin_allowed, settings),
        cors_credentials=False,
        max_http_buffer_size=MAX_PACKET,
        max_decode_packets=256,
        ping_interval=25,
        ping_timeout=20,
        http_compression=False,
        serializer=stock.Packet if is_stock else "default",
        namespaces=[namespaces.chat.name, namespaces.presence.name],  # else the library's own, "/", is open to all
    )
    app.wsgi_app = SocketHeaders(app.wsgi_app)  # type: ignore[method-assign]
    for events in (namespaces.chat, namespaces.presence):
        socketio.on_namespace(namespaces.EventNamespace(events, app))
    if is_stock:
        stock.harden(socketio.server)


def _listen_to_bus(app: Flask, bus: Bus, members: LocalMembers) -> None:
    def membership(message: dict[str, Any]) -> None:
        members.apply(message)
        if message["present"]:
            bus.mark_fresh(CHAT, conversation_room(message["conversation_id"]))
            return
        lifecycle.tell_removed(message)
        # In the background: it asks the database, and must not hold up the bus
        socketio.start_background_task(stop_watching_unseen, message["user_ids"])

    def stop_watching_unseen(user_ids: list[str]) -> None:
        with app.app_context():
            presence_service.stop_watching_unseen(user_ids)

    def interrupted() -> None:
        with app.app_context():
            lifecycle.say_ready_again()
        socketio.start_background_task(presence_again)

    def presence_again() -> None:
        with app.app_context():
            presence_service.tell_again()

    bus.on("membership", membership)
    bus.on("conversation", lifecycle.tell_conversation_changed)
    bus.on("end_sessions", sessions.end_sessions)
    bus.on("presence", presence_service.touched)
    bus.on("receipts_stored", newcomers.tell_newcomers)
    bus.before_delivery = members.refresh_if_older
    bus.on_interruption = interrupted


def _start_periodic(app: Flask, members: LocalMembers) -> None:
    def store_last_seen() -> None:
        for part in presence_service.gone_since():
            with transaction():
                presence_service.store_last_seen(part)

    every(app, 0.5, sessions.end_expired)
    every(app, sessions.SWEEP_EVERY, sessions.end_revoked)
    every(app, FLUSH_RECEIPTS_EVERY, receipts.flush)
    every(app, 1.0, typing.end_expired)
    every(app, 1.0, presence_service.tell_changes)
    every(app, RENEW_EVERY, presence_service.renew)
    every(app, 30.0, presence_service.look_at_all)
    every(app, 10.0, store_last_seen)
    every(app, 60.0, members.forget_empty_rooms)
    every(app, stock.IDLE, stock.IdleConnections(socketio.server).end)
    if "shared_rates" in app.extensions:
        every(app, SETTLE_EVERY, _settle_rates)
    if "local_jobs" in app.extensions:
        for seconds, work in scheduled():
            every(app, seconds, work)
