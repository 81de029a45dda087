"""`/asyncapi.json` (AsyncAPI 3.0): the events of the sockets, from the models that validate and describe them.

A namespace is a channel, an event a message. What clients send is an operation that the server *receives*, with the
acknowledgement as its reply; what the server sends is an operation of its own.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from chat_app import __version__
from chat_app.documents.examples import illustrated
from chat_app.documents.openapi import LICENCE, REF, Schema
from chat_app.documents.operations import told_by
from chat_app.documents.schemas import Refusal
from chat_app.realtime.catalogue import INBOUND, OUTBOUND
from chat_app.realtime.namespaces import ConnectAuth
from chat_app.realtime.server import EVENT_BURST, EVENT_RATE, MAX_PACKET

Json = dict[str, Any]
ABOUT = f"""The events of ChatSphere's sockets: Socket.IO, protocol 5 (Engine.IO 4), path `/socket.io`. Each channel is
a namespace, each message an event that carries one object: the server receives the ones and sends the others. HTTP has
[a page of its own](/redoc) (`/openapi.json`).

Connect with `auth: {{token}}`, an access token; a refusal is a `connect_error` whose `data.code` says why. Every event
of a client is answered through its acknowledgement: `{{"ok": true, …}}` or
`{{"ok": false, "error": {{"code", "detail", …}}}}`, with [the codes of HTTP](/redoc#/section/errors). A bad event never
closes the socket; what is no packet of the protocol may. A packet has at most {MAX_PACKET // 2**20} MiB and no
attachments; a socket may send {EVENT_RATE} events a second, and {EVENT_BURST:,} at once.

Pushes can be lost: after each `ready` a client calls `sync`, which tells exactly what it lacks."""
ABOUT_CHANNELS = {
    "/chat": "Messages, receipts and conversations. Right after the connection comes `ready`.",
    "/presence": "Who is online: of the people that one asks to `watch`.",
}
LICENCE_WITH_ADDRESS = {"name": LICENCE["name"], "url": "https://opensource.org/license/mit"}
_TOKEN = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "An access token, sent with the connection as `auth: {token}` (schema `ConnectAuth`).",
}
_SERVER = {
    "host": "{host}",
    "pathname": "/socket.io",
    "protocol": "socket.io",
    "protocolVersion": "5",
    "description": "This server.",
    "variables": {"host": {"default": "localhost:8000", "description": "Name and port under which you reach it."}},
    "security": [{"$ref": "#/components/securitySchemes/token"}],
}


class Message(NamedTuple):
    """One kind of message of a namespace. `key` is unique there."""

    key: str
    name: str
    model: type[BaseModel]
    mode: JsonSchemaMode
    about: str


def asyncapi_document() -> Json:
    """The whole document. Takes a moment: call it once per process."""
    messages = {namespace: list(_messages(namespace)) for namespace in INBOUND}
    models = {(each.model, each.mode): None for some in messages.values() for each in some}
    refs, made = models_json_schema([*models, (ConnectAuth, "validation")], ref_template=REF, schema_generator=Schema)
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "ChatSphere", "version": __version__, "description": ABOUT, "license": LICENCE_WITH_ADDRESS},
        "defaultContentType": "application/json",
        "servers": {"here": _SERVER},
        "channels": {_name(namespace): _channel(namespace, some) for namespace, some in messages.items()},
        "operations": {name: operation for namespace in INBOUND for name, operation in _operations(namespace).items()},
        "components": {
            "schemas": illustrated(made["$defs"]),
            "messages": {
                _component(namespace, each.key): _message(each, refs[each.model, each.mode])
                for namespace, some in messages.items()
                for each in some
            },
            "securitySchemes": {"token": _TOKEN},
        },
    }


def _name(namespace: str) -> str:
    return namespace.removeprefix("/")


def _component(namespace: str, key: str) -> str:
    return f"{_name(namespace)}.{key}"


def _messages(namespace: str) -> Iterator[Message]:
    for event, (schema, handler, answer) in INBOUND[namespace].handlers.items():
        yield Message(_inbound_key(namespace, event), event, schema, "validation", told_by(handler)[1])
        yield Message(f"{event}.ok", f"{event}.ok", answer, "serialization", f"The acknowledgement: {event} was done.")
    for event, (model, about) in OUTBOUND[namespace].items():
        yield Message(event, event, model, "serialization", about)
    about = "The acknowledgement of an event that was refused; the socket stays open."
    yield Message("refusal", "refusal", Refusal, "serialization", about)


def _inbound_key(namespace: str, event: str) -> str:
    """Some events (`typing`) go both ways."""
    return f"{event}.call" if event in OUTBOUND[namespace] else event


def _channel(namespace: str, messages: list[Message]) -> Json:
    return {
        "address": namespace,
        "title": namespace,
        "description": ABOUT_CHANNELS[namespace],
        "servers": [{"$ref": "#/servers/here"}],
        "messages": {
            each.key: {"$ref": f"#/components/messages/{_component(namespace, each.key)}"} for each in messages
        },
        "x-auth": {"$ref": "#/components/schemas/ConnectAuth"},
    }


def _operations(namespace: str) -> Json:
    channel = _name(namespace)

    def message(key: str) -> Json:
        return {"$ref": f"#/channels/{channel}/messages/{key}"}

    made: Json = {}
    for event, (_, handler, _) in INBOUND[namespace].handlers.items():
        made[f"{channel}.{event}"] = {
            "action": "receive",
            "channel": {"$ref": f"#/channels/{channel}"},
            "title": event,
            "summary": told_by(handler)[0],
            "description": told_by(handler)[1],
            "messages": [message(_inbound_key(namespace, event))],
            "reply": {
                "channel": {"$ref": f"#/channels/{channel}"},
                "messages": [message(f"{event}.ok"), message("refusal")],
            },
        }
    for event, (_, about) in OUTBOUND[namespace].items():
        made[f"{channel}.on.{event}"] = {
            "action": "send",
            "channel": {"$ref": f"#/channels/{channel}"},
            "title": event,
            "summary": about,
            "messages": [message(event)],
        }
    return made


def _message(each: Message, ref: Json) -> Json:
    return {"name": each.name, "title": each.name, "summary": each.about, "payload": ref}
