from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from chat_app.db import UtcDateTime, Uuid, now
from chat_app.extensions import Model
from chat_app.ids import new_id


class AuthSession(Model):
    """One log-in on one device: the family of all refresh tokens that came from it.

    `refresh_id` names the only refresh token that is still good; every refresh replaces it. The one before and a
    digest of the caller's Idempotency-Key stay for a moment, for a caller whose answer was lost.
    A session ends by `revoked_at` or by passing `expires_at`, and its row is deleted some time later.
    """

    __tablename__ = "auth_sessions"

    id: Mapped[str] = mapped_column(Uuid, primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(Uuid, sa.ForeignKey("users.id", ondelete="CASCADE"), index=True)
    refresh_id: Mapped[str] = mapped_column(Uuid)
    previous_refresh_id: Mapped[str | None] = mapped_column(Uuid)
    refresh_key_hash: Mapped[str | None] = mapped_column(sa.CHAR(64))
    user_agent: Mapped[str] = mapped_column(sa.String(200), default="")
    address: Mapped[str] = mapped_column(sa.String(45), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    refreshed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
