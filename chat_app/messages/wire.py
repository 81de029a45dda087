"""A message as clients see it: plain dictionaries, built without the ORM because every read passes here."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from chat_app.extensions import db
from chat_app.messages.models import Message, Reaction
from chat_app.reads import among_ids, read
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
_values = attrgetter(*_NAMES)
WITH_ATTACHMENTS = ("image", "file")
"""The types of messages that have attachments; no others have."""
_TIMES = ("created_at", "edited_at", "deleted_at")
_REACTIONS = (
    sa.select(Reaction.message_id, Reaction.emoji, Reaction.user_id)
    .where(among_ids(Reaction.message_id, "message_ids"))
    .order_by(Reaction.created_at, Reaction.user_id)
)
Wire = dict[str, Any]
Rows = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Parts:
    """What belongs to messages and stands in tables of its own; by message."""

    reactions: dict[str, list[Wire]]
    attachments: dict[str, list[Wire]]


def to_wire(row: Any, parts: Parts) -> Wire:
    """`row` has the attributes named by :data:`COLUMNS`: a :class:`Message`, or a row."""
    message: Wire = dict(zip(_NAMES, _values(row), strict=True))
    for name in _TIMES:
        if message[name] is not None:
            message[name] = utc_text(message[name])
    message["meta"] = message["meta"] or {}
    message["attachments"] = parts.attachments.get(row.id, [])
    message["reactions"] = parts.reactions.get(row.id, [])
    return message


def with_parts(rows: Rows) -> list[Wire]:
    """The rows as messages, with their reactions and attachments; read in the session."""
    parts = parts_of(rows)
    return [to_wire(row, parts) for row in rows]


def parts_of(rows: Rows) -> Parts:
    """Read in the session."""
    ids = {row.id for row in rows}
    reactions = db.session.execute(_REACTIONS, {"message_ids": list(ids)}).all() if ids else ()
    holders = _holders(rows)
    return Parts(_grouped(reactions), attachments_of(holders) if holders else {})


def read_parts(rows: Rows) -> Parts:
    """Read outside of the session (:func:`chat_app.reads.read`)."""
    ids = {row.id for row in rows}
    reactions = _grouped(read(_REACTIONS, message_ids=list(ids))) if ids else {}
    holders = _holders(rows)
    if not holders:
        return Parts(reactions, {})
    with Session(db.engine) as session:
        return Parts(reactions, attachments_of(holders, session))


def _holders(rows: Rows) -> list[str]:
    """Where none of the messages may have attachments, they cost no query."""
    return list({row.id for row in rows if row.type in WITH_ATTACHMENTS})


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
