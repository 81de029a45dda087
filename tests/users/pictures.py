"""Pictures to send, good and bad ones, and a look at the memory that they cost the server."""

import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

from PIL import Image

from tests.services.api import Account, Answer
from tests.services.server import Server

RED = (200, 0, 0)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    output = BytesIO()
    image.save(output, kind, **options)
    return output.getvalue()


def plain(kind: str = "PNG", size: tuple[int, int] = (300, 200), **options: Any) -> bytes:
    return encoded(Image.new("RGB", size, RED), kind, **options)


def send(person: Account, data: bytes, content_type: str = "image/png") -> Answer:
    return person.request("PUT", "/auth/me/avatar", data=data, headers={"Content-Type": content_type})


def huge_png(width: int, height: int) -> bytes:
    """A valid one-bit picture, all black; some kilobytes, made row by row."""
    row = b"\0" * (1 + (width + 7) // 8)
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def huge_gif() -> bytes:
    """A small GIF that claims a screen of 65,535 by 65,535."""
    data = plain("GIF", (10, 10))
    return data[:6] + struct.pack("<HH", 65535, 65535) + data[10:]


def huge_jpeg() -> bytes:
    data = plain("JPEG", (10, 10))
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", 60000, 60000) + data[at + 4 :]


def huge_webp() -> bytes:
    """One whose header claims 16,383 by 16,383."""
    data = plain("WEBP", (10, 10), lossless=True)
    at = data.index(b"VP8L") + 9
    return data[:at] + struct.pack("<I", 16382 | 16382 << 14) + data[at + 4 :]


class Memory:
    """The most memory that a server took while this was open, above what it had before; in bytes."""

    def __init__(self, server: Server) -> None:
        self.taken = 0
        self._processes = server.tree()
        self._before = self._now()

    def _now(self) -> int:
        return sum(process.memory_info().rss for process in self._processes)

    def watch(self, done: threading.Event) -> None:
        while not done.wait(0.002):
            self.taken = max(self.taken, self._now() - self._before)


@contextmanager
def measured(server: Server) -> Iterator[Memory]:
    memory, done = Memory(server), threading.Event()
    watcher = threading.Thread(target=memory.watch, args=(done,))
    watcher.start()
    try:
        yield memory
    finally:
        done.set()
        watcher.join()
