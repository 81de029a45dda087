from chat_app.db import transaction
from chat_app.extensions import celery
from chat_app.receipts import service


@celery.task(name="receipts.store", autoretry_for=(Exception,), retry_backoff=True, max_retries=8)
def store(rows: list[tuple[str, str, int, int]], since: float = 0.0) -> None:
    """Raise stored watermarks; may run twice, late and in any order."""
    with transaction():
        service.store([(row[0], row[1], row[2], row[3]) for row in rows], since)
