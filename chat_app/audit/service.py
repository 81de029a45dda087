"""Writing to the audit log, and reading it.

An event is recorded in the transaction of what it tells of: either both are stored or neither.
"""

from typing import Any

import sqlalchemy as sa
from flask import has_request_context, request

from chat_app.audit.models import AuditEvent
from chat_app.extensions import db
from chat_app.logs import request_id
from chat_app.pagination import checked_id, decode_cursor, encode_cursor


def record(action: str, *, actor_id: str | None, target_id: str | None = None, **detail: Any) -> None:
    """Note a security event, e.g. ``record("user.banned", actor_id=…, target_id=…, reason=…)``.

    `detail` is small and holds no secret. Address, user agent and request id are those of the request.
    """
    address, user_agent = "", ""
    if has_request_context():
        address, user_agent = request.remote_addr or "", request.headers.get("User-Agent", "")
    db.session.add(
        AuditEvent(
            action=action,
            actor_id=actor_id,
            target_id=target_id,
            address=address[:45],
            user_agent=_storable(user_agent)[:200],
            request_id=request_id() or "",
            detail=detail,
        )
    )


def _storable(text: str) -> str:
    return text.replace("\x00", "")


def list_events(
    *conditions: sa.ColumnElement[bool], limit: int, cursor: str | None
) -> tuple[list[AuditEvent], str | None]:
    """Events that fulfil the conditions, newest first, and the cursor of the next page."""
    query = sa.select(AuditEvent).where(*conditions).order_by(AuditEvent.id.desc()).limit(limit + 1)
    if cursor:
        query = query.where(AuditEvent.id < checked_id(decode_cursor(cursor, str)[0]))
    events = list(db.session.scalars(query))
    return events[:limit], encode_cursor(events[limit - 1].id) if len(events) > limit else None
