"""Somebody's picture, stored: a new one is a new row, so that what stands at an address never changes."""

import sqlalchemy as sa

from chat_app.db import after_commit, touched
from chat_app.errors import not_found
from chat_app.extensions import db
from chat_app.ids import new_id
from chat_app.realtime.publish import user_changed
from chat_app.users.models import Avatar, User
from chat_app.users.profile import tell_peers


def set_avatar(user_id: str, picture: bytes | None) -> User:
    """Replace the person's picture, a WebP; None takes it away. Those they chat with see it at once."""
    # First of all the lock on the account: two new pictures at once must not leave two rows.
    query = sa.select(User).where(User.id == user_id).with_for_update(key_share=True)
    user = db.session.scalars(query.execution_options(populate_existing=True)).one()
    touched(sa.delete(Avatar).where(Avatar.user_id == user_id))
    user.avatar_url = None
    if picture is not None:
        avatar = Avatar(id=new_id(), user_id=user_id, data=picture)
        db.session.add(avatar)
        user.avatar_url = f"/api/v1/media/{avatar.id}/avatar.webp"
    db.session.flush()
    after_commit(user_changed, user_id)
    tell_peers(user_id)
    return user


def picture_of(avatar_id: str) -> bytes:
    data: bytes | None = db.session.scalar(sa.select(Avatar.data).where(Avatar.id == avatar_id))
    if data is None:
        raise not_found("picture")
    return data
