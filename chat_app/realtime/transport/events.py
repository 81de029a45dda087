"""Events and acknowledgements in the form that nearly all of them have, without the layers for the others.

What is not of this form is told so by None, and read or written by the general functions of `server.py`.
"""

import json
from typing import Any

import orjson
from engineio import json as library_json

from chat_app.realtime.transport.frames import TEXT, encode_frame
from chat_app.realtime.transport.packets import MESSAGE, Packet

MAX_ACK_ID_DIGITS = 15
_OPTIONS = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS
"""What the standard library does not know is not for orjson to know either."""
_scan = json.JSONDecoder(parse_int=library_json._safe_int).scan_once  # type: ignore[attr-defined]
_EVENT = "2"


class Encoded(Packet):
    """A message whose text is there as bytes: its frame is built at once, its text only for who polls."""

    __slots__ = ("_payload",)

    def __init__(self, payload: bytes) -> None:
        self.type = MESSAGE
        self._payload = payload
        self._frame = encode_frame(TEXT, payload)

    @property
    def data(self) -> str:  # type: ignore[override]
        return self._payload[1:].decode()

    @property
    def size(self) -> int:
        return len(self._payload)


def encode(kind: int, data: Any, namespace: str, id: int | None) -> Encoded | None:
    """As the library encodes it, but not in ASCII. None: there are bytes in it, or what orjson has no JSON for."""
    try:
        text = orjson.dumps(data, None, _OPTIONS)
    except TypeError:
        return None
    head = f"4{kind}" if namespace == "/" else f"4{kind}{namespace},"
    return Encoded((head if id is None else f"{head}{id}").encode() + text)


def decode_event(text: str) -> tuple[str, int | None, list[Any]] | None:
    """Namespace, acknowledgement id and arguments, of which the first is the event's name, of an event without
    attachments."""
    start = text.find("[")
    if start < 1 or text[0] != _EVENT:
        return None
    namespace, head = "/", text[1:start]
    if head[:1] == "/":
        namespace, comma, head = head.partition(",")
        if not comma or "?" in namespace:
            return None
    if head and not (head.isdecimal() and head.isascii() and len(head) <= MAX_ACK_ID_DIGITS):
        return None
    try:
        data, end = _scan(text, start)
    except (RecursionError, StopIteration, ValueError):
        return None
    if end != len(text) or not data or not isinstance(data[0], str):
        return None
    return namespace, int(head) if head else None, data
