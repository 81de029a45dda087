"""Engine.IO packets (protocol 4): text begins with the digit of its type, binary is a message as it is.

https://github.com/socketio/engine.io-protocol
"""

from base64 import b64decode, b64encode
from binascii import Error as Base64Error

from chat_app.realtime.transport.frames import BINARY, TEXT, encode_frame

OPEN, CLOSE, PING, PONG, MESSAGE, UPGRADE, NOOP = "0123456"
SEPARATOR = "\x1e"
Data = str | bytes


class PacketError(ValueError):
    """What the client sent is no packet of the protocol."""


class Packet:
    """One packet on its way out. Its frame is built once, for however many websockets it goes to."""

    __slots__ = ("_frame", "data", "type")

    def __init__(self, kind: str, data: Data = "") -> None:
        self.type = kind
        self.data = data
        self._frame: bytes | None = None

    @property
    def frame(self) -> bytes:
        """As a websocket carries it."""
        if self._frame is None:
            if isinstance(self.data, str):
                self._frame = encode_frame(TEXT, (self.type + self.data).encode())
            else:
                self._frame = encode_frame(BINARY, self.data)
        return self._frame

    @property
    def text(self) -> str:
        """As a polling response carries it."""
        return self.type + self.data if isinstance(self.data, str) else "b" + b64encode(self.data).decode()

    @property
    def size(self) -> int:
        return len(self.data) + 1


CLOSE_PACKET, PING_PACKET, NOOP_PACKET = Packet(CLOSE), Packet(PING), Packet(NOOP)


def decode_packet(data: Data) -> tuple[str, Data]:
    """Type and data of a packet as a websocket carries it. Raises :class:`PacketError`."""
    if not isinstance(data, str):
        return MESSAGE, data
    if not data or data[0] not in "0123456":
        raise PacketError("unknown packet type")
    return data[0], data[1:]


def decode_payload(body: str, most: int) -> list[tuple[str, Data]]:
    """The packets of a polling request. Raises :class:`PacketError`, also for more than `most` of them."""
    if body.count(SEPARATOR) >= most:
        raise PacketError("too many packets")
    return [_decode_part(part) for part in body.split(SEPARATOR)]


def _decode_part(part: str) -> tuple[str, Data]:
    if not part.startswith("b"):
        return decode_packet(part)
    try:
        return MESSAGE, b64decode(part[1:], validate=True)
    except (Base64Error, ValueError):
        raise PacketError("that is not base64") from None


def encode_payload(packets: list[Packet]) -> str:
    return SEPARATOR.join([packet.text for packet in packets])
