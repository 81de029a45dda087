import logging

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from chat_app.db import transaction
from chat_app.extensions import celery
from chat_app.mail.service import send
from chat_app.mail.smtp import Rejected, TryAgain
from chat_app.recovery import service
from chat_app.recovery.service import Letter
from chat_app.recovery.tokens import discard_token

log = logging.getLogger(__name__)

# 3, 6, 12 … 96 seconds: three minutes in all.
retried = {
    "autoretry_for": (TryAgain, OperationalError, InterfaceError, PoolTimeout),
    "retry_backoff": 3,
    "retry_jitter": False,
    "max_retries": 6,
}


@celery.task(name="mail.password_reset", **retried)
def password_reset(email: str) -> None:
    with transaction():
        letter = service.reset_letter(email)
    _post(letter)


@celery.task(name="mail.invitation", **retried)
def invitation(user_id: str) -> None:
    with transaction():
        letter = service.invitation_letter(user_id)
    _post(letter)


@celery.task(name="mail.verification", **retried)
def verification(user_id: str) -> None:
    with transaction():
        letter = service.verification_letter(user_id)
    _post(letter)


@celery.task(name="mail.password_changed", **retried)
def password_changed(user_id: str) -> None:
    _post(service.password_notice(user_id))


@celery.task(name="mail.address_changed", **retried)
def address_changed(user_id: str, old_address: str) -> None:
    _post(service.address_notice(user_id, old_address))


def _post(letter: Letter | None) -> None:
    """Send it. When it may go later, its secret is dropped: the next attempt makes another."""
    if letter is None:
        return
    try:
        send(letter.to, letter.mail.subject, letter.mail.text, letter.mail.html)
    except TryAgain:
        if letter.secret:
            with transaction():
                discard_token(letter.secret)
        raise
    except (Rejected, ValueError) as error:
        log.error("a mail is not sent: %s", error)
