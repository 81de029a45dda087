"""Accounts and their passwords. Callers open the transaction; hashing happens before it, off the hub."""

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.exc import IntegrityError

from chat_app.audit.service import record
from chat_app.auth.failures import note_failed_login
from chat_app.auth.models import ApiKey, ExternalIdentity
from chat_app.auth.passwords import refuse_own_name, verify_password
from chat_app.auth.schemas import Register
from chat_app.auth.sessions import confirm_session, end_all_sessions
from chat_app.auth.tokens import banned
from chat_app.db import after_commit, broken_rule, now, touched
from chat_app.errors import ChatError, conflict, invalid
from chat_app.extensions import db
from chat_app.jobs import enqueue
from chat_app.recovery.tokens import void_tokens
from chat_app.users.models import User


def key(text: str) -> str:
    """The form in which names and addresses must be unique: case does not tell two of them apart.

    Not `casefold`, which makes one of straße.example and strasse.example: they belong to different people.
    """
    return text.lower()


def require_open_registration() -> None:
    if current_app.config["SETTINGS"].registration == "closed":
        raise ChatError("registration_closed", "Registration is closed here; ask an administrator for an account.")


def create_user(
    username: str,
    email: str,
    password_hash: str | None,
    *,
    display_name: str | None = None,
    role: str = "member",
) -> User:
    """A new account. `conflict` names the field that is taken."""
    taken = db.session.execute(
        sa.select(User.username_key, User.email_key).where(
            sa.or_(User.username_key == key(username), User.email_key == key(email))
        )
    ).first()
    if taken:
        raise already_taken("username" if taken.username_key == key(username) else "email")
    user = User(
        username=username,
        username_key=key(username),
        email=email,
        email_key=key(email),
        display_name=display_name or username,
        password_hash=password_hash,
        role=role,
    )
    db.session.add(user)
    try:
        db.session.flush()
    except IntegrityError as error:  # somebody else was faster
        raise already_taken("email" if "email_key" in broken_rule(error) else "username") from None
    return user


def already_taken(field: str) -> ChatError:
    """`conflict` that names the field."""
    message = f"This {field} is taken."
    return ChatError("conflict", message, [{"field": field, "message": message}])


def log_in(username: str, password: str) -> User:
    """The account with this username or e-mail address and password, else `invalid_credentials`.

    Known and unknown names take the same time and get the same answer.
    """
    column = User.email_key if "@" in username else User.username_key
    user: User | None = db.session.scalar(sa.select(User).where(column == key(username)))
    if not verify_password(password, user.password_hash if user else None) or user is None:
        if user:
            note_failed_login(user.id)
        raise _wrong_credentials()
    if user.banned_at:
        raise banned()
    return user


def confirm_log_in(user: User) -> None:
    """Refuse when the password was changed or the person banned since :func:`log_in` read the account.

    Locks the row. So either we see the change, or whoever makes it sees the session that is about to be opened, and
    ends it: else somebody who tries the old password without pause would slip through.
    """
    query = sa.select(User.password_hash, User.banned_at).where(User.id == user.id).with_for_update(key_share=True)
    row = db.session.execute(query).first()
    if row is None or row.password_hash != user.password_hash:
        raise _wrong_credentials()
    if row.banned_at:
        raise banned()


def _wrong_credentials() -> ChatError:
    return ChatError("invalid_credentials", "The username or the password is not right.")


def set_password(user_id: str, new_hash: str) -> None:
    """Set the password; links to reset it work no more."""
    touched(sa.update(User).where(User.id == user_id).values(password_hash=new_hash, updated_at=now()))
    void_tokens(user_id, "password_reset")


def change_password(user_id: str, session_id: str, new_hash: str) -> None:
    """Set the password; every other session ends, as whoever knew the old one may be on it. The owner gets a mail."""
    confirm_session(user_id, session_id)
    set_password(user_id, new_hash)
    after_commit(enqueue, "mail.password_changed", user_id)
    end_all_sessions(user_id, "token_revoked", keep=session_id)
    record("auth.password_changed", actor_id=user_id, target_id=user_id)


def hand_to_owner(user: User, new_hash: str) -> None:
    """Set the password for whom we know to be the owner; everybody is signed out.

    While nobody has proven the address, whoever made the account may be somebody else, who waits for its owner to
    come: then their API keys and linked providers end as well. ("Pre-hijacked accounts", Sudhodanan and Paverd,
    USENIX Security 2022.)
    """
    set_password(user.id, new_hash)
    if not user.email_verified:
        keys = sa.update(ApiKey).where(ApiKey.user_id == user.id, ApiKey.revoked_at.is_(None))
        touched(keys.values(revoked_at=now()))
        is_provider = ~ExternalIdentity.provider.startswith("ensure:")
        touched(sa.delete(ExternalIdentity).where(ExternalIdentity.user_id == user.id, is_provider))
    end_all_sessions(user.id, "token_revoked")  # last: also of whom somebody let in by those ways meanwhile


def check_password(user_id: str, password: str) -> None:
    """Refuse, naming the field, when this is not the person's password."""
    stored = db.session.scalar(sa.select(User.password_hash).where(User.id == user_id))
    if not verify_password(password, stored):
        raise invalid("current_password", "is not right")


def check_new_password(user_id: str, new_password: str) -> None:
    """Refuse, naming the field, one's own name as a password."""
    user = db.session.get_one(User, user_id)
    refuse_own_name("new_password", new_password, user.username, user.email)


def make_admin(data: Register, password_hash: str, role: str) -> tuple[User, bool]:
    """Make an account with this role, or promote the one of that name. Returns it and whether it is new."""
    query = sa.select(User).where(User.username_key == key(data.username)).with_for_update(key_share=True)
    user = db.session.scalar(query)
    if user is None:
        user = create_user(data.username, data.email, password_hash, role=role)
        record("user.created", actor_id=None, target_id=user.id, role=role, by="command")
        return user, True
    if user.email_key != key(data.email):
        raise conflict(f"There is an account {data.username} with another e-mail address.")
    if user.banned_at:
        raise conflict(f"The account {data.username} is banned.")
    record("user.role_changed", actor_id=None, target_id=user.id, before=user.role, after=role, by="command")
    user.role = role
    hand_to_owner(user, password_hash)
    return user, False
