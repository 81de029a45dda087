"""The stored watermarks: looked up for many marks at once, and raised for many at once."""

import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from chat_app.conversations.models import Conversation, ConversationMember
from chat_app.db import touched
from chat_app.driver import FastStatements, array
from chat_app.extensions import db
from chat_app.settings import Settings

Key = tuple[str, str]
"""A conversation and one of its members."""
Marks = tuple[str, str, int, int]
"""`(conversation_id, user_id, delivered_seq, read_seq)`"""


class Place(NamedTuple):
    """What a mark has to know of a membership: its bound, its audience, and what is stored."""

    last_seq: int
    member_count: int
    members_rev: int
    delivered_seq: int
    read_seq: int


class Raised(NamedTuple):
    """A membership whose watermarks were raised, as it now is."""

    conversation_id: str
    user_id: str
    delivered_seq: int
    read_seq: int
    member_count: int
    members_rev: int


# -- looking up --------------------------------------------------------------------------------------------

_LOOK = b"""
SELECT r.ord::int4 - 1, c.last_seq, c.member_count, c.members_rev, m.delivered_seq, m.read_seq
FROM unnest(CAST(%s AS uuid[]), CAST(%s AS uuid[])) WITH ORDINALITY r(cid, uid, ord)
JOIN conversation_members m ON m.conversation_id = r.cid AND m.user_id = r.uid AND m.left_at IS NULL
JOIN conversations c ON c.id = r.cid
"""


class PostgresqlPlaces:
    """On a connection of its own, by the driver."""

    def __init__(self, settings: Settings) -> None:
        self._statements = FastStatements(settings)

    def look(self, keys: Sequence[Key]) -> dict[Key, Place]:
        """Of those that are members; who is not has no place."""
        rows = self._statements.run(_LOOK, (array(cid for cid, _ in keys), array(uid for _, uid in keys)))
        return {keys[position]: Place(*rest) for position, *rest in rows}


class Places:
    """On any other database."""

    def look(self, keys: Sequence[Key]) -> dict[Key, Place]:
        rows = db.session.execute(
            sa.select(
                ConversationMember.conversation_id,
                ConversationMember.user_id,
                Conversation.last_seq,
                Conversation.member_count,
                Conversation.members_rev,
                ConversationMember.delivered_seq,
                ConversationMember.read_seq,
            )
            .join(Conversation, Conversation.id == ConversationMember.conversation_id)
            .where(_are(keys), ConversationMember.left_at.is_(None))
        )
        return {(conversation_id, user_id): Place(*rest) for conversation_id, user_id, *rest in rows}


def places_for(settings: Settings) -> PostgresqlPlaces | Places:
    return PostgresqlPlaces(settings) if settings.database_url.startswith("postgresql") else Places()


def _are(keys: Iterable[Key]) -> sa.ColumnElement[bool]:
    return sa.tuple_(ConversationMember.conversation_id, ConversationMember.user_id).in_(list(keys))


# -- raising -----------------------------------------------------------------------------------------------

_RAISE = sa.text("""
WITH r AS MATERIALIZED (SELECT * FROM unnest(CAST(:conversations AS uuid[]), CAST(:users AS uuid[]),
    CAST(:delivered AS bigint[]), CAST(:read AS bigint[])) AS r(cid, uid, delivered, read)),
l AS MATERIALIZED (SELECT m.conversation_id cid, m.user_id uid, r.delivered, r.read
  FROM r JOIN conversation_members m ON m.conversation_id = r.cid AND m.user_id = r.uid
  WHERE m.left_at IS NULL AND (m.delivered_seq < r.delivered OR m.read_seq < r.read)
  ORDER BY 1, 2 FOR NO KEY UPDATE OF m)
UPDATE conversation_members m SET delivered_seq = GREATEST(m.delivered_seq, LEAST(l.delivered, c.last_seq)),
  read_seq = GREATEST(m.read_seq, LEAST(l.read, c.last_seq))
FROM l JOIN conversations c ON c.id = l.cid
WHERE m.conversation_id = l.cid AND m.user_id = l.uid
RETURNING m.conversation_id::text, m.user_id::text, m.delivered_seq, m.read_seq, c.member_count, c.members_rev
""")
"""Rows are locked in the order of their keys, so that two batches cannot deadlock."""

_RAISE_SQLITE = sa.text("""
UPDATE conversation_members SET
  delivered_seq = max(delivered_seq, min(json_extract(r.value, '$[2]'),
    (SELECT last_seq FROM conversations c WHERE c.id = conversation_id))),
  read_seq = max(read_seq, min(json_extract(r.value, '$[3]'),
    (SELECT last_seq FROM conversations c WHERE c.id = conversation_id)))
FROM json_each(:rows) r
WHERE conversation_id = json_extract(r.value, '$[0]') AND user_id = json_extract(r.value, '$[1]') AND left_at IS NULL
  AND (delivered_seq < json_extract(r.value, '$[2]') OR read_seq < json_extract(r.value, '$[3]'))
RETURNING conversation_id, user_id
""")


def raise_stored(rows: Sequence[Marks]) -> list[Raised]:
    """Raise watermarks within the running transaction, never past the last message and never backwards.

    Returns those that the database did not know; a row of somebody who has left changes nothing.
    """
    ordered = sorted(rows)
    dialect = db.engine.dialect.name
    if dialect == "postgresql":
        names = ("conversations", "users", "delivered", "read")
        columns = {name: array(row[place] for row in ordered) for place, name in enumerate(names)}
        return [Raised(*row) for row in db.session.execute(_RAISE, columns)]
    if dialect == "sqlite":
        return _as_they_are(list(db.session.execute(_RAISE_SQLITE, {"rows": json.dumps(ordered)}).tuples()))
    return _as_they_are([(row[0], row[1]) for row in ordered if touched(_raise_one(*row))])


def _raise_one(conversation_id: str, user_id: str, delivered: int, read: int) -> sa.Update:
    member = ConversationMember
    last_seq = sa.select(Conversation.last_seq).where(Conversation.id == conversation_id).scalar_subquery()
    return (
        sa.update(member)
        .where(
            member.conversation_id == conversation_id,
            member.user_id == user_id,
            member.left_at.is_(None),
            sa.or_(member.delivered_seq < delivered, member.read_seq < read),
        )
        .values(
            delivered_seq=sa.func.greatest(member.delivered_seq, sa.func.least(delivered, last_seq)),
            read_seq=sa.func.greatest(member.read_seq, sa.func.least(read, last_seq)),
        )
    )


def _as_they_are(keys: Sequence[Key]) -> list[Raised]:
    if not keys:
        return []
    rows = db.session.execute(
        sa.select(
            ConversationMember.conversation_id,
            ConversationMember.user_id,
            ConversationMember.delivered_seq,
            ConversationMember.read_seq,
            Conversation.member_count,
            Conversation.members_rev,
        )
        .join(Conversation, Conversation.id == ConversationMember.conversation_id)
        .where(_are(keys))
    )
    return [Raised(*row) for row in rows]
