"""Sending mail. It may take seconds, so only jobs do it (`workers/mail.py`), never a request."""

import ipaddress
import logging
from email.utils import parseaddr

from flask import current_app

from chat_app.mail.message import compose, deliverable
from chat_app.mail.relay import Relay
from chat_app.mail.smtp import deliver
from chat_app.settings import Settings

log = logging.getLogger(__name__)


def send(to: str, subject: str, text: str, html: str | None = None) -> None:
    """Send one mail by SMTP_URL; without it, write the whole mail to the log.

    Raises `TryAgain` or `Rejected` (see `mail/smtp.py`).
    """
    settings: Settings = current_app.config["SETTINGS"]
    if not settings.smtp_url:
        told = "SMTP_URL is not set; this mail goes nowhere else:\nTo: %s\nSubject: %s\n\n%s"
        log.info(told, to, subject, text, extra={"verbatim": True})  # its link has to work
        return
    message = compose(settings.mail_from, to, subject, text, html)
    sender = deliverable(parseaddr(settings.mail_from)[1])
    deliver(Relay.from_url(settings.smtp_url), message, sender, deliverable(to))


def announce(settings: Settings) -> None:
    """Say once, at start, where mails go, and warn when that cannot be meant."""
    if settings.smtp_url:
        return
    log.info("SMTP_URL is not set: mails are written to this log.")
    if not settings.public_url and _serves_others(settings):
        log.warning(
            "Others can reach this server, but its mails go to this log, with links to %s in them. "
            "Set SMTP_URL and PUBLIC_URL, or nobody can reset a password.",
            settings.address,
        )


def _serves_others(settings: Settings) -> bool:
    """Whether this looks like more than a developer's own machine."""
    try:
        is_local = ipaddress.ip_address(settings.host).is_loopback
    except ValueError:
        is_local = settings.host == "localhost"
    return settings.trusted_proxies > 0 or not is_local
