"""Uploads of one person: taking them in, showing them, taking them back."""

import sqlalchemy as sa
from flask import current_app

from chat_app.auth.tokens import Identity
from chat_app.db import after_commit, transaction
from chat_app.errors import ChatError, conflict, not_found
from chat_app.extensions import db
from chat_app.jobs import enqueue
from chat_app.runtime import run_blocking
from chat_app.uploads.contents import keep
from chat_app.uploads.kinds import IMAGE_TYPES, kind_of
from chat_app.uploads.models import PROCESSING, READY, Upload
from chat_app.uploads.names import clean_name
from chat_app.uploads.receive import Incoming, received, receivers
from chat_app.uploads.views import Wire, to_wire, visible_uploads
from chat_app.users.models import User


def receive(caller: Identity) -> Wire:
    """Take in the file of the running request. An image is worked on afterwards; anything else is ready at once.

    Opens its transactions itself: none may be open while bytes come in or go to the store. Errors: those of
    :func:`chat_app.uploads.receive.received` and :func:`chat_app.uploads.kinds.kind_of`, and `quota_exceeded`.
    """
    settings = current_app.config["SETTINGS"]
    with receivers.one(caller.user_id):
        _check_quota(caller.user_id, 0)
        db.session.rollback()
        with received(settings.largest_file(caller.role)) as incoming:
            media_type = run_blocking(kind_of, incoming.path)
            keep(incoming.digest, incoming.size, incoming.path)
            with transaction():
                upload = _add(caller.user_id, incoming, media_type)
    return to_wire(upload)


def _add(user_id: str, incoming: Incoming, media_type: str) -> Upload:
    # The lock on the account puts its uploads one after the other: two at once cannot both take the last room.
    db.session.execute(sa.select(User.id).where(User.id == user_id).with_for_update(key_share=True))
    _check_quota(user_id, incoming.size)
    upload = Upload(
        owner_id=user_id,
        name=clean_name(incoming.name),
        media_type=media_type,
        size=incoming.size,
        content_digest=incoming.digest,
        content_size=incoming.size,
        status=PROCESSING if media_type in IMAGE_TYPES else READY,
        thumbnails=[],
    )
    db.session.add(upload)
    db.session.flush()
    if upload.status == PROCESSING:
        after_commit(enqueue, "media.process", upload.id)
    return upload


def _check_quota(user_id: str, wanted: int) -> None:
    quota: int = current_app.config["SETTINGS"].upload_quota
    used = db.session.scalar(sa.select(sa.func.coalesce(sa.func.sum(Upload.size), 0)).where(Upload.owner_id == user_id))
    if int(used or 0) + max(wanted, 1) > quota:
        raise ChatError(
            "quota_exceeded",
            f"Your files may take {quota / 2**20:,.4g} MiB in all, and there is not enough room left. "
            "Delete messages with files first.",
        )


def get(user_id: str, upload_id: str) -> Wire:
    """One's own, or one attached in a conversation that one belongs to."""
    return to_wire(find(user_id, upload_id))


def find(user_id: str, upload_id: str) -> Upload:
    upload: Upload | None = db.session.scalar(visible_uploads(user_id).where(Upload.id == upload_id))
    if upload is None:
        raise not_found("file")
    return upload


def discard(user_id: str, upload_id: str) -> None:
    """Take back one's own upload that no message holds; one that a message holds goes with the message."""
    query = sa.select(Upload).where(Upload.id == upload_id, Upload.owner_id == user_id).with_for_update()
    upload = db.session.scalar(query.execution_options(populate_existing=True))
    if upload is None:
        raise not_found("file")
    if upload.message_id is not None:
        raise conflict("This file belongs to a message; delete the message instead.")
    db.session.execute(sa.delete(Upload).where(Upload.id == upload_id))
