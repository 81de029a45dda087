from chat_app.db import transaction
from chat_app.extensions import celery
from chat_app.uploads import processing

LONGEST = 120
"""Seconds that work on one image may take; then its process is ended, and a fresh one takes its place."""


@celery.task(
    name="media.process",
    time_limit=LONGEST,
    autoretry_for=(Exception,),
    retry_backoff=True,
    retry_backoff_max=60,
    max_retries=processing.MAX_ATTEMPTS,
)
def process(upload_id: str) -> None:
    """Make an image ready; may run twice, late and in any order."""
    processing.process(upload_id)


@celery.task(name="media.ask_again")
def ask_again() -> None:
    """Ask for what was lost with a killed process."""
    with transaction():
        processing.ask_again()
