"""What a line of the log looks like, and what never stands in one."""

import io
import json
import logging
import sys
import time

import pytest

from chat_app import logs
from chat_app.logs import ConsoleFormatter, JsonFormatter, Redaction, set_request_id
from chat_app.settings import Settings

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"


@pytest.fixture(autouse=True)
def _no_request():
    set_request_id(None)
    yield
    set_request_id(None)


def written(formatter: logging.Formatter, message: str, *args: object, **fields: object) -> str:
    record = logging.LogRecord("chat_app.test", logging.INFO, "", 1, message, args, fields.pop("exc_info", None))  # type: ignore[arg-type]
    record.__dict__.update(fields)
    return formatter.format(record)


@pytest.fixture
def console() -> ConsoleFormatter:
    return ConsoleFormatter(Redaction())


@pytest.fixture
def as_json() -> JsonFormatter:
    return JsonFormatter(Redaction())


@pytest.mark.parametrize(
    ("text", "secret", "kept"),
    [
        (f"token {TOKEN}", TOKEN, "token"),
        (f"Authorization: Bearer {TOKEN}", TOKEN, "Authorization: Bearer"),
        ("X-API-Key: cs_Zm9vYmFyYmF6cXV4", "Zm9vYmFyYmF6cXV4", "X-API-Key"),
        ("redis://:sesame@redis:6379/0", "sesame", "redis:6379/0"),
        ("connection to postgresql+psycopg://chat:ses%40me@db/chat failed", "ses%40me", "//chat:"),
        ("smtp://me:sesame@mail.example.org:587", "sesame", "mail.example.org:587"),
        ("GET /#/reset-password/Zm9vYmFyYmF6cXV4", "Zm9vYmFyYmF6cXV4", "/reset-password/"),
        ("https://chat.example.org/#/verify-email/Zm9vYmFyYmF6", "Zm9vYmFyYmF6", "chat.example.org"),
        ("body password=sesame&username=ada", "sesame", "username=ada"),
        ('{"username": "ada", "password": "open \\" sesame"}', "sesame", '"username": "ada"'),
        ("{'new_password': 'open sesame', 'x': 1}", "sesame", "'x': 1"),
        (r"{\"password\": \"open sesame\"} in a text", "sesame", "in a text"),
        ("client_secret='open sesame' id=1", "sesame", "id=1"),
        ("refresh_token=sesame123, next", "sesame123", "next"),
    ],
)
def test_what_looks_like_a_secret_is_not_written(text: str, secret: str, kept: str):
    said = Redaction()(text)
    assert secret not in said
    assert kept in said
    assert logs.REDACTED in said


@pytest.mark.parametrize(
    "text",
    [
        "GET /api/v1/conversations/01a1fe2e-98aa-7339-b6b7-f3a8b8393d3b/messages 200 in 3.2 ms from 127.0.0.1",
        "The token has expired. Refresh it, or log in again.",
        "token: The token has expired",
        "http://127.0.0.1:8000/users/ada@example.org",
        "password: needs at least 8 characters",
    ],
)
def test_ordinary_lines_stay_as_they_are(text: str):
    assert Redaction()(text) == text


def test_the_configured_secrets_are_never_written(tmp_path):
    settings = Settings(
        secret_key="k" * 40,
        database_url="postgresql://chat:long%20password@db/chat",
        redis_url="redis://:another-password@redis/0",
        metrics_token="metrics-metrics",
        data_dir=tmp_path,
    )
    redact = Redaction(logs.configured_secrets(settings))
    for secret in ("k" * 40, "long password", "long%20password", "another-password", "metrics-metrics"):
        assert secret not in redact(f"something about {secret} and more")


@pytest.mark.parametrize(
    "piece", ["eyJ", "password='", 'password="', 'password=\\"', "://a:", "token", "Bearer ", "cs_", "secret=", "\\"]
)
def test_no_text_makes_it_slow(piece: str):
    text = (piece * logs.MAX_TEXT)[: logs.MAX_TEXT]
    began = time.process_time()
    Redaction()(text)
    assert time.process_time() - began < 0.2


def test_nobody_can_forge_a_line(console: ConsoleFormatter, as_json: JsonFormatter):
    attack = "ada\r\n12:00:00 INFO    chat_app.access: forged\x1b[2J\u2028\u202e\x00"
    set_request_id("r-1")
    line = written(console, "no such user: %s", attack)
    assert line.splitlines() == [line]
    assert line.isprintable()
    assert r"ada\r\n12:00:00" in line
    assert json.loads(written(as_json, "no such user: %s", attack))["message"].endswith(attack)
    assert "\n" not in written(as_json, "no such user: %s", attack)


def test_a_traceback_is_indented_and_without_secrets(console: ConsoleFormatter, as_json: JsonFormatter):
    try:
        raise ValueError(f"bad\n12:00:00 INFO forged {TOKEN}")
    except ValueError:
        error = sys.exc_info()
    first, *others = written(console, "unexpected error", exc_info=error).split("\n")
    assert first.endswith("unexpected error")
    assert all(line.startswith("    ") for line in others)
    assert "ValueError: bad" in "\n".join(others)
    line = json.loads(written(as_json, "unexpected error", exc_info=error))
    assert "ValueError: bad" in line["exception"]
    assert TOKEN not in str(line)
    assert TOKEN not in "\n".join(others)


def test_json_carries_the_id_and_plain_further_fields(as_json: JsonFormatter):
    set_request_id("r-2")
    line = json.loads(written(as_json, "said", status=200, path=f"/x/{TOKEN}", args_of_a_job=["a secret"]))
    assert line.pop("at").endswith("Z")
    expected = {"level": "INFO", "logger": "chat_app.test", "message": "said", "request_id": "r-2"}
    assert line == {**expected, "status": 200, "path": f"/x/{logs.REDACTED}"}


def test_a_very_long_text_is_cut_off(console: ConsoleFormatter):
    assert len(written(console, "%s", "x" * 1_000_000)) < logs.MAX_TEXT + 100


def test_a_mail_that_goes_to_the_log_can_be_read_there(console: ConsoleFormatter):
    text = "a mail:\nTo: ada\n\nhttp://localhost/#/reset-password/Zm9vYmFyYmF6\x1b"
    first, *others = written(console, "%s", text, verbatim=True).split("\n")
    assert first.endswith("a mail:")
    assert others == ["    To: ada", "    ", r"    http://localhost/#/reset-password/Zm9vYmFyYmF6\x1b"]


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch):
    """The real configuration, to a stream of ours; put back afterwards."""
    names = ["", *logs._OURS, *logs._TALKATIVE, "gunicorn.error", *logs._OWN_STREAMS]
    before = {name: (logging.getLogger(name).level, logging.getLogger(name).propagate) for name in names}
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    logs.configure("DEBUG", "json", None)
    yield stream
    logging.captureWarnings(False)
    root = logging.getLogger()
    root.handlers[:] = [handler for handler in root.handlers if not isinstance(handler, logs._Ours)]
    for name, (level, propagate) in before.items():
        logging.getLogger(name).setLevel(level)
        logging.getLogger(name).propagate = propagate


def test_libraries_write_in_the_same_format_and_not_what_packets_hold(configured: io.StringIO):
    logging.getLogger("gunicorn.error").info("from gunicorn")
    logging.getLogger("celery.worker").info("from celery")
    logging.getLogger("kombu.connection").warning("from kombu")
    logging.getLogger("engineio.server").error("from engineio")
    logging.getLogger("chat_app.x").debug("from us")
    for silent in ("engineio.server", "socketio.server", "sqlalchemy.engine", "kombu", "requests"):
        logging.getLogger(silent).info("a packet")
    lines = [json.loads(line) for line in configured.getvalue().splitlines()]
    assert [line["message"].removeprefix("from ") for line in lines] == [
        "gunicorn",
        "celery",
        "kombu",
        "engineio",
        "us",
    ]
