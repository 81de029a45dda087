"""Finding people."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

from chat_app.auth.permissions import PERMISSIONS
from chat_app.conversations.models import ConversationMember
from chat_app.errors import not_found
from chat_app.extensions import db
from chat_app.pagination import decode_cursor, encode_cursor
from chat_app.users.models import User

Query = sa.Select[Any]
APPROACHABLE = ("merchant", "agent")
"""Roles of the people whom a customer may turn to without having met them."""
# Made once: an alias made anew for each query costs several times what the query does.
_me = sa.orm.aliased(User)
_mine, _theirs = sa.orm.aliased(ConversationMember), sa.orm.aliased(ConversationMember)


def visible_people(user_id: str, query: Query) -> Query:
    """Narrow a query of `User` to those whom this person may know of.

    The team (`people.find`) sees everybody. Customers see themselves, the people they share a conversation with,
    and those whom they may turn to: merchants and agents.
    """
    in_team = sa.exists().where(_me.id == user_id, _me.role.in_(PERMISSIONS["people.find"]))
    acquainted = User.id.in_(_companions(user_id))
    return query.where(sa.or_(in_team, User.id == user_id, User.role.in_(APPROACHABLE), acquainted))


def _companions(user_id: str, among: list[str] | None = None) -> sa.Select[str]:
    """The ids of the people in one's conversations, of `among` only if that is given."""
    query = (
        sa.select(_theirs.user_id)
        .join(_mine, _mine.conversation_id == _theirs.conversation_id)
        .where(_mine.user_id == user_id, _mine.left_at.is_(None), _theirs.left_at.is_(None))
    )
    return query if among is None else query.where(_theirs.user_id.in_(among)).distinct()


def get_user(user_id: str, wanted_id: str) -> User:
    """A person whom this one may know of."""
    user: User | None = db.session.scalar(visible_people(user_id, sa.select(User).where(User.id == wanted_id)))
    if user is None:
        raise not_found("person")
    return user


def get_users(user_id: str, wanted_ids: list[str]) -> list[User]:
    """Those of them whom this person may know of, in the order of usernames."""
    query = sa.select(User).where(User.id.in_(wanted_ids)).order_by(User.username_key)
    return list(db.session.scalars(visible_people(user_id, query)))


def search_users(user_id: str, q: str, limit: int, cursor: str | None) -> tuple[list[User], str | None]:
    """People by part of their username or display name, in the order of usernames."""
    return page_of_users(visible_people(user_id, sa.select(User).where(User.banned_at.is_(None))), q, limit, cursor)


def page_of_users(query: Query, q: str, limit: int, cursor: str | None) -> tuple[list[User], str | None]:
    """A page of the users that `query` finds and whose name holds `q`, and the cursor of the next one."""
    query = query.order_by(User.username_key).limit(limit + 1)
    if q:
        query = query.where(
            sa.or_(User.username_key.contains(q.casefold(), autoescape=True), contains_text(User.display_name, q))
        )
    if cursor:
        query = query.where(User.username_key > decode_cursor(cursor, str)[0])
    users = list(db.session.scalars(query))
    return users[:limit], encode_cursor(users[limit - 1].username_key) if len(users) > limit else None


def contains_text(column: InstrumentedAttribute[Any], text: str) -> sa.ColumnElement[bool]:
    """Whether `column` holds `text`, whatever the case."""
    return sa.func.lower(column).contains(text.lower(), autoescape=True)


def visible_to(user_id: str, others: list[str]) -> set[str]:
    """Those of `others` whose presence this person may see: they share a conversation, or are the same."""
    return set(db.session.scalars(_companions(user_id, others))) | ({user_id} & set(others))
