"""Without a mail server the whole mail stands in the log, and the operator is told."""

import logging
import re

import pytest

from chat_app.mail.service import announce
from chat_app.settings import Settings
from tests.services.api import Api
from tests.services.deployment import Deployment
from tests.services.waiting import eventually


def test_without_a_mail_server_the_mail_stands_in_the_log(embedded: Deployment):
    ada = Api(embedded.url).register()
    address = f"{ada.username}@example.org"
    Api(embedded.url).post("/auth/password/forgot", {"email": address}).must(202)
    log = embedded.servers[0].log
    link = rf"To: {re.escape(address)}\n +Subject: Reset .*\n(?: .*\n)*? +{embedded.url}/#/reset-password/(\S+)\n"
    found = eventually(lambda: re.search(link, log.read_text()))
    body = {"token": found[1], "new_password": "a better battery"}
    Api(embedded.url).post("/auth/password/reset", body).must(204)
    ada.log_in(ada.username, "a better battery")
    assert log.read_text().count("mails are written to this log") == 1


def test_without_a_mail_server_nobody_is_asked_to_verify_by_themselves(embedded: Deployment):
    ada = Api(embedded.url).register()
    ada.post("/auth/email/verification").must(202)
    log = embedded.servers[0].log
    eventually(lambda: f"To: {ada.username}@example.org" in log.read_text())
    assert log.read_text().count(f"To: {ada.username}@example.org") == 1


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, ["INFO"]),
        ({"host": "::1"}, ["INFO"]),
        ({"host": "0.0.0.0"}, ["INFO", "WARNING"]),
        ({"trusted_proxies": 1}, ["INFO", "WARNING"]),
        ({"host": "0.0.0.0", "public_url": "https://chat.example.org"}, ["INFO"]),
        ({"host": "0.0.0.0", "smtp_url": "smtp://mail.example.org"}, []),
    ],
)
def test_the_operator_is_told_where_mails_go(
    settings: dict[str, object], said: list[str], caplog: pytest.LogCaptureFixture
):
    with caplog.at_level(logging.INFO, "chat_app.mail.service"):
        announce(Settings(_env_file=None, **settings))
    assert [record.levelname for record in caplog.records] == said
