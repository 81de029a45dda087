"""Logs: one line per event, readable on a console or as JSON, never with secrets (docs/operations.md).

Needs the standard library alone: gunicorn's arbiter loads it before the fork, ahead of all patching.
"""

import json
import logging
import re
import sys
from collections.abc import Iterable
from contextvars import ContextVar
from datetime import UTC, datetime
from logging.handlers import WatchedFileHandler
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from chat_app.settings import Settings

MAX_TEXT = 16_000
"""Characters of one message or traceback; what is beyond is cut off."""
MINIMUM_SECRET = 8
"""Characters of a configured secret from which on it is looked for literally; shorter ones occur by chance."""
_OURS = ("chat_app", "workers")
_TALKATIVE = ("gunicorn", "celery")
"""Loggers of libraries whose INFO matters to an operator; of all others only warnings do."""
_OWN_STREAMS = ("socketio.server", "engineio.server", "socketio.client", "engineio.client")
"""They write to a stream of their own unless a level was set. At INFO they tell of every packet."""

_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


def request_id() -> str | None:
    """The id of the request, socket event or job that this code runs for."""
    return _request_id.get()


def set_request_id(value: str | None) -> None:
    """From here on, what this greenlet or thread logs and records carries this id."""
    _request_id.set(value)


# -- what must not be written -----------------------------------------------------------------------------

REDACTED = "[redacted]"
_NAME = r"[Pp]ass(?:word|wd)|PASSWORD|[Ss]ecret|SECRET|[Tt]oken|TOKEN|code_verifier|[Aa]pi[_-]?[Kk]ey|API_KEY"
_VALUE = r"""\\"[^"]*"|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s&,;)}\]"']+"""
# Every alternative begins with a plain character, of few: so the engine skips over ordinary text.
_SHAPES = (
    r"(?P<jwt>eyJ[\w.-]{10,})",
    r"(?P<key>cs_[\w-]{8,})",
    r"(?P<user>://[^\s/@:]{0,100}:)[^\s/@]{1,200}(?=@)",
    r"(?P<bearer>(?:[Bb]earer|BEARER|[Bb]asic)\s{1,4})[\w.~+/=-]{8,}",
    r"(?P<place>/(?:reset-password|verify-email|shares)/)[\w.~%-]{8,}",
    rf"(?P<name>(?:{_NAME})\w{{0,16}}(?:[\"']?\s{{0,4}}=\s{{0,4}}|\\?[\"']\s{{0,4}}:\s{{0,4}}))(?:{_VALUE})",
)


class Redaction:
    """The last line of defence: replaces whatever looks like a secret, and the configured `secrets` themselves.

    The first line is that secrets are not handed to a logger. One pass of one compiled expression, linear in
    the length of the text.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        literal = "|".join(re.escape(secret) for secret in sorted(secrets, key=len, reverse=True))
        known = (f"(?P<known>{literal})",) if literal else ()
        self._expression = re.compile("|".join((*known, *_SHAPES)))

    def __call__(self, text: str) -> str:
        return self._expression.sub(_replacement, text)


def _replacement(match: re.Match[str]) -> str:
    kept = match[match.lastgroup] if match.lastgroup in ("user", "bearer", "place", "name") else ""
    return kept + REDACTED


def configured_secrets(settings: "Settings") -> set[str]:
    """The secrets among the settings, and the passwords in their addresses."""
    addresses = (settings.database_url, settings.redis_url, settings.bus_url, settings.smtp_url)
    passwords = {urlsplit(address).password or "" for address in addresses}
    found = {
        settings.secret_key,
        settings.metrics_token,
        settings.google_client_secret,
        settings.github_client_secret,
        settings.oidc_client_secret,
        *passwords,
        *map(unquote, passwords),
    }
    return {secret for secret in found if len(secret) >= MINIMUM_SECRET}


# -- how a line looks -------------------------------------------------------------------------------------

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""What could begin a line of its own, drive a terminal, or turn the reading direction of what follows."""
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName", "verbatim"}


def one_line(text: str) -> str:
    """Control characters are escaped: nobody's input can forge a line."""
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


class _Formatter(logging.Formatter):
    """A record with `extra={"verbatim": True}` is not redacted: where the log stands in for a mail server."""

    def __init__(self, redact: Redaction) -> None:
        super().__init__()
        self._redact = redact

    def _message(self, record: logging.LogRecord) -> str:
        text = record.getMessage()[:MAX_TEXT]
        return text if getattr(record, "verbatim", False) else self._redact(text)

    def _traceback(self, record: logging.LogRecord) -> str | None:
        if not record.exc_info or record.exc_info[0] is None:
            return None
        text = self.formatException(record.exc_info)
        return self._redact(text[-MAX_TEXT:])


class ConsoleFormatter(_Formatter):
    """``12:00:01 INFO    chat_app.access: [request id] GET / 200 …``; what follows a first line is indented."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created).strftime("%H:%M:%S")
        identifier = f"[{request_id()}] " if request_id() else ""
        message, further = self._message(record), []
        if getattr(record, "verbatim", False):
            message, *further = message.split("\n")
        if traceback := self._traceback(record):
            further += traceback.split("\n")
        line = f"{moment} {record.levelname:7} {record.name}: {identifier}{one_line(message)}"
        return "".join((line, *(f"\n    {one_line(part)}" for part in further)))


class JsonFormatter(_Formatter):
    """One object a line: `at`, `level`, `logger`, `message`, `request_id`, further plain values, `exception`."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, object] = {
            "at": at.replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": self._message(record),
        }
        if identifier := request_id():
            line["request_id"] = identifier
        for name, value in record.__dict__.items():
            if name not in _STANDARD and name not in line and isinstance(value, str | int | float | bool):
                line[name] = self._redact(value[:MAX_TEXT]) if isinstance(value, str) else value
        if traceback := self._traceback(record):
            line["exception"] = traceback
        return json.dumps(line)


# -- where it goes ----------------------------------------------------------------------------------------


class _Ours(logging.Handler):
    """To know our handler again when this process configures its logs a second time."""


class _StreamHandler(_Ours, logging.StreamHandler):  # type: ignore[type-arg]
    pass


class _FileHandler(_Ours, WatchedFileHandler):
    """Follows a file that logrotate moved away."""


def _handler(file: str | None) -> logging.Handler:
    if file is None:
        return _StreamHandler(sys.stderr)
    try:
        return _FileHandler(file, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise SystemExit(f"LOG_FILE={file}: {error.strerror}. Name a file that can be written.") from None


def configure(level: str, form: str, file: str | None, secrets: Iterable[str] = ()) -> None:
    """Send everything that this process and its libraries log to one place, in one format.

    May be called again: gunicorn's worker inherits what its arbiter configured.
    """
    redact = Redaction(secrets)
    handler = _handler(file)
    handler.setFormatter(JsonFormatter(redact) if form == "json" else ConsoleFormatter(redact))
    root = logging.getLogger()
    for old in [old for old in root.handlers if isinstance(old, _Ours)]:
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    least = logging.getLevelNamesMapping()[level]
    root.setLevel(max(least, logging.WARNING))
    for name in (*_OURS, *_TALKATIVE, "gunicorn.error", *_OWN_STREAMS):
        logger = logging.getLogger(name)
        logger.handlers[:] = []
        logger.propagate = True
    for name in _OURS:
        logging.getLogger(name).setLevel(least)
    for name in (*_TALKATIVE, "gunicorn.error"):
        logging.getLogger(name).setLevel(max(least, logging.INFO))
    for name in _OWN_STREAMS:
        logging.getLogger(name).setLevel(max(least, logging.WARNING))
    logging.captureWarnings(True)


def init_logs(settings: "Settings") -> None:
    file = str(settings.log_file) if settings.log_file else None
    configure(settings.log_level, settings.log_format, file, configured_secrets(settings))
