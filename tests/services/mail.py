"""A real SMTP server in the test process, and the mails in it as a person reads them."""

import asyncio
import email
import email.policy
import ipaddress
import re
import ssl
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.services.process import free_port
from tests.services.waiting import eventually

USER, PASSWORD = "chatsphere", "p@ss/word:1"
OK = "250 OK"


@dataclass(frozen=True)
class Received:
    """A mail that the server took. `encrypted` and `signed_in` tell how it came."""

    message: EmailMessage
    sender: str
    recipients: list[str]
    encrypted: bool
    signed_in: bool

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        return self._part("plain")

    @property
    def html(self) -> str:
        return self._part("html")

    def _part(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        assert part is not None, self.message
        return str(part.get_content()).replace("\r\n", "\n")

    @property
    def link(self) -> str:
        (found,) = re.findall(r"^https?://\S+$", self.text, re.MULTILINE)
        return found

    @property
    def token(self) -> str:
        return self.link.rpartition("/")[2]


@dataclass(frozen=True)
class Certificate:
    """Of 127.0.0.1, signed by itself. Processes trust it by SSL_CERT_FILE."""

    file: Path

    @classmethod
    def make(cls, directory: Path) -> "Certificate":
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
        address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        begin = datetime.now(UTC) - timedelta(minutes=5)
        builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        builder = builder.not_valid_before(begin).not_valid_after(begin + timedelta(days=1))
        builder = builder.add_extension(address, False).add_extension(x509.BasicConstraints(True, None), True)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file = directory / "certificate.pem"
        file.write_bytes(private + builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        return cls(file)

    @property
    def context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.file)
        return context


@dataclass
class MailServer:
    """Listens on one port, which it keeps over restarts. With a certificate it offers STARTTLS, or with `smtps`
    speaks TLS at once, and lets USER sign in.

    `answer` decides about each mail; by default all are taken.
    """

    certificate: Certificate | None = None
    smtps: bool = False
    utf8: bool = True
    answer: Callable[[Received], str] = field(default=lambda mail: OK)
    port: int = field(default_factory=free_port)
    mails: list[Received] = field(default_factory=list)
    attempts: int = 0
    _controller: Any = None

    @property
    def url(self) -> str:
        if self.certificate is None:
            return f"smtp://127.0.0.1:{self.port}"
        return f"{'smtps' if self.smtps else 'smtp'}://{USER}:p%40ss%2Fword%3A1@127.0.0.1:{self.port}"

    @property
    def settings(self) -> dict[str, str]:
        """What a deployment needs to send its mails here."""
        trusted = {"SSL_CERT_FILE": str(self.certificate.file)} if self.certificate else {}
        return {"SMTP_URL": self.url, **trusted}

    def start(self) -> None:
        self._controller = _Controller(self)
        self._controller.start()

    def stop(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def to(self, address: str, words: str = "") -> list[Received]:
        """What came for this address with these words in the subject."""
        return [mail for mail in self.mails if mail.recipients == [address] and words in mail.subject]

    def wait_for(self, address: str, words: str = "", *, nth: int = 1, timeout: float = 10) -> Received:
        """The nth such mail, once it is here."""
        eventually(lambda: len(self.to(address, words)) >= nth, timeout)
        return self.to(address, words)[nth - 1]

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.original_content
        assert isinstance(content, bytes)
        message = email.message_from_bytes(content, policy=email.policy.default)
        encrypted, signed_in = session.ssl is not None or self.smtps, bool(session.authenticated)
        assert isinstance(message, EmailMessage)
        mail = Received(message, envelope.mail_from or "", list(envelope.rcpt_tos), encrypted, signed_in)
        self.attempts += 1
        answer = self.answer(mail)
        if answer == OK:
            self.mails.append(mail)
        return answer


class _Controller(Controller):
    def __init__(self, server: MailServer) -> None:
        self._server = server
        at_once = server.certificate.context if server.certificate and server.smtps else None
        super().__init__(server, "127.0.0.1", server.port, ssl_context=at_once)
        self._open: weakref.WeakSet[SMTP] = weakref.WeakSet()

    def stop(self, no_assert: bool = False) -> None:
        """Also cuts who is connected: the library would leave their transports, half closed, to the collector."""
        asyncio.run_coroutine_threadsafe(self._cut(), self.loop).result(10)
        super().stop(no_assert)

    async def _cut(self) -> None:
        if self.server is not None:
            self.server.close()
        # In several turns: asyncio accepts before it says so, and a transport that is lost takes some steps, too.
        for _ in range(20):
            # Also of connections that no session knows yet.
            for transport in list(getattr(self.loop, "_transports", {}).values()):
                transport.abort()
            for session in self._open:
                if session.transport is not None:
                    session.transport.abort()
            await asyncio.sleep(0)

    def factory(self) -> SMTP:
        session = self._session()
        self._open.add(session)
        return session

    def _session(self) -> SMTP:
        server = self._server
        start_tls = server.certificate.context if server.certificate and not server.smtps else None
        return SMTP(
            server,
            hostname="mail.test",
            enable_SMTPUTF8=server.utf8,
            tls_context=start_tls,
            require_starttls=start_tls is not None,
            # It takes TLS from the first byte for no TLS.
            auth_require_tls=not server.smtps,
            auth_required=start_tls is not None,
            authenticator=_authenticate,
        )


def _authenticate(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:
    good = isinstance(data, LoginPassword) and data == LoginPassword(USER.encode(), PASSWORD.encode())
    return AuthResult(success=good, handled=False)
