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


class ApiKey(Model):
    """A key for programs (`X-API-Key`). Only its hash is stored; it acts for its owner, within its scopes.

    It ends by `revoked_at`, by passing `expires_at`, or with its owner's ban.
    """

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(Uuid, primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(Uuid, sa.ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(sa.String(64))
    prefix: Mapped[str] = mapped_column(sa.String(16))
    """Its first characters, by which its owner recognises it."""
    key_hash: Mapped[str] = mapped_column(sa.CHAR(64), unique=True)
    scopes: Mapped[list[str]] = mapped_column(sa.JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ExternalIdentity(Model):
    """Who somebody is elsewhere: `subject` at `provider`.

    A provider is an OAuth one (`google`, `github`, `oidc`) or a trusted back end (`ensure:<user id of its key>`).
    """

    __tablename__ = "external_identities"

    id: Mapped[str] = mapped_column(Uuid, primary_key=True, default=new_id)
    user_id: Mapped[str] = mapped_column(Uuid, sa.ForeignKey("users.id", ondelete="CASCADE"), index=True)
    provider: Mapped[str] = mapped_column(sa.String(64))
    subject: Mapped[str] = mapped_column(sa.String(255))
    email: Mapped[str | None] = mapped_column(sa.String(254))
    """The address that the provider told last; to show, not to decide by."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (sa.UniqueConstraint("provider", "subject", name="uq_external_identities_subject"),)


class OneTimeToken(Model):
    """A secret that works once and for a short time: mailed to reset a password or to verify an address, or
    handed to the browser that comes back from a provider. Only its hash is stored.
    """

    __tablename__ = "one_time_tokens"

    token_hash: Mapped[str] = mapped_column(sa.CHAR(64), primary_key=True)
    purpose: Mapped[str] = mapped_column(sa.String(16))
    user_id: Mapped[str] = mapped_column(Uuid, sa.ForeignKey("users.id", ondelete="CASCADE"), index=True)
    email_key: Mapped[str | None] = mapped_column(sa.String(254), index=True)
    """The address it was mailed to: it proves no other."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
