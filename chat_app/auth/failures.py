"""Failed log-ins, noted for the owners of the accounts."""

from datetime import timedelta

import sqlalchemy as sa
from flask import copy_current_request_context

from chat_app.audit.models import AuditEvent
from chat_app.audit.service import record
from chat_app.db import now, transaction
from chat_app.extensions import db, socketio
from chat_app.logs import request_id, set_request_id
from chat_app.users.models import User

ACTION = "auth.login_failed"
NOTED_EVERY = timedelta(minutes=1)
"""An account gets one event in so long, however many guesses there are: an attack must not fill the log."""


def note_failed_login(user_id: str) -> None:
    """Somebody gave a wrong password for this account.

    Written in the background: a refusal that waited for a write would tell known names from unknown ones.
    """
    socketio.start_background_task(copy_current_request_context(_note), user_id, request_id())


def _note(user_id: str, request: str | None) -> None:
    set_request_id(request)
    recent = sa.select(AuditEvent.id).where(
        AuditEvent.target_id == user_id, AuditEvent.action == ACTION, AuditEvent.at > now() - NOTED_EVERY
    )
    if db.session.scalar(recent.limit(1)):
        return
    with transaction():
        # Looked at again under the account's lock: many may fail at the same moment.
        db.session.execute(sa.select(User.id).where(User.id == user_id).with_for_update(key_share=True))
        if not db.session.scalar(recent.limit(1)):
            record(ACTION, actor_id=None, target_id=user_id)
