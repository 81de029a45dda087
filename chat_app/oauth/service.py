"""From who somebody is elsewhere to their account here. Callers open the transaction."""

import secrets
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from chat_app.audit.service import record
from chat_app.auth.models import AuthSession, ExternalIdentity, OneTimeToken
from chat_app.auth.secrets import new_secret, secret_hash
from chat_app.auth.service import create_user, key, require_open_registration
from chat_app.auth.sessions import confirm_session
from chat_app.auth.tokens import banned, session_ended
from chat_app.db import insert_new, now, touched
from chat_app.errors import ChatError, conflict, not_found
from chat_app.extensions import db
from chat_app.oauth.profile import Profile
from chat_app.users.models import User

PROVIDERS = ("google", "github", "oidc")
PURPOSE = "oauth_login"
HAND_OVER = timedelta(seconds=60)
"""Time for the browser to swap the secret of a finished sign-in for tokens."""
MAX_IDENTITIES = 20
"""Of one account."""


def sign_in(profile: Profile) -> User:
    """The account of this person: the one linked to them, the one with their proven address, or a new one.

    Of two callers at once one may get `conflict`; the edge then begins again and finds what the other one made.
    """
    user = _known(profile)
    if user is None:
        if profile.email is None or not profile.email_verified:
            raise ChatError("email_not_verified", "Verify your e-mail address at the provider first.")
        user = _owner_of(profile.email) or _new_account(profile, profile.email)
        _refuse_banned(user)
        _link(user.id, profile)
    _refuse_banned(user)
    return user


def _refuse_banned(user: User) -> None:
    if user.banned_at:
        raise banned()


def _known(profile: Profile) -> User | None:
    same = _same_subject(profile).execution_options(populate_existing=True)
    identity: ExternalIdentity | None = db.session.scalar(same)
    user = _locked(User.id == identity.user_id) if identity else None
    identity = db.session.scalar(same)  # again under the account's lock: it may have been unlinked meanwhile
    if user is None or identity is None or identity.user_id != user.id:
        return None
    identity.email, identity.last_used_at = profile.email, now()
    return user


def _locked(condition: sa.ColumnElement[bool]) -> User | None:
    """The account, locked: a ban or a reset that comes at the same moment waits, and ends the session we open."""
    query = sa.select(User).where(condition).with_for_update(key_share=True).execution_options(populate_existing=True)
    user: User | None = db.session.scalar(query)
    return user


def _same_subject(profile: Profile) -> Any:
    same = (ExternalIdentity.provider == profile.provider, ExternalIdentity.subject == profile.subject)
    return sa.select(ExternalIdentity).where(*same)


def _owner_of(email: str) -> User | None:
    """The account with this address, if its owner has proven it.

    An address that nobody proved may have been put there by a stranger who waits for its owner to sign in
    (account pre-hijacking: Sudhodanan and Paverd, USENIX Security 2022).
    """
    user = _locked(User.email_key == key(email))
    if user and user.email_verified_at is None:
        raise ChatError(
            "account_exists",
            "There is an account with this address. Sign in to it with its password, then link the provider in the "
            "settings.",
        )
    return user


def _new_account(profile: Profile, email: str) -> User:
    require_open_registration()
    username = _free_username(profile.username)
    user = create_user(username, email, None, display_name=profile.name)
    user.email_verified_at = now()
    record("auth.registered", actor_id=user.id, target_id=user.id, provider=profile.provider)
    return user


def _free_username(wanted: str) -> str:
    stem = wanted[:24].rstrip("._-")
    for candidate in (wanted, *(f"{stem}-{secrets.token_hex(2)}" for _ in range(3))):
        if not db.session.scalar(sa.select(User.id).where(User.username_key == key(candidate))):
            return candidate
    return f"{stem[:19]}-{secrets.token_hex(6)}"


def link_to_session(profile: Profile, session_id: str) -> None:
    """Link somebody's provider to the account that they are signed in to; their session must be alive still."""
    session = db.session.get(AuthSession, session_id)
    if session is None:
        raise session_ended()
    _link(confirm_session(session.user_id, session_id).id, profile)


def _link(user_id: str, profile: Profile) -> None:
    """Note whose account this is; `identity_taken` when it is somebody else's."""
    made = insert_new(
        ExternalIdentity,
        user_id=user_id,
        provider=profile.provider,
        subject=profile.subject,
        email=profile.email,
        last_used_at=now(),
    )
    if made:
        record("oauth.linked", actor_id=user_id, target_id=user_id, provider=profile.provider)
        return
    identity = db.session.scalars(_same_subject(profile)).one()
    if identity.user_id != user_id:
        raise ChatError("identity_taken", "This provider's account is linked to another account here.")


def hand_out(user_id: str) -> str:
    """A secret that stands for this finished sign-in, once and for `HAND_OVER`."""
    secret = new_secret()
    db.session.add(
        OneTimeToken(token_hash=secret_hash(secret), purpose=PURPOSE, user_id=user_id, expires_at=now() + HAND_OVER)
    )
    return secret


def redeem(secret: str) -> User:
    """Whose sign-in the secret stands for. Of several callers with one secret, one wins."""
    token_hash = secret_hash(secret)
    unused = (OneTimeToken.token_hash == token_hash, OneTimeToken.purpose == PURPOSE, OneTimeToken.used_at.is_(None))
    if not touched(sa.update(OneTimeToken).where(*unused, OneTimeToken.expires_at > now()).values(used_at=now())):
        raise stale()
    user_id = db.session.scalars(sa.select(OneTimeToken.user_id).where(OneTimeToken.token_hash == token_hash)).one()
    user = db.session.get_one(User, user_id)
    _refuse_banned(user)
    return user


def stale() -> ChatError:
    return ChatError("unauthorized", "This sign-in was completed before, or took too long. Please begin it again.")


def identities_of(user_id: str) -> list[ExternalIdentity]:
    """The providers that somebody is linked to, the oldest first; those no longer set up, too."""
    mine = (ExternalIdentity.user_id == user_id, ExternalIdentity.provider.in_(PROVIDERS))
    return list(db.session.scalars(sa.select(ExternalIdentity).where(*mine).order_by(ExternalIdentity.id)))


def require_room(user_id: str) -> None:
    if len(identities_of(user_id)) >= MAX_IDENTITIES:
        raise ChatError(
            "quota_exceeded", f"An account has at most {MAX_IDENTITIES} linked providers; unlink one first."
        )


def unlink(user_id: str, identity_id: str, usable: list[str]) -> None:
    """Remove one; `conflict` when nothing is left to sign in with. `usable` are the providers that are set up."""
    # The lock keeps two unlinkings at once from each relying on the other one's identity.
    user = db.session.scalars(sa.select(User).where(User.id == user_id).with_for_update()).one()
    identities = identities_of(user_id)
    identity = next((identity for identity in identities if identity.id == identity_id), None)
    if identity is None:
        raise not_found("linked provider")
    if not user.has_password and not any(other.provider in usable for other in identities if other is not identity):
        raise conflict("This is your only way to sign in. Set a password or link another provider first.")
    db.session.delete(identity)
    record("oauth.unlinked", actor_id=user_id, target_id=user_id, provider=identity.provider)
