from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from chat_app.db import UtcDateTime, Uuid, now
from chat_app.extensions import Model
from chat_app.ids import new_id


class AuditEvent(Model):
    """One security event. No foreign keys: the log outlives the people it names."""

    __tablename__ = "audit_events"

    id: Mapped[str] = mapped_column(Uuid, primary_key=True, default=new_id)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, index=True)
    action: Mapped[str] = mapped_column(sa.String(40))
    actor_id: Mapped[str | None] = mapped_column(Uuid)
    """Who did it; None: nobody who was signed in, or a command."""
    target_id: Mapped[str | None] = mapped_column(Uuid)
    """The account it was done to."""
    address: Mapped[str] = mapped_column(sa.String(45), default="")
    user_agent: Mapped[str] = mapped_column(sa.String(200), default="")
    request_id: Mapped[str] = mapped_column(sa.String(64), default="")
    detail: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)

    __table_args__ = (
        sa.Index("ix_audit_events_target", "target_id", "id"),
        sa.Index("ix_audit_events_actor", "actor_id", "id"),
    )
