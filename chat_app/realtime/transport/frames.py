"""The framing of websockets (RFC 6455, sections 5 to 7): bytes in, messages out; no input or output of its own.

Server side only: what comes in is masked, what goes out is not. Extensions are never negotiated.
"""

import struct
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from hashlib import sha1
from typing import Any

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
_DATA = (CONTINUATION, TEXT, BINARY)
_CONTROL = (CLOSE, PING, PONG)
_FIN, _RESERVED, _MASKED = 0x80, 0x70, 0x80
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
NORMAL, GOING_AWAY, PROTOCOL_ERROR, BAD_DATA, POLICY, TOO_BIG = 1000, 1001, 1002, 1007, 1008, 1009
MAX_FRAGMENTS = 1024
"""Of one message: a client that sends it byte by byte costs more than it is worth."""


class FrameError(Exception):
    """The client broke the protocol; the connection closes with `code`."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def accept_key(key: str) -> str | None:
    """The answer to `Sec-WebSocket-Key`, or None when that is no key (section 4.2.2)."""
    try:
        if len(b64decode(key.encode(), validate=True)) != 16:
            return None
    except (Base64Error, ValueError):
        return None
    return b64encode(sha1(key.encode() + _GUID, usedforsecurity=False).digest()).decode()


def encode_frame(opcode: int, payload: bytes) -> bytes:
    """One unmasked, unfragmented frame."""
    size = len(payload)
    if size < 126:
        return bytes((_FIN | opcode, size)) + payload
    if size < 65536:
        return struct.pack("!BBH", _FIN | opcode, 126, size) + payload
    return struct.pack("!BBQ", _FIN | opcode, 127, size) + payload


def encode_close(code: int, reason: str = "") -> bytes:
    return encode_frame(CLOSE, struct.pack("!H", code) + reason.encode()[:123])


def unmask(payload: bytes, mask: bytes) -> bytes:
    """XOR with the repeated mask, as two big numbers: a microsecond for a chat message, and 4 ms a megabyte."""
    size = len(payload)
    if not size:
        return b""
    pattern = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(pattern, "little")).to_bytes(size, "little")


Message = tuple[int, Any]
"""`(TEXT, str)`, `(BINARY, bytes)`, `(PING, bytes)`, `(PONG, bytes)`, `(CLOSE, code)`; the code 1005 means none."""


class FrameReader:
    """Takes bytes as they arrive. A message may have `max_size` bytes at most, whatever its fragments."""

    __slots__ = ("_chunks", "_fragments", "_have", "_max_size", "_need", "_opcode", "_size")

    def __init__(self, max_size: int) -> None:
        self._max_size = max_size
        self._chunks: list[bytes] = []
        self._have = 0
        self._need = 2
        """Bytes until there is something to read: a long frame is put together once, not with each chunk."""
        self._opcode: int | None = None
        """Of the message whose fragments are arriving."""
        self._fragments: list[bytes] = []
        self._size = 0

    def whole_text(self, data: bytes) -> str | None:
        """The text, if these bytes are one unfragmented text frame with nothing before or after it, which is the usual
        case; None leaves them to `feed`, also whatever is wrong with them."""
        size = len(data)
        if self._have or self._opcode is not None or size < 6 or data[0] != TEXT | _FIN:
            return None
        length, start = data[1] - _MASKED, 6
        if length == 126:
            length, start = (data[2] << 8) | data[3], 8
        if size != start + length or length > self._max_size or data[1] == 255:  # also if it has no mask
            return None
        mask = (data[start - 4 : start] * (length // 4 + 1))[:length]
        try:
            return (
                (int.from_bytes(data[start:], "little") ^ int.from_bytes(mask, "little"))
                .to_bytes(length, "little")
                .decode()
            )
        except UnicodeDecodeError:
            return None

    def feed(self, data: bytes) -> list[Message]:
        """The messages that are complete now. Raises :class:`FrameError`; what came just before it is lost with it."""
        self._chunks.append(data)
        self._have += len(data)
        if self._have < self._need:
            return []
        buffer = data if len(self._chunks) == 1 else b"".join(self._chunks)
        messages: list[Message] = []
        at, self._need = 0, 2
        while taken := self._take(buffer, at, messages):
            at += taken
            if messages and messages[-1][0] == CLOSE:
                at = len(buffer)  # nothing counts after it (section 5.5.1)
        self._chunks = [buffer[at:]] if at < len(buffer) else []
        self._have = len(buffer) - at
        return messages

    def _take(self, buffer: bytes, at: int, messages: list[Message]) -> int:
        """Read one frame at `at`; how many bytes it took, 0 when it is not complete."""
        available = len(buffer) - at
        if available < 2:
            return 0
        first, second = buffer[at], buffer[at + 1]
        size, head = second & 0x7F, 2
        opcode = first & 0x0F
        self._check_head(first, second, opcode, size)
        if size == 126:
            if available < 4:
                return 0
            size, head = int.from_bytes(buffer[at + 2 : at + 4], "big"), 4
        elif size == 127:
            if available < 10:
                return 0
            size, head = int.from_bytes(buffer[at + 2 : at + 10], "big"), 10
        if opcode in _DATA and self._size + size > self._max_size:
            raise FrameError(TOO_BIG, f"a message has at most {self._max_size} bytes")
        end = head + 4 + size
        if available < end:
            self._need = end
            return 0
        start = at + head + 4
        payload = unmask(buffer[start : at + end], buffer[start - 4 : start])
        if opcode in _CONTROL:
            messages.append(_control(opcode, payload))
        else:
            self._add(opcode, payload, bool(first & _FIN), messages)
        return end

    def _check_head(self, first: int, second: int, opcode: int, size: int) -> None:
        if first & _RESERVED:
            raise FrameError(PROTOCOL_ERROR, "no extension was negotiated")
        if not second & _MASKED:
            raise FrameError(PROTOCOL_ERROR, "a client masks its frames")
        if opcode in _CONTROL:
            if not first & _FIN or size > 125:
                raise FrameError(PROTOCOL_ERROR, "a control frame is whole and has at most 125 bytes")
        elif opcode not in _DATA:
            raise FrameError(PROTOCOL_ERROR, "unknown opcode")
        elif (opcode == CONTINUATION) != (self._opcode is not None):
            raise FrameError(PROTOCOL_ERROR, "fragments of one message follow each other")

    def _add(self, opcode: int, payload: bytes, final: bool, messages: list[Message]) -> None:
        if final and self._opcode is None:
            messages.append(_message(opcode, payload))
            return
        if self._opcode is None:
            self._opcode = opcode
        self._fragments.append(payload)
        self._size += len(payload)
        if len(self._fragments) > MAX_FRAGMENTS:
            raise FrameError(POLICY, f"a message has at most {MAX_FRAGMENTS} fragments")
        if final:
            messages.append(_message(self._opcode, b"".join(self._fragments)))
            self._opcode, self._fragments, self._size = None, [], 0


def _message(opcode: int, payload: bytes) -> Message:
    if opcode == BINARY:
        return BINARY, payload
    try:
        return TEXT, payload.decode()
    except UnicodeDecodeError:
        raise FrameError(BAD_DATA, "text is UTF-8") from None


def _control(opcode: int, payload: bytes) -> Message:
    if opcode != CLOSE:
        return opcode, payload
    if not payload:
        return CLOSE, 1005
    if len(payload) == 1:
        raise FrameError(PROTOCOL_ERROR, "a close code has two bytes")
    code = int.from_bytes(payload[:2], "big")
    if not (1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999):
        raise FrameError(PROTOCOL_ERROR, "that is no close code")
    try:
        payload[2:].decode()
    except UnicodeDecodeError:
        raise FrameError(BAD_DATA, "the reason of a close is UTF-8") from None
    return CLOSE, code
