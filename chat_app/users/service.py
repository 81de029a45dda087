"""Finding people."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

from chat_app.conversations.models import ConversationMember
from chat_app.errors import not_found
from chat_app.extensions import db
from chat_app.pagination import decode_cursor, encode_cursor
from chat_app.users.models import User


def get_user(user_id: str) -> User:
    user = db.session.get(User, user_id)
    if user is None:
        raise not_found("person")
    return user


def get_users(user_ids: list[str]) -> list[User]:
    """Those of them who exist, in the order of usernames."""
    return list(db.session.scalars(sa.select(User).where(User.id.in_(user_ids)).order_by(User.username_key)))


def search_users(q: str, limit: int, cursor: str | None) -> tuple[list[User], str | None]:
    """People by part of their username or display name, in the order of usernames."""
    query = sa.select(User).where(User.banned_at.is_(None)).order_by(User.username_key).limit(limit + 1)
    if q:
        query = query.where(
            sa.or_(User.username_key.contains(q.casefold(), autoescape=True), contains_text(User.display_name, q))
        )
    if cursor:
        query = query.where(User.username_key > decode_cursor(cursor, str)[0])
    users = list(db.session.scalars(query))
    more = len(users) > limit
    return users[:limit], encode_cursor(users[limit - 1].username_key) if more else None


def contains_text(column: InstrumentedAttribute[Any], text: str) -> sa.ColumnElement[bool]:
    """Whether `column` holds `text`, whatever the case."""
    return sa.func.lower(column).contains(text.lower(), autoescape=True)


def visible_to(user_id: str, others: list[str]) -> set[str]:
    """Those of `others` whose presence this person may see: they share a conversation, or are the same."""
    mine, theirs = sa.orm.aliased(ConversationMember), sa.orm.aliased(ConversationMember)
    query = (
        sa.select(theirs.user_id)
        .distinct()
        .join(mine, mine.conversation_id == theirs.conversation_id)
        .where(
            mine.user_id == user_id,
            mine.left_at.is_(None),
            theirs.left_at.is_(None),
            theirs.user_id.in_(others),
        )
    )
    return set(db.session.scalars(query)) | ({user_id} & set(others))
