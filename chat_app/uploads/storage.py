"""Where bytes are kept: in a folder, or in an S3-compatible store. Both keep a content under its SHA-256.

`put` may be repeated; what it has returned from is kept. Nothing here looks at who asks: that is decided before, in
the query that finds the upload. The calls may block the caller's greenlet, never the hub.
"""

import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO, Protocol, cast

from flask import Flask, current_app

from chat_app.runtime import run_blocking
from chat_app.settings import Settings

ABANDONED = 24 * 3600
"""Seconds."""


class Storage(Protocol):
    def put(self, digest: str, file: Path) -> None:
        """Keep the content of `file`, whose digest this is. The file may be gone afterwards."""

    def has(self, digest: str) -> bool: ...

    def open(self, digest: str) -> BinaryIO:
        """To read from, and to seek in. `FileNotFoundError` when it is not there."""

    def local(self, digest: str) -> Any:
        """A context with the path of a file that holds it, for reading only."""

    def delete(self, digest: str) -> None:
        """Forget it; no matter if it is not there."""


class Workshop:
    """The folder for files that are on their way: received, or made and not stored yet."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    @contextmanager
    def place(self) -> Iterator[Path]:
        """A new folder, removed at the end with all that is in it."""
        place = self._folder / secrets.token_hex(12)
        place.mkdir()
        try:
            yield place
        finally:
            run_blocking(shutil.rmtree, place, ignore_errors=True)

    def tidy(self) -> None:
        """Remove places older than a day: the process that had them was killed."""
        before = time.time() - ABANDONED
        for place in self._folder.iterdir():
            if place.stat().st_mtime < before:
                shutil.rmtree(place, ignore_errors=True)


class Folder:
    """Files below a folder: `ab/cd/abcd…`. A name appears when all of its content is on the disk, not before."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def relative(self, digest: str) -> str:
        return f"{digest[:2]}/{digest[2:4]}/{digest}"

    def path(self, digest: str) -> Path:
        return self._folder / self.relative(digest)

    def put(self, digest: str, file: Path) -> None:
        run_blocking(self._put, digest, file)

    def _put(self, digest: str, file: Path) -> None:
        path = self.path(digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        _flush(file)
        os.replace(file, path)
        _flush(path.parent)

    def has(self, digest: str) -> bool:
        return run_blocking(self.path(digest).exists)

    def open(self, digest: str) -> BinaryIO:
        return cast(BinaryIO, _OffHub(run_blocking(self.path(digest).open, "rb")))

    @contextmanager
    def local(self, digest: str) -> Iterator[Path]:
        yield self.path(digest)

    def delete(self, digest: str) -> None:
        run_blocking(self.path(digest).unlink, missing_ok=True)


class _OffHub:
    """An open file whose reading, which a slow disk may hold up, does not hold up the process."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.close = file.close
        self.seek = file.seek
        self.tell = file.tell
        self.seekable = file.seekable

    def read(self, size: int = -1) -> bytes:
        return run_blocking(self._file.read, size)


def _flush(path: Path) -> None:
    """On the disk, not only in the kernel's memory."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def init_storage(app: Flask, settings: Settings) -> None:
    app.extensions["workshop"] = place = Workshop(settings.media_folder / "incoming")
    place.tidy()
    if settings.s3_bucket:
        from chat_app.uploads.s3 import S3

        app.extensions["storage"] = S3(settings)
    else:
        app.extensions["storage"] = Folder(settings.media_folder / "files")


def storage() -> Storage:
    found: Storage = current_app.extensions["storage"]
    return found


def workshop() -> Workshop:
    found: Workshop = current_app.extensions["workshop"]
    return found
