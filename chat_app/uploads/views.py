"""An upload as clients see it, and who sees it."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from chat_app.conversations.models import ConversationMember
from chat_app.extensions import db
from chat_app.messages.models import Message
from chat_app.uploads.models import Upload
from chat_app.uploads.names import address, thumbnail_address
from chat_app.uploads.schemas import ThumbnailOut, UploadOut

Wire = dict[str, Any]


def to_wire(upload: Upload) -> Wire:
    return UploadOut(
        id=upload.id,
        message_id=upload.message_id,
        name=upload.name,
        url=address(upload.id, upload.name),
        media_type=upload.media_type,
        size=upload.content_size,
        status=upload.status,  # type: ignore[arg-type]
        error=upload.error,
        width=upload.width,
        height=upload.height,
        blurhash=upload.blurhash,
        thumbnails=[
            ThumbnailOut(
                name=thumbnail.name,  # type: ignore[arg-type]
                url=thumbnail_address(upload.id, thumbnail.name),
                size=thumbnail.size,
                width=thumbnail.width,
                height=thumbnail.height,
            )
            for thumbnail in upload.thumbnails
        ],
        created_at=upload.created_at,
    ).to_json()


def visible_uploads(user_id: str) -> sa.Select[Any]:
    """The uploads that this person may have: their own, and those attached in conversations that they belong to."""
    shared = (
        sa.exists()
        .where(
            Message.id == Upload.message_id,
            ConversationMember.conversation_id == Message.conversation_id,
            ConversationMember.user_id == user_id,
            ConversationMember.left_at.is_(None),
        )
        .correlate(Upload)
    )
    return sa.select(Upload).where(sa.or_(Upload.owner_id == user_id, shared))


def attachments_of(message_ids: Iterable[str], session: Session | None = None) -> dict[str, list[Wire]]:
    """By message, in the order in which they were attached; read in the request's session, or in the given one."""
    query = (
        sa.select(Upload)
        .where(Upload.message_id.in_(list(message_ids)))
        .order_by(Upload.position)
        .execution_options(populate_existing=True)
    )
    grouped: dict[str, list[Wire]] = defaultdict(list)
    for upload in (session or db.session()).scalars(query):
        grouped[str(upload.message_id)].append(to_wire(upload))
    return grouped
