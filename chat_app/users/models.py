from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from chat_app.auth.permissions import permissions_of
from chat_app.db import UtcDateTime, Uuid, now
from chat_app.extensions import Model
from chat_app.ids import new_id

HUES = 12
"""Colours that an avatar without a picture may have; the page has a palette of so many."""


class User(Model):
    """A person. `*_key` columns hold the case-folded form that has to be unique.

    Whoever a trusted back end made (`users/ensure`) has neither an address nor a password.
    """

    __tablename__ = "users"

    id: Mapped[str] = mapped_column(Uuid, primary_key=True, default=new_id)
    username: Mapped[str] = mapped_column(sa.String(32))
    username_key: Mapped[str] = mapped_column(sa.String(32), unique=True)
    email: Mapped[str | None] = mapped_column(sa.String(254))
    email_key: Mapped[str | None] = mapped_column(sa.String(254), unique=True)
    email_verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When they proved that mail to this very address reaches them."""
    password_hash: Mapped[str | None] = mapped_column(sa.String(100))
    display_name: Mapped[str] = mapped_column(sa.String(64))
    description: Mapped[str | None] = mapped_column(sa.String(500))
    avatar_url: Mapped[str | None] = mapped_column(sa.String(500))
    avatar_hue: Mapped[int | None] = mapped_column(sa.SmallInteger)
    """One of `HUES`; None: derived from the id."""
    role: Mapped[str] = mapped_column(sa.String(16), default="member")
    plan: Mapped[str] = mapped_column(sa.String(32), sa.ForeignKey("plans.name"), default="free", server_default="free")
    banned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ban_reason: Mapped[str | None] = mapped_column(sa.String(500))
    last_seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, onupdate=now)

    @property
    def email_verified(self) -> bool:
        return self.email_verified_at is not None

    @property
    def permissions(self) -> list[str]:
        return permissions_of(self.role)

    @property
    def has_password(self) -> bool:
        return self.password_hash is not None


class Avatar(Model):
    """Somebody's picture: small, square, re-encoded. A new picture is a new row: its address never changes content."""

    __tablename__ = "avatars"

    id: Mapped[str] = mapped_column(Uuid, primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(Uuid, sa.ForeignKey("users.id", ondelete="CASCADE"), unique=True)
    data: Mapped[bytes] = mapped_column(sa.LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
