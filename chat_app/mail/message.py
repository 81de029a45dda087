"""One mail as bytes (RFC 5322): nothing that people typed can become a header."""

import re
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid, parseaddr

import idna

_ONE_ADDRESS = re.compile(r"""([^\s@<>(),:;\\"\[\]]+)@([^\s@<>(),:;\\"]+)""")


def compose(sender: str, to: str, subject: str, text: str, html: str | None = None) -> EmailMessage:
    """A message to one address; with `html`, in both forms.

    Raises `ValueError` for a line break in the subject and for what is no address: the policy refuses them.
    """
    message = EmailMessage(policy=SMTP)
    name, address = parseaddr(sender)
    message["From"] = _address(address, name)
    message["To"] = _address(to)
    message["Subject"] = subject
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = make_msgid(domain=deliverable(address).rpartition("@")[2])
    # RFC 3834: whoever answers mails by machine leaves this one alone.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    if html is not None:
        message.add_alternative(html, subtype="html")
    return message


def _address(address: str, name: str = "") -> Address:
    found = _ONE_ADDRESS.fullmatch(deliverable(address))
    if found is None:
        raise ValueError("a mail goes to one plain address")
    return Address(name, found[1], found[2])


def deliverable(address: str) -> str:
    """The address with its domain as the DNS knows it (RFC 5891): an internationalised one in Punycode."""
    local, at, domain = address.rpartition("@")
    return address if domain.isascii() else f"{local}{at}{idna.encode(domain, uts46=True).decode()}"
