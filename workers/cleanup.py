from chat_app.extensions import celery
from chat_app.operations.cleanup import clean_up


@celery.task(name="cleanup.expired")
def expired() -> dict[str, int]:
    """Remove what has served its time, a bounded amount; the next run goes on."""
    return {name: count for name, count in clean_up() if count}
