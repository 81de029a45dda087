"""A message as clients see it: plain dictionaries, built without the ORM because every read passes here."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from chat_app.db import read
from chat_app.extensions import db
from chat_app.messages.models import Message, Reaction
from chat_app.schemas import utc_text
from chat_app.uploads.views import attachments_of

SHOWN_REACTORS = 100
"""Most user ids that a reaction lists; its `count` is exact all the same."""

COLUMNS = (
    Message.id,
    Message.conversation_id,
    Message.seq,
    Message.change,
    Message.sender_id,
    Message.client_msg_id,
    Message.type,
    Message.content,
    Message.reply_to_id,
    Message.meta,
    Message.created_at,
    Message.edited_at,
    Message.deleted_at,
)
_NAMES = tuple(column.key for column in COLUMNS)
WITH_ATTACHMENTS = ("image", "file")
"""The types of messages that have attachments; no others have."""
_TIMES = ("created_at", "edited_at", "deleted_at")
_REACTIONS = (
    sa.select(Reaction.message_id, Reaction.emoji, Reaction.user_id)
    .where(Reaction.message_id.in_(sa.bindparam("message_ids", expanding=True)))
    .order_by(Reaction.created_at, Reaction.user_id)
)
Wire = dict[str, Any]
Rows = Sequence[Any]


def to_wire(row: Any, reactions: list[Wire], attachments: list[Wire]) -> Wire:
    """`row` has the attributes named by :data:`COLUMNS`: a :class:`Message`, or a row."""
    return _to_wire([getattr(row, name) for name in _NAMES], reactions, attachments)


def _to_wire(values: Iterable[Any], reactions: list[Wire], attachments: list[Wire]) -> Wire:
    message = dict(zip(_NAMES, values, strict=True))
    for name in _TIMES:
        if message[name] is not None:
            message[name] = utc_text(message[name])
    message["meta"] = message["meta"] or {}
    message["attachments"] = attachments
    message["reactions"] = reactions
    return message


def with_reactions(rows: Rows) -> list[Wire]:
    """The rows as messages, with their reactions and, where there are any, attachments; read in the session."""
    reactions = reactions_of([row.id for row in rows])
    attachments = attachments_in(rows)
    return [to_wire(row, reactions.get(row.id, []), attachments.get(row.id, [])) for row in rows]


def page_with_reactions(rows: Rows) -> list[Wire]:
    """The same for rows of exactly :data:`COLUMNS`, outside of the session (:func:`chat_app.db.read`)."""
    reactions = read_reactions([row.id for row in rows])
    attachments = read_attachments(rows)
    return [_to_wire(row, reactions.get(row.id, []), attachments.get(row.id, [])) for row in rows]


def attachments_in(rows: Iterable[Any]) -> dict[str, list[Wire]]:
    """By message, of those that have some; where there are none this costs no query."""
    holders = [row.id for row in rows if row.type in WITH_ATTACHMENTS]
    return attachments_of(holders) if holders else {}


def read_attachments(rows: Iterable[Any]) -> dict[str, list[Wire]]:
    """As :func:`attachments_in`, outside of the request's session."""
    holders = [row.id for row in rows if row.type in WITH_ATTACHMENTS]
    if not holders:
        return {}
    with Session(db.engine) as session:
        return attachments_of(holders, session)


def read_reactions(message_ids: Sequence[str]) -> dict[str, list[Wire]]:
    """As :func:`reactions_of`, outside of the session."""
    return _grouped(read(_REACTIONS, message_ids=message_ids)) if message_ids else {}


def reactions_of(message_ids: Iterable[str]) -> dict[str, list[Wire]]:
    """By message: `[{emoji, count, user_ids}]` in the order in which the emojis were first used."""
    ids = list(message_ids)
    return _grouped(db.session.execute(_REACTIONS, {"message_ids": ids}).all()) if ids else {}


def _grouped(rows: Rows) -> dict[str, list[Wire]]:
    grouped: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for message_id, emoji, user_id in rows:
        grouped[message_id][emoji].append(user_id)
    return {
        message_id: [
            {"emoji": emoji, "count": len(users), "user_ids": users[:SHOWN_REACTORS]}
            for emoji, users in by_emoji.items()
        ]
        for message_id, by_emoji in grouped.items()
    }
