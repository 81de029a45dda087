"""Frames as RFC 6455 has them, fed in any pieces."""

import os
import random
import struct
from typing import Any

import pytest

from chat_app.realtime.transport.frames import (
    BINARY,
    CLOSE,
    MAX_FRAGMENTS,
    PING,
    PONG,
    TEXT,
    FrameError,
    FrameReader,
    accept_key,
    encode_close,
    encode_frame,
    unmask,
)

MAX_SIZE = 100_000


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, masked: bool = True, reserved: int = 0) -> bytes:
    """As a client sends it."""
    first = (0x80 if fin else 0) | reserved | opcode
    size, bit = len(payload), 0x80 if masked else 0
    if size < 126:
        head = bytes((first, bit | size))
    elif size < 65536:
        head = struct.pack("!BBH", first, bit | 126, size)
    else:
        head = struct.pack("!BBQ", first, bit | 127, size)
    mask = os.urandom(4)
    return head + (mask + unmask(payload, mask) if masked else payload)


def read(*frames: bytes) -> list[Any]:
    return FrameReader(MAX_SIZE).feed(b"".join(frames))


def test_the_answer_to_a_handshake_is_that_of_the_specification():
    assert accept_key("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert [accept_key(key) for key in ("", "c2hvcnQ=", "\u20ac", "dGhlIHNhbXBsZSBub25jZQ")] == [None] * 4


def test_examples_of_the_specification_are_read_and_written():
    assert read(bytes.fromhex("818537fa213d7f9f4d5158")) == [(TEXT, "Hello")]
    assert encode_frame(TEXT, b"Hello") == bytes.fromhex("810548656c6c6f")
    assert encode_frame(BINARY, bytes(256))[:4] == bytes.fromhex("827e0100")
    assert encode_frame(BINARY, bytes(65536))[:10] == bytes.fromhex("827f0000000000010000")
    assert encode_close(1000, "x") == bytes.fromhex("880303e878")
    assert len(encode_close(1008, "x" * 200)) == 2 + 125


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, MAX_SIZE])
def test_every_length_is_read_in_whatever_pieces(size: int):
    payload = os.urandom(size)
    data = frame(BINARY, payload) + frame(TEXT, b"end")
    for piece in (1, 3, 1000, len(data)) if size < 1000 else (1000, len(data)):
        reader, found = FrameReader(MAX_SIZE), []
        for start in range(0, len(data), piece):
            found += reader.feed(data[start : start + piece])
        assert found == [(BINARY, payload), (TEXT, "end")]


def test_fragments_make_one_message_with_control_frames_between_them():
    euro = "€".encode()
    parts = [frame(TEXT, b"a" + euro[:1], fin=False), frame(PING, b"?"), frame(0, euro[1:], fin=False), frame(0, b"z")]
    assert read(*parts, frame(BINARY, b"b")) == [(PING, b"?"), (TEXT, "a€z"), (BINARY, b"b")]
    assert read(frame(BINARY, fin=False), frame(0)) == [(BINARY, b"")]


def test_nothing_counts_after_a_close():
    assert read(frame(CLOSE, struct.pack("!H", 3000) + b"bye"), frame(TEXT, b"x")) == [(CLOSE, 3000)]
    assert read(frame(CLOSE)) == [(CLOSE, 1005)]


@pytest.mark.parametrize(
    ("code", "frames"),
    [
        (1002, [frame(TEXT, b"x", masked=False)]),
        (1002, [frame(TEXT, b"x", reserved=0x40)]),
        (1002, [frame(0x3, b"x")]),
        (1002, [frame(0xB, b"x")]),
        (1002, [frame(PING, b"x" * 126)]),
        (1002, [frame(PONG, b"x", fin=False)]),
        (1002, [frame(0, b"x")]),
        (1002, [frame(TEXT, b"x", fin=False), frame(TEXT, b"y")]),
        (1002, [frame(CLOSE, b"x")]),
        (1002, [frame(CLOSE, struct.pack("!H", 1005))]),
        (1002, [frame(CLOSE, struct.pack("!H", 999))]),
        (1002, [frame(CLOSE, struct.pack("!H", 1016))]),
        (1007, [frame(CLOSE, struct.pack("!H", 1000) + b"\xff")]),
        (1007, [frame(TEXT, b"\xff")]),
        (1007, [frame(TEXT, b"\xed\xa0\x80")]),
        (1007, [frame(TEXT, "€".encode()[:2])]),
        (1009, [frame(TEXT, b"x" * (MAX_SIZE + 1))]),
        (1009, [frame(TEXT, b"x" * MAX_SIZE, fin=False), frame(0, b"y")]),
        (1008, [frame(TEXT, fin=False), *[frame(0, fin=False)] * MAX_FRAGMENTS]),
    ],
)
def test_what_breaks_the_protocol_has_its_code(code: int, frames: list[bytes]):
    with pytest.raises(FrameError) as broken:
        read(*frames)
    assert broken.value.code == code


def test_too_much_is_refused_before_it_is_there():
    with pytest.raises(FrameError) as broken:
        FrameReader(MAX_SIZE).feed(struct.pack("!BBQ", 0x82, 0xFF, 1 << 40))
    assert broken.value.code == 1009


def test_whatever_comes_is_read_or_refused():
    chance = random.Random(6455)
    codes = set()
    for _ in range(3000):
        data = bytearray(frame(chance.choice((0, 1, 2, 8, 9, 10)), chance.randbytes(chance.randrange(200))))
        for _ in range(chance.randrange(4)):
            data[chance.randrange(min(len(data), 8))] = chance.randrange(256)
        codes.add(refusal_of(bytes(data), chance))
    assert codes <= {None, 1002, 1007, 1008, 1009}
    assert len(codes) > 2


def refusal_of(data: bytes, chance: random.Random) -> int | None:
    reader = FrameReader(MAX_SIZE)
    try:
        while data:
            piece = chance.randrange(1, len(data) + 1)
            reader.feed(data[:piece])
            data = data[piece:]
    except FrameError as error:
        return error.code
    return None
