from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from chat_app.db import UtcDateTime, Uuid, now
from chat_app.extensions import Model
from chat_app.ids import new_id

PROCESSING, READY, FAILED = "processing", "ready", "failed"


class Content(Model):
    """Bytes in the store, once however often they were sent. While the row is there, so are the bytes.

    `used_at` moves when somebody is about to refer to it: the clean-up leaves it alone for a day from then.
    """

    __tablename__ = "contents"

    digest: Mapped[str] = mapped_column(sa.CHAR(64), primary_key=True)
    """SHA-256, hexadecimal."""
    size: Mapped[int] = mapped_column(sa.BigInteger)
    used_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, index=True)


class Upload(Model):
    """A file that somebody sent. `size` is what counts against their quota: the bytes as they came.

    `content_digest` is the file as it came until an image is `ready`, and what was made of it from then on.
    """

    __tablename__ = "uploads"

    id: Mapped[str] = mapped_column(Uuid, primary_key=True, default=new_id)
    owner_id: Mapped[str] = mapped_column(Uuid, sa.ForeignKey("users.id", ondelete="CASCADE"), index=True)
    message_id: Mapped[str | None] = mapped_column(Uuid, sa.ForeignKey("messages.id", ondelete="CASCADE"), index=True)
    """The message that it is attached to; one at most, for good."""
    position: Mapped[int] = mapped_column(sa.SmallInteger, default=0)
    """Its place among the attachments of that message."""
    name: Mapped[str] = mapped_column(sa.String(120))
    media_type: Mapped[str] = mapped_column(sa.String(100))
    size: Mapped[int] = mapped_column(sa.BigInteger)
    content_digest: Mapped[str] = mapped_column(sa.CHAR(64), sa.ForeignKey("contents.digest"), index=True)
    content_size: Mapped[int] = mapped_column(sa.BigInteger)
    status: Mapped[str] = mapped_column(sa.String(16))
    """`processing`, `ready` or `failed`."""
    error: Mapped[str | None] = mapped_column(sa.String(200))
    """Why it failed, a sentence."""
    attempts: Mapped[int] = mapped_column(sa.SmallInteger, default=0)
    """Times that work on it was begun."""
    width: Mapped[int | None] = mapped_column(sa.Integer)
    height: Mapped[int | None] = mapped_column(sa.Integer)
    blurhash: Mapped[str | None] = mapped_column(sa.String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    touched_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    """When work on it was last asked for or begun."""

    thumbnails: Mapped[list["Thumbnail"]] = relationship(order_by="Thumbnail.width", lazy="selectin", viewonly=True)

    __table_args__ = (sa.Index("ix_uploads_status", "status", "touched_at"),)


class Thumbnail(Model):
    """A small WebP of an image; `name` is `small` or `large`."""

    __tablename__ = "upload_thumbnails"

    upload_id: Mapped[str] = mapped_column(Uuid, sa.ForeignKey("uploads.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(8), primary_key=True)
    content_digest: Mapped[str] = mapped_column(sa.CHAR(64), sa.ForeignKey("contents.digest"), index=True)
    size: Mapped[int] = mapped_column(sa.BigInteger)
    width: Mapped[int] = mapped_column(sa.Integer)
    height: Mapped[int] = mapped_column(sa.Integer)
