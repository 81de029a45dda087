"""What a mail looks like, and what cannot get into it."""

from email import message_from_bytes, policy
from email.utils import parsedate_to_datetime

import pytest

from chat_app.mail import texts
from chat_app.mail.message import compose

FROM = "Chat bei Bücher <chat@bücher.example>"
LINK = "https://chat.example.org/#/reset-password/abc"


def test_a_mail_says_that_a_machine_wrote_it_and_when():
    raw = compose(FROM, "ada@example.org", "Héllo", "text\n", "<p>text</p>").as_bytes()
    assert raw.isascii()
    mail = message_from_bytes(raw, policy=policy.default)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["From"] == "Chat bei Bücher <chat@xn--bcher-kva.example>"
    assert mail["Message-ID"].endswith("@xn--bcher-kva.example>")
    assert parsedate_to_datetime(mail["Date"]).tzinfo
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_nothing_becomes_a_header(end: str):
    with pytest.raises(ValueError, match=r"\w"):
        compose(FROM, "ada@example.org", f"Hello{end}Bcc: eve@example.org", "text")
    with pytest.raises(Exception, match=r"\w"):
        compose(FROM, f"ada@example.org{end}Bcc: eve@example.org", "Hello", "text")


@pytest.mark.parametrize("to", ["ada@example.org, eve@example.org", "Ada <ada@example.org>", "no address", ""])
def test_a_mail_goes_to_one_address(to: str):
    with pytest.raises(Exception, match=r"\w"):
        compose(FROM, to, "Hello", "text")


def test_the_texts_name_the_server_the_account_and_the_time():
    for text in (texts.password_reset, texts.invitation, texts.verification):
        mail = text("https://chat.example.org", "ada", LINK, "30 minutes")
        assert "chat.example.org" in mail.subject
        for words in ("ada", f"\n{LINK}\n", "30 minutes", "ignore"):
            assert words in mail.text
        assert f'<a href="{LINK}">' in mail.html


def test_notices_have_no_links():
    for mail in (
        texts.password_changed("https://chat.example.org", "ada"),
        texts.address_changed("https://chat.example.org", "ada"),
    ):
        assert "://" not in mail.text
        assert "href" not in mail.html


def test_the_page_of_a_mail_is_escaped():
    mail = texts.password_changed("http://<b>&", "<script>")
    assert "<script>" not in mail.html
    assert "&lt;script&gt;" in mail.html
    assert "&lt;b&gt;&amp;" in mail.html
