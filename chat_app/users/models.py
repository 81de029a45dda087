from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from chat_app.db import UtcDateTime, Uuid, now
from chat_app.extensions import Model
from chat_app.ids import new_id

ROLES = ("member", "buyer", "merchant", "agent", "admin")


class User(Model):
    """A person. `*_key` columns hold the case-folded form that has to be unique."""

    __tablename__ = "users"

    id: Mapped[str] = mapped_column(Uuid, primary_key=True, default=new_id)
    username: Mapped[str] = mapped_column(sa.String(32))
    username_key: Mapped[str] = mapped_column(sa.String(32), unique=True)
    email: Mapped[str] = mapped_column(sa.String(254))
    email_key: Mapped[str] = mapped_column(sa.String(254), unique=True)
    password_hash: Mapped[str | None] = mapped_column(sa.String(100))
    display_name: Mapped[str] = mapped_column(sa.String(64))
    avatar_url: Mapped[str | None] = mapped_column(sa.String(500))
    role: Mapped[str] = mapped_column(sa.String(16), default="member")
    banned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, onupdate=now)
