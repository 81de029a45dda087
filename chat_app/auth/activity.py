"""What happened to one's own account."""

import sqlalchemy as sa

from chat_app.audit.models import AuditEvent
from chat_app.audit.service import list_events
from chat_app.auth.schemas import ActivityOut


def own_events(user_id: str, limit: int, cursor: str | None) -> tuple[list[ActivityOut], str | None]:
    """Security events in which the person acted or was acted upon, newest first."""
    condition = sa.or_(AuditEvent.actor_id == user_id, AuditEvent.target_id == user_id)
    events, next_cursor = list_events(condition, limit=limit, cursor=cursor)
    return [_shown_to(user_id, event) for event in events], next_cursor


def _shown_to(user_id: str, event: AuditEvent) -> ActivityOut:
    shown = ActivityOut.model_validate(event)
    if event.actor_id in (user_id, None):
        return shown
    # An administrator's address and reasons are not for those whom they act upon.
    return shown.model_copy(update={"address": "", "user_agent": "", "detail": {}})
