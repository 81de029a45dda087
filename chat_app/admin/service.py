"""Roles, plans and bans. The callers open the transaction; every change stands in the audit log."""

import sqlalchemy as sa

from chat_app.admin.schemas import ManagedUserList, NewUser, UserUpdate
from chat_app.audit.service import record
from chat_app.auth.permissions import permits
from chat_app.auth.service import create_user
from chat_app.auth.sessions import end_all_sessions
from chat_app.db import after_commit, now
from chat_app.errors import conflict, forbidden, invalid, not_found
from chat_app.extensions import db
from chat_app.jobs import enqueue
from chat_app.plans.models import Plan
from chat_app.realtime.publish import user_changed
from chat_app.users.models import User
from chat_app.users.profile import tell_peers
from chat_app.users.service import page_of_users


def list_users(wanted: ManagedUserList) -> tuple[list[User], str | None]:
    query = sa.select(User)
    if wanted.role:
        query = query.where(User.role == wanted.role)
    if wanted.plan:
        query = query.where(User.plan == wanted.plan)
    if wanted.banned is not None:
        query = query.where(User.banned_at.is_not(None) if wanted.banned else User.banned_at.is_(None))
    return page_of_users(query, wanted.q, wanted.limit, wanted.cursor)


def get_user(user_id: str) -> User:
    user = db.session.get(User, user_id)
    if user is None:
        raise not_found("person")
    return user


def create(caller_id: str, data: NewUser, password_hash: str | None) -> User:
    """An account for somebody else, also while registration is closed."""
    _lock(caller_id, caller_id)
    user = create_user(data.username, data.email, password_hash, display_name=data.display_name, role=data.role)
    record("user.created", actor_id=caller_id, target_id=user.id, role=data.role)
    return user


def update(caller_id: str, user_id: str, data: UserUpdate) -> User:
    """Change somebody's role, plan or display name."""
    user = _lock(caller_id, user_id)
    if data.role is not None and data.role != user.role:
        if user_id == caller_id:
            raise conflict("You cannot change your own role; another administrator has to.")
        record("user.role_changed", actor_id=caller_id, target_id=user_id, before=user.role, after=data.role)
        user.role = data.role
    if data.plan is not None and data.plan != user.plan:
        if db.session.get(Plan, data.plan) is None:
            raise invalid("plan", "there is no such plan; GET /admin/plans lists them")
        record("user.plan_changed", actor_id=caller_id, target_id=user_id, before=user.plan, after=data.plan)
        user.plan = data.plan
    if data.display_name is not None:
        user.display_name = data.display_name
        tell_peers(user_id)
    after_commit(user_changed, user_id)
    return user


def ban(caller_id: str, user_id: str, reason: str) -> User:
    """Shut somebody out: their sessions and keys end, their sockets close. What they wrote stays."""
    user = _lock(caller_id, user_id)
    if user_id == caller_id:
        raise conflict("You cannot ban yourself.")
    if user.banned_at is None:
        user.banned_at = now()
        record("user.banned", actor_id=caller_id, target_id=user_id, reason=reason)
    user.ban_reason = reason
    end_all_sessions(user_id, "banned")
    return user


def unban(caller_id: str, user_id: str) -> User:
    """Let them in again; they have to log in anew."""
    user = _lock(caller_id, user_id)
    if user.banned_at is not None:
        user.banned_at = user.ban_reason = None
        record("user.unbanned", actor_id=caller_id, target_id=user_id)
    return user


def end_sessions(caller_id: str, user_id: str) -> None:
    """Log somebody out on all devices."""
    _lock(caller_id, user_id)
    end_all_sessions(user_id, "token_revoked")
    record("user.logged_out", actor_id=caller_id, target_id=user_id)


def _lock(caller_id: str, user_id: str) -> User:
    """The account, locked together with the caller's own, whose role is looked at again under the lock.

    Two administrators who demote or ban each other at the same moment would else both succeed, and none be left.
    """
    rows = db.session.scalars(
        sa.select(User)
        .where(User.id.in_({caller_id, user_id}))
        .order_by(User.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    users = {user.id: user for user in rows}
    caller = users.get(caller_id)
    if caller is None or caller.banned_at or not permits(caller.role, "people.manage"):
        raise forbidden("You are no longer an administrator.")
    if user_id not in users:
        raise not_found("person")
    return users[user_id]


def invite(user: User) -> None:
    """Mail a link with which they choose their first password."""
    after_commit(enqueue, "mail.invitation", user.id)
