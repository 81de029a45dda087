"""From a mail to an SMTP server: encrypted where it can be, never a password in clear, failures told apart."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from chat_app.mail import smtp
from chat_app.mail.message import compose, deliverable
from chat_app.mail.relay import Relay
from chat_app.mail.smtp import Rejected, TryAgain, deliver
from tests.services.mail import Certificate, MailServer, Received
from tests.services.process import free_port

FROM, TO = "ChatSphere <chat@example.org>", "ada@example.org"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate.make(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def serve() -> Iterator[Callable[..., MailServer]]:
    started: list[MailServer] = []

    def start(**options: object) -> MailServer:
        server = MailServer(**options)
        server.start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()


def trust(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(file))


def send(relay: Relay, to: str = TO, subject: str = "Hello", text: str = "A word.\n") -> None:
    deliver(relay, compose(FROM, to, subject, text), "chat@example.org", deliverable(to))


def test_a_mail_arrives_as_it_was_written(serve: Callable[..., MailServer]):
    server = serve()
    send(Relay.from_url(server.url), subject="Grüße 你好", text="Ça va ?\nÀ bientôt.\n")
    (mail,) = server.mails
    assert (mail.subject, mail.text) == ("Grüße 你好", "Ça va ?\nÀ bientôt.\n")
    assert (mail.sender, mail.recipients) == ("chat@example.org", [TO])
    assert not mail.encrypted


@pytest.mark.parametrize("smtps", [False, True])
def test_credentials_travel_encrypted(serve, certificate: Certificate, monkeypatch: pytest.MonkeyPatch, smtps: bool):
    trust(monkeypatch, certificate.file)
    server = serve(certificate=certificate, smtps=smtps)
    send(Relay.from_url(server.url))
    assert [(mail.encrypted, mail.signed_in) for mail in server.mails] == [(True, True)]


def test_credentials_are_not_given_to_a_server_without_starttls(serve: Callable[..., MailServer]):
    server = serve()
    relay = Relay.from_url(f"smtp://ada:secret-word@127.0.0.1:{server.port}")
    with pytest.raises(Rejected, match="STARTTLS") as told:
        send(relay)
    assert "secret-word" not in f"{told.value}{relay!r}"
    assert not server.attempts


def test_a_certificate_that_nobody_trusts_is_refused(serve: Callable[..., MailServer], certificate: Certificate):
    for smtps in (False, True):
        server = serve(certificate=certificate, smtps=smtps)
        with pytest.raises(Rejected, match="certificate"):
            send(Relay.from_url(server.url))
        assert not server.attempts


def test_starttls_is_used_where_it_is_offered_unless_the_operator_forbids_it(serve, certificate: Certificate):
    server = serve(certificate=certificate)
    with pytest.raises(Rejected, match="certificate"):
        send(Relay.from_url(f"smtp://127.0.0.1:{server.port}"))
    with pytest.raises(Rejected, match="530"):
        send(Relay.from_url(f"smtp://127.0.0.1:{server.port}?starttls=never"))


def test_a_wrong_password_is_final_and_not_told(serve, certificate: Certificate, monkeypatch: pytest.MonkeyPatch):
    trust(monkeypatch, certificate.file)
    relay = replace(Relay.from_url(serve(certificate=certificate).url), password="wrong-word")
    with pytest.raises(Rejected, match="535") as told:
        send(relay)
    assert "wrong-word" not in str(told.value)


@pytest.mark.parametrize(("answer", "kind"), [("451 later", TryAgain), ("552 too big", Rejected)])
def test_later_and_never_are_told_apart(serve: Callable[..., MailServer], answer: str, kind: type[Exception]):
    server = serve(answer=lambda mail: answer)
    with pytest.raises(kind, match=answer):
        send(Relay.from_url(server.url))


def test_what_a_server_quotes_of_the_mail_is_not_passed_on(serve: Callable[..., MailServer]):
    secret = "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4_Zm9vYmFyYm"

    def quote(mail: Received) -> str:
        return f"554 spam: {mail.text.strip()}"

    with pytest.raises(Rejected) as told:
        send(Relay.from_url(serve(answer=quote).url), text=f"https://chat.example.org/#/x/{secret}\n")
    assert "554 spam: https://chat.example.org/#/x/…" in str(told.value)
    assert told.value.__cause__ is None
    assert told.value.__suppress_context__


def test_a_server_that_is_not_there_may_come_back():
    with pytest.raises(TryAgain, match="does not answer"):
        send(Relay.from_url(f"smtp://127.0.0.1:{free_port()}"))


def test_a_server_that_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(smtp, "TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(TryAgain, match="timed out"):
        send(Relay.from_url(f"smtp://127.0.0.1:{silent.getsockname()[1]}"))


def test_addresses_in_other_scripts(serve: Callable[..., MailServer]):
    server = serve()
    send(Relay.from_url(server.url), to="ada@bücher.example")
    send(Relay.from_url(server.url), to="用户@例子.example")
    assert [mail.recipients for mail in server.mails] == [
        ["ada@xn--bcher-kva.example"],
        ["用户@xn--fsqu00a.example"],
    ]
    with pytest.raises(Rejected):
        send(Relay.from_url(serve(utf8=False).url), to="用户@例子.example")


@pytest.mark.parametrize(
    ("url", "relay"),
    [
        ("smtp://mail.example.org", Relay("mail.example.org", 587, "if_offered")),
        ("smtp://localhost:25/?starttls=never", Relay("localhost", 25, "never")),
        ("smtp://[::1]:25?starttls=always", Relay("::1", 25, "always")),
        ("smtp://a%40b:c%2Fd@mail.example.org", Relay("mail.example.org", 587, "always", "a@b", "c/d")),
        ("smtps://a:b@mail.example.org", Relay("mail.example.org", 465, "at_once", "a", "b")),
    ],
)
def test_an_address_of_a_server_is_understood(url: str, relay: Relay):
    assert Relay.from_url(url) == relay


@pytest.mark.parametrize(
    "url",
    [
        "http://mail.example.org",
        "smtp://",
        "smtp://user:top/secret@mail.example.org",
        "smtp://mail.example.org:mail",
        "smtp://mail.example.org:99999",
        "smtp://mail.example.org/path",
        "smtp://mail.example.org?starttls=maybe",
        "smtp://mail.example.org?verify=no",
        "smtp://user:secret@mail.example.org?starttls=never",
        "smtp://user:s%C3%A9cret@mail.example.org",
    ],
)
def test_a_bad_address_of_a_server_is_refused_without_its_password(url: str):
    with pytest.raises(ValueError, match=r"\w") as told:
        Relay.from_url(url)
    assert "secret" not in str(told.value)
    assert "cret@" not in str(told.value)
