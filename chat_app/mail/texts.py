"""What our mails say, all in one place, as text and as simple HTML.

Of what people typed, only usernames stand here (letters, digits, dots, hyphens, underscores): whoever registers with
somebody else's address must not get words of theirs mailed to them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from urllib.parse import urlsplit

_IGNORE = "If this was not you, ignore this mail; nothing changes."


@dataclass(frozen=True, slots=True)
class Mail:
    subject: str
    text: str
    html: str


LinkText = Callable[[str, str, str, str], Mail]
"""A text with a link: of the address of the server, the username, the link, and how long it works."""


def password_reset(address: str, username: str, link: str, life: str) -> Mail:
    """`life` is how long the link works, in words: "30 minutes"."""
    server = host_of(address)
    return _mail(
        f"Reset your password at {server}",
        f"Hello {username},",
        f"somebody, probably you, wants to set a new password for your account at {server}. To do so, open this link:",
        link,
        f"It works once, for {life}. Asking for another link ends it.",
        _IGNORE,
    )


def invitation(address: str, username: str, link: str, life: str) -> Mail:
    server = host_of(address)
    return _mail(
        f"Your account at {server}",
        f"Hello {username},",
        f"an administrator made the account {username} at {server} for you. To choose a password, open this link:",
        link,
        f"It works once, for {life}. Afterwards, choose “Forgot password” on the sign-in page to get another one.",
        "If you do not want the account, ignore this mail.",
    )


def verification(address: str, username: str, link: str, life: str) -> Mail:
    server = host_of(address)
    return _mail(
        f"Confirm your address at {server}",
        f"Hello {username},",
        f"this address was given for the account {username} at {server}. To confirm that it is yours, open this link:",
        link,
        f"It works once, for {life}.",
        _IGNORE,
    )


def password_changed(address: str, username: str) -> Mail:
    server = host_of(address)
    return _mail(
        f"Your password at {server} was changed",
        f"Hello {username},",
        f"the password of your account at {server} was changed just now, and other devices were signed out.",
        "If this was you, all is well. If not, go to the sign-in page, choose “Forgot password” to set another one, "
        "and tell your administrator.",
    )


def address_changed(address: str, username: str) -> Mail:
    server = host_of(address)
    return _mail(
        f"Your address at {server} was changed",
        f"Hello {username},",
        f"your account at {server} has another e-mail address now; mails no longer go to this one.",
        "If this was you, all is well. If not, tell your administrator at once.",
    )


def host_of(address: str) -> str:
    """What people call the server: `chat.example.org`, with the port where it is not the usual one."""
    return urlsplit(address).netloc


def _mail(subject: str, *paragraphs: str) -> Mail:
    text = "\n\n".join(paragraphs) + "\n"
    body = "\n".join(f"<p>{_linked(paragraph)}</p>" for paragraph in paragraphs)
    head = f'<meta charset="utf-8">\n<title>{escape(subject)}</title>'
    html = f'<!doctype html>\n<html lang="en">\n{head}\n{body}\n</html>\n'
    return Mail(subject, text, html)


def _linked(paragraph: str) -> str:
    shown = escape(paragraph)
    return f'<a href="{shown}">{shown}</a>' if paragraph.startswith(("http://", "https://")) else shown
