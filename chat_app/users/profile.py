"""One's own profile. Callers open the transaction."""

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from chat_app.audit.service import record
from chat_app.auth.service import already_taken, key
from chat_app.auth.sessions import confirm_session
from chat_app.conversations.models import Conversation, ConversationMember
from chat_app.db import after_commit
from chat_app.extensions import db
from chat_app.jobs import enqueue
from chat_app.realtime.publish import conversation_changed, user_changed
from chat_app.recovery.service import ask_to_verify
from chat_app.recovery.tokens import void_tokens
from chat_app.users.models import User
from chat_app.users.schemas import ProfileUpdate

PEERS_TOLD = 200
"""Private chats, latest first, whose other person hears of a change at once; the rest see it when they load again."""


def update_profile(user_id: str, session_id: str, changes: ProfileUpdate) -> User:
    """Change what is given. `conflict` when somebody else has the address."""
    user = confirm_session(user_id, session_id)
    if changes.email is not None:
        _change_email(user, changes.email)
    if changes.display_name is not None:
        user.display_name = changes.display_name
    if "description" in changes.model_fields_set:
        user.description = changes.description or None
    if "avatar_hue" in changes.model_fields_set:
        user.avatar_hue = changes.avatar_hue
    after_commit(user_changed, user_id)
    if changes.model_fields_set - {"email"}:
        tell_peers(user_id)
    return user


def _change_email(user: User, email: str) -> None:
    former = user.email
    if key(email) != user.email_key:
        if user.email_verified:
            after_commit(enqueue, "mail.address_changed", user.id, former)
        user.email_verified_at = None
        void_tokens(user.id)
        ask_to_verify(user.id)
        record("auth.email_changed", actor_id=user.id, target_id=user.id, former=former)
    user.email, user.email_key = email, key(email)
    try:
        db.session.flush()
    except IntegrityError:
        raise already_taken("email") from None


def tell_peers(user_id: str) -> None:
    """After the commit, the people whom this one has private chats with see the profile as it is now."""
    mine, theirs = aliased(ConversationMember), aliased(ConversationMember)
    query = (
        sa.select(theirs.conversation_id, theirs.user_id)
        .join(Conversation, Conversation.id == theirs.conversation_id)
        .join(mine, mine.conversation_id == theirs.conversation_id)
        .where(
            Conversation.kind == "private",
            mine.user_id == user_id,
            theirs.user_id != user_id,
            theirs.left_at.is_(None),
        )
        .order_by(Conversation.updated_at.desc())
        .limit(PEERS_TOLD)
    )
    for conversation_id, peer_id in db.session.execute(query):
        after_commit(conversation_changed, conversation_id, peer_id)
