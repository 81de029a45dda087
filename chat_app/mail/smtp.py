"""Handing one message to the relay (RFC 5321, 6409). Green under eventlet: smtplib waits in patched sockets."""

import contextlib
import re
import smtplib
import ssl
from collections.abc import Iterator
from email.message import EmailMessage

from chat_app.mail.relay import Relay

TIMEOUT = 10.0
"""Seconds that each step (connecting, one answer) may take."""
_SECRET = re.compile(r"[A-Za-z0-9_-]{24,}")
_MAX_REASON = 200


class DeliveryFailed(Exception):
    """The relay did not take the mail; the text says why and never holds a link of it."""


class TryAgain(DeliveryFailed):
    """It may take it later: it did not answer, or said so (4xx)."""


class Rejected(DeliveryFailed):
    """It will never take it (5xx), or must not be given it: no safe connection."""


def deliver(relay: Relay, message: EmailMessage, sender: str, recipient: str) -> None:
    """Returns once the relay has taken responsibility; raises :class:`TryAgain` or :class:`Rejected`."""
    try:
        with _connection(relay, sender.rpartition("@")[2]) as smtp:
            smtp.send_message(message, sender, [recipient])
    except DeliveryFailed:
        raise
    except (OSError, smtplib.SMTPException, UnicodeError) as error:
        raise _failure(relay, error) from None  # a traceback would show what the relay quoted of the mail


@contextlib.contextmanager
def _connection(relay: Relay, own_name: str) -> Iterator[smtplib.SMTP]:
    """A connection on which we have introduced ourselves, encrypted and signed in as the relay wants it."""
    # `own_name`: without it smtplib asks the DNS for ours, which may take long.
    if relay.tls == "at_once":
        context = ssl.create_default_context()
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(relay.host, relay.port, own_name, timeout=TIMEOUT, context=context)
    else:
        smtp = smtplib.SMTP(relay.host, relay.port, own_name, timeout=TIMEOUT)
    try:
        smtp.ehlo_or_helo_if_needed()
        if relay.tls in ("always", "if_offered"):
            _start_tls(relay, smtp)
        if relay.user:
            smtp.login(relay.user, relay.password)
        yield smtp
        with contextlib.suppress(OSError, smtplib.SMTPException):
            smtp.quit()  # the mail is accepted already: what fails now must not send it twice
    finally:
        smtp.close()


def _start_tls(relay: Relay, smtp: smtplib.SMTP) -> None:
    if smtp.has_extn("starttls"):
        smtp.starttls(context=ssl.create_default_context())
        smtp.ehlo()
    elif relay.tls == "always":
        raise Rejected(f"{relay.host} does not offer STARTTLS, and nothing is sent in clear.")


def _failure(relay: Relay, error: Exception) -> DeliveryFailed:
    where = f"{relay.host}:{relay.port}"
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return _answered(where, *next(iter(error.recipients.values())))
    if isinstance(error, smtplib.SMTPResponseException):
        return _answered(where, error.smtp_code, error.smtp_error)
    if isinstance(error, (smtplib.SMTPNotSupportedError, ssl.SSLCertVerificationError, UnicodeError)):
        return Rejected(f"{where}: {_harmless(error)}")
    return TryAgain(f"{where} does not answer: {_harmless(error) or type(error).__name__}")


def _answered(where: str, code: int, text: bytes | str) -> DeliveryFailed:
    words = text.decode(errors="replace") if isinstance(text, bytes) else text
    kind = Rejected if 500 <= code <= 599 else TryAgain
    return kind(f"{where} answered {code} {_harmless(words)}")


def _harmless(reason: object) -> str:
    """One line, without anything that could be a token: a relay may quote the mail that it refuses."""
    return _SECRET.sub("…", " ".join(str(reason).split()))[:_MAX_REASON]
