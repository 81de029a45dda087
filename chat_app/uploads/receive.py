"""Taking a file in: read off the connection piece by piece, hashed, and written to disk, its size watched meanwhile."""

import hashlib
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from chat_app.errors import ChatError, invalid, unavailable
from chat_app.runtime import run_blocking
from chat_app.uploads.storage import workshop

FORM_OVERHEAD = 64 * 1024
"""Bytes by which a multipart body may exceed the file in it."""
PARSER_MEMORY = 512 * 1024
"""Bytes that the parser may hold: its other fields, or a piece of 64 KiB and what the piece before left over."""
MAX_PARTS = 8
SLOWEST = 64 * 1024
"""Bytes a second that a sender needs for the largest file: then it is here before the server's patience ends."""
AT_ONCE = 64
"""Files that one process takes in at the same time."""
OF_ONE_ACCOUNT = 6
"""Those of one account among them: browsers send six requests to one server at once."""


@dataclass(frozen=True)
class Incoming:
    """A file that is wholly here and not stored yet. `name` is as it was sent, `digest` its SHA-256."""

    path: Path
    name: str
    size: int
    digest: str


class _Sink:
    """Where the form parser writes the file."""

    def __init__(self, path: Path, limit: int) -> None:
        self.size = 0
        self.digest = hashlib.sha256()
        self._limit = limit
        self._file = path.open("xb")

    def write(self, data: bytes) -> int:
        self.size += len(data)
        if self.size > self._limit:
            raise too_large(self._limit)
        run_blocking(self._write, data)
        return len(data)

    def _write(self, data: bytes) -> None:
        self.digest.update(data)
        self._file.write(data)

    def seek(self, *_: int) -> int:
        """The parser rewinds what it has written; nobody reads it through this."""
        return 0

    def close(self) -> None:
        self._file.close()


class Receivers:
    """Who is sending files to this process now; further ones are refused."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of: Counter[str] = Counter()

    @contextmanager
    def one(self, user_id: str) -> Iterator[None]:
        with self._lock:
            if self._of.total() >= AT_ONCE:
                raise unavailable("Too many files are being sent at present. Please try again.")
            if self._of[user_id] >= OF_ONE_ACCOUNT:
                raise ChatError("rate_limited", f"Send at most {OF_ONE_ACCOUNT} files at the same time.", retry_after=1)
            self._of[user_id] += 1
        try:
            yield
        finally:
            with self._lock:
                self._of[user_id] -= 1
                self._of += Counter()  # drops who is at zero


receivers = Receivers()


@contextmanager
def received(limit: int) -> Iterator[Incoming]:
    """The `file` of the request's form, of `limit` bytes at most; it is gone when the block ends, unless stored.

    Errors: `unsupported_media_type` (no form), `validation_failed` (no file, or an empty one), `payload_too_large`.
    """
    if request.mimetype != "multipart/form-data":
        raise ChatError("unsupported_media_type", "Send the file as the field `file` of a multipart/form-data body.")
    with workshop().place() as place:
        path = place / "file"
        sink, name = _parse(path, limit)
        if not sink.size:
            raise invalid("file", "is empty")
        yield Incoming(path, name, sink.size, sink.digest.hexdigest())


def _parse(path: Path, limit: int) -> tuple[_Sink, str]:
    sinks: list[_Sink] = []

    def open_sink(**_: Any) -> IO[bytes]:
        if sinks:
            raise invalid("file", "is there twice; send one file in each request")
        sinks.append(_Sink(path, limit))
        return sinks[0]  # type: ignore[return-value]

    request.max_content_length = limit + FORM_OVERHEAD
    if allow := getattr(request.environ["wsgi.input"], "allow", None):
        allow(limit / SLOWEST)
    parser = FormDataParser(
        open_sink,  # type: ignore[arg-type]
        max_form_memory_size=PARSER_MEMORY,
        max_form_parts=MAX_PARTS,
        silent=False,
    )
    try:
        stream = request.stream
        _, _, files = parser.parse(stream, request.mimetype, request.content_length, request.mimetype_params)
    except RequestEntityTooLarge:
        raise too_large(limit) from None
    except ValueError:
        raise ChatError("bad_request", "The form cannot be read.") from None
    finally:
        for sink in sinks:
            sink.close()
    file = files.get("file")
    if file is None:
        raise invalid("file", "is required: the file to send")
    return sinks[0], file.filename or ""


def too_large(limit: int) -> ChatError:
    size = f"{limit / 2**20:.4g} MiB" if limit >= 2**20 else f"{limit:,} bytes"
    return ChatError("payload_too_large", f"A file may have at most {size}.")
