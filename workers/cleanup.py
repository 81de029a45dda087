from chat_app.db import transaction
from chat_app.extensions import celery
from chat_app.operations import cleanup

MAX_BITES = 100


@celery.task(name="cleanup.expired")
def expired() -> None:
    """Remove what ended long ago; stops after a bounded amount of work, the next run goes on."""
    with transaction():
        cleanup.remove_ended_sessions()
        cleanup.remove_spent_secrets()
    for remove_some in (cleanup.remove_old_audit_events, cleanup.remove_deleted_messages):
        for _ in range(MAX_BITES):
            with transaction():
                if not remove_some():
                    break
    with transaction():
        cleanup.remove_deleted_conversations()
