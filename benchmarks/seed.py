"""People, conversations and history straight into a migrated PostgreSQL, in a second or two, and tokens for them."""

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import jwt
import psycopg

from chat_app.ids import new_id

TOKEN_LIFE = 24 * 3600
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Person:
    id: str
    token: str
    """An access token as the product signs it, HS256: `sub` is the person, `sid` a session that is stored."""


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation. `last_seq` is its `last_change` too; members are indexes of people."""

    id: str
    members: Sequence[int]
    last_seq: int


@dataclass(frozen=True, slots=True)
class Seed:
    people: list[Person]
    talks: list[Talk]


def seed(url: str, secret: str, people: int, talks: Sequence[Sequence[int]], history: int | Sequence[int] = 0) -> Seed:
    """So many people, and for each of `talks` a conversation of those members with `history` messages.

    `history` may name a number for each talk.

    `url` is that of a migrated database, `secret` what its server signs tokens with. Nobody has a password.
    """
    sessions = [(new_id(), new_id()) for _ in range(people)]
    ids = [new_id() for _ in talks]
    counts = [history] * len(ids) if isinstance(history, int) else history
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        _copy_people(cursor, sessions)
        _copy_talks(cursor, [user_id for user_id, _ in sessions], list(zip(ids, talks, strict=True)))
        for count in sorted({*counts} - {0}):
            write_history(cursor, [one for one, of in zip(ids, counts, strict=True) if of == count], count)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")
    return Seed(
        [Person(user_id, mint(secret, user_id, session_id)) for user_id, session_id in sessions],
        [Talk(*one) for one in zip(ids, talks, counts, strict=True)],
    )


def mint(secret: str, user_id: str, session_id: str) -> str:
    """An access token like those of a log-in."""
    moment = int(time.time())
    claims = {
        "fresh": False,
        "iat": moment,
        "jti": str(uuid.uuid4()),
        "type": "access",
        "sub": user_id,
        "nbf": moment,
        "exp": moment + TOKEN_LIFE,
        "sid": session_id,
    }
    return jwt.encode(claims, secret, "HS256")


def _copy_people(cursor: "psycopg.Cursor[tuple[object, ...]]", sessions: Sequence[tuple[str, str]]) -> None:
    moment = datetime.now(UTC)
    users = "users (id, username, username_key, display_name, role, created_at, updated_at)"
    with cursor.copy(f"COPY {users} FROM STDIN") as copy:
        for user_id, _ in sessions:
            name = f"p{user_id[-12:]}"
            copy.write_row((user_id, name, name, name, "user", moment, moment))
    columns = "id, user_id, refresh_id, user_agent, address, created_at, refreshed_at, expires_at"
    with cursor.copy(f"COPY auth_sessions ({columns}) FROM STDIN") as copy:
        for user_id, session_id in sessions:
            ends = moment + timedelta(days=30)
            copy.write_row((session_id, user_id, new_id(), "benchmark", "", moment, moment, ends))


def _copy_talks(
    cursor: "psycopg.Cursor[tuple[object, ...]]", people: Sequence[str], talks: Sequence[tuple[str, Sequence[int]]]
) -> None:
    moment = datetime.now(UTC)
    columns = "id, kind, title, last_seq, last_change, members_rev, member_count, created_at, updated_at"
    with cursor.copy(f"COPY conversations ({columns}) FROM STDIN") as copy:
        for number, (talk_id, members) in enumerate(talks):
            copy.write_row((talk_id, "group", f"Talk {number}", 0, 0, 1, len(members), moment, moment))
    columns = "conversation_id, user_id, role, delivered_seq, read_seq, joined_at, removed"
    with cursor.copy(f"COPY conversation_members ({columns}) FROM STDIN") as copy:
        for talk_id, members in talks:
            for member in members:
                copy.write_row((talk_id, people[member], "member", 0, 0, moment, False))


def write_history(cursor: "psycopg.Cursor[tuple[object, ...]]", talk_ids: Sequence[str], count: int) -> None:
    """Messages 1 to `count` in each conversation, its members in turn; half a million in some ten seconds."""
    cursor.execute(
        """
        INSERT INTO messages (id, conversation_id, seq, change, sender_id, client_msg_id, type, content, body_hash,
          created_at)
        SELECT uuidv7(), t.id, n, n, t.people[1 + n %% cardinality(t.people)], 'seed:' || n, 'text',
          'Message ' || n || ': how about lunch at twelve? The usual place has soup again.', repeat('0', 32),
          now() - make_interval(secs => %(count)s - n)
        FROM (SELECT conversation_id AS id, array_agg(user_id ORDER BY user_id) AS people FROM conversation_members
          WHERE conversation_id = ANY(%(ids)s::uuid[]) GROUP BY conversation_id) t
        CROSS JOIN generate_series(1, %(count)s) n
        """,
        {"ids": list(talk_ids), "count": count},
    )
    cursor.execute(
        "UPDATE conversations SET last_seq = %s, last_change = %s WHERE id = ANY(%s::uuid[])",
        (count, count, list(talk_ids)),
    )
