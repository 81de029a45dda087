"""The namespaces and the one place where every client event is answered.

A domain's `events.py` declares its events::

    @chat.on_event("edit_message", EditMessage, MessageAcknowledgement)
    def edit_message(connection: Connection, data: EditMessage) -> dict: ...

The handler gets a validated payload and returns what the acknowledgement adds to ``{"ok": true}``; its model
describes it in `/asyncapi.json` and is not applied here. What the handler raises becomes
``{"ok": false, "error": {…}}``. Unknown events and bad payloads are answered here too.
Bad input never closes the socket.
"""

import itertools
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, NamedTuple, TypeVar

from flask import Flask
from flask_socketio import Namespace
from pydantic import Field, ValidationError
from socketio.exceptions import ConnectionRefusedError

from chat_app.auth.tokens import authenticate, read_token
from chat_app.errors import ChatError, as_chat_error
from chat_app.limits import check_connects, refuse_stranger
from chat_app.logs import request_id, set_request_id
from chat_app.operations.metrics import UNKNOWN, Metrics
from chat_app.realtime.connections import Connection, Connections
from chat_app.realtime.schemas import Acknowledgement
from chat_app.schemas import Input

Payload = TypeVar("Payload", bound=Input)
Handler = Callable[[Connection, Any], dict[str, Any]]
Hook = Callable[[Connection], None]
Admission = Callable[[Connection, str], object]
_numbers = itertools.count(1)
"""Of the events of this process: with the id of their socket they make the id of a request."""
CONFIRMED_WITHIN = 10.0
"""Seconds for the confirmation of a connection to be handed to its socket."""


class ConnectAuth(Input):
    """What a client sends with its connection: `auth: {token}`."""

    token: str = Field(max_length=2000)


class Inbound(NamedTuple):
    """An event of clients: the model of its payload, who handles it, the model of its acknowledgement."""

    schema: type[Input]
    handler: Handler
    answer: type[Acknowledgement]


class Events:
    """The events of a namespace, as the domains declare them."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.handlers: dict[str, Inbound] = {}
        self.admission: Admission = lambda connection, token: authenticate(token)
        self.ready: list[Hook] = []
        self.closed: list[Hook] = []

    def on_event(
        self, event: str, schema: type[Payload], answer: type[Acknowledgement] = Acknowledgement
    ) -> Callable[[Callable[[Connection, Payload], dict[str, Any]]], Callable[[Connection, Payload], dict[str, Any]]]:
        def register(
            handler: Callable[[Connection, Payload], dict[str, Any]],
        ) -> Callable[[Connection, Payload], dict[str, Any]]:
            self.handlers[event] = Inbound(schema, handler, answer)
            return handler

        return register

    def admits(self, admission: Admission) -> Admission:
        """Authenticates the token before the connection is confirmed; what it raises refuses the connection."""
        self.admission = admission
        return admission

    def on_ready(self, hook: Hook) -> Hook:
        """Right after the connection was confirmed."""
        self.ready.append(hook)
        return hook

    def on_close(self, hook: Hook) -> Hook:
        self.closed.append(hook)
        return hook


chat = Events("/chat")
presence = Events("/presence")


class EventNamespace(Namespace):
    """One namespace of one application."""

    answers_everything = True

    def __init__(self, events: Events, app: Flask) -> None:
        super().__init__(events.name)
        self._events = events
        self._app = app
        self._connections: Connections = app.extensions["connections"]
        self._metrics: Metrics = app.extensions["metrics"]

    def trigger_event(self, event: Any, *args: Any) -> Any:
        """Called by the Socket.IO server. A client may well call an event of its own "connect"."""
        sid, *payload = args
        identifier, before = f"{sid}.{next(_numbers)}", request_id()
        set_request_id(identifier)
        manager = self.socketio.server.manager
        if event == "connect" and manager.is_pre_connected(sid, self.namespace):
            return self._connect(sid, payload[0], payload[1] if len(payload) > 1 else None, identifier)
        if event == "disconnect" and not manager.is_connected(sid, self.namespace):
            self._disconnect(sid)
            set_request_id(before)  # the request that closes sockets, a log-out, goes on
            return None
        with self._app.app_context():
            try:
                answer, outcome = {"ok": True, **self._handle(event, sid, payload)}, "ok"
            except Exception as error:
                told = as_chat_error(error)
                answer, outcome = {"ok": False, "error": _with_id(told, identifier)}, told.code
        known = isinstance(event, str) and event in self._events.handlers
        self._metrics.count_event(self.namespace, event if known else UNKNOWN, outcome)
        return answer

    def _handle(self, event: Any, sid: str, payload: list[Any]) -> dict[str, Any]:
        connection = self._connections.get(sid)
        if connection is None or connection.ended:
            raise ChatError("token_revoked", "This session has ended. Log in again.")
        if connection.expires_at <= time.time() and event != "authenticate":
            raise ChatError("token_expired", "The token has expired. Refresh it, then send `authenticate`.")
        self._check_rate(connection)
        if not isinstance(event, str):
            raise ChatError("bad_request", "There is no name of an event, or JSON that cannot be read.")
        if event not in self._events.handlers:
            raise ChatError("unknown_event", f"There is no event {event[:64]!r} in {self.namespace}.")
        schema, handler, _ = self._events.handlers[event]
        if len(payload) != 1 or not isinstance(payload[0], dict):
            raise ChatError("validation_failed", f"{event} takes exactly one object.")
        return handler(connection, schema.model_validate(payload[0]))

    def _check_rate(self, connection: Connection) -> None:
        rates = self._app.extensions
        wait = rates["event_rate"].take(connection.sid) or rates["account_event_rate"].take(connection.user_id)
        if wait:
            raise ChatError("rate_limited", "You are sending too many events.", retry_after=wait)

    def _connect(self, sid: str, environ: dict[str, Any], auth: Any, identifier: str) -> None:
        address = environ.get("REMOTE_ADDR", "")
        with self._app.app_context():
            try:
                check_connects(address)
                with self._app.extensions["connecting"].place():
                    self._open(sid, auth)
            except Exception as error:
                self._forget(sid)
                refusal = _counted(_refusal(error), address)
                self._metrics.count_event(self.namespace, "connect", refusal.code)
                raise ConnectionRefusedError(refusal.detail, _with_id(refusal, identifier)) from None
        self._metrics.count_event(self.namespace, "connect", "ok")

    def _open(self, sid: str, auth: Any) -> None:
        token = ConnectAuth.model_validate(auth).token
        claims = read_token(token, "access")
        connection = Connection(sid, self.namespace, claims["sub"], claims["sid"], float(claims["exp"]))
        # Registered before the session is looked up: a revocation that happens meanwhile finds it.
        self._connections.add(connection)
        self._events.admission(connection, token)
        if connection.ended:
            raise ChatError("token_revoked", "This session has ended. Log in again.")
        self.socketio.start_background_task(self._say_ready, connection)

    def _say_ready(self, connection: Connection) -> None:
        """The confirmation leaves after `_connect` has returned, and `ready` may not overtake it."""
        server, deadline = self.socketio.server, time.monotonic() + CONFIRMED_WITHIN
        while server.manager.is_pre_connected(connection.sid, self.namespace):
            if time.monotonic() > deadline:
                return
            self.socketio.sleep(0.001)
        engine_sid = server.manager.eio_sid_from_sid(connection.sid, self.namespace)
        if connection.ended or engine_sid not in server.eio.sockets:
            # Its session or its transport ended before the confirmation, when it could not be closed yet.
            server.disconnect(connection.sid, namespace=self.namespace, ignore_queue=True)
            return
        with self._app.app_context():
            for hook in self._events.ready:
                hook(connection)

    def _disconnect(self, sid: str) -> None:
        connection = self._forget(sid)
        if connection is None:
            return
        with self._app.app_context():
            for hook in self._events.closed:
                try:
                    hook(connection)
                except Exception as error:
                    as_chat_error(error)  # logs it; there is nobody to tell

    def _forget(self, sid: str) -> Connection | None:
        connection = self._connections.get(sid)
        if connection is not None:
            self._connections.remove(connection)
        return connection


def _refusal(error: Exception) -> ChatError:
    if isinstance(error, ValidationError):
        return ChatError("unauthorized", "Connect with auth: {token}, an access token.")
    return as_chat_error(error)


def _counted(refusal: ChatError, address: str) -> ChatError:
    """A wrong token counts as it does over HTTP, and is answered so once there were too many."""
    try:
        refuse_stranger(refusal, address)
    except ChatError as too_many:
        return too_many
    return refusal


def _with_id(error: ChatError, identifier: str) -> dict[str, Any]:
    """An error that is our fault names the request, so that its lines in the logs are found."""
    told = error.to_dict()
    return {**told, "request_id": identifier} if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR else told
