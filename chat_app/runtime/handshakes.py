"""The opening request of a websocket, read in a few microseconds; gunicorn's parser takes ten times as long.

Only for a request that is all there and has nothing unusual about it (RFC 9112, RFC 6455). Every other one, above all
whatever is ambiguous or forbidden, is left to gunicorn.
"""

import re
from collections.abc import Collection
from functools import lru_cache
from typing import Any

LONGEST = 8190
"""Bytes of such a request; gunicorn allows so many for each line."""
MOST_HEADERS = 100
_REQUEST_LINE = re.compile(r"GET (/(?:[A-Za-z0-9._~-][A-Za-z0-9/._~-]*)?)(?:\?([!\"$-~]*))? HTTP/1\.1")
_HEADER = re.compile(r"([!#$%&'*+.^`|~0-9A-Za-z-]+):[ \t]*([\t -~\x80-\xff]*)")
_END = b"\r\n\r\n"
_UNUSUAL = frozenset({"CONTENT-LENGTH", "CONTENT-TYPE", "EXPECT", "TRANSFER-ENCODING", "SCRIPT-NAME"})
"""What has no place in a request without a body, or is no ordinary variable in WSGI."""


@lru_cache(maxsize=256)
def _names(name: str) -> tuple[str, str]:
    """Of a header: in capitals, and as a variable of WSGI."""
    upper = name.upper()
    return upper, "HTTP_" + upper.replace("-", "_")


class Handshake:
    """What gunicorn's `Response` asks of a request, should the application refuse it."""

    method = "GET"
    version = (1, 1)

    def __init__(self, variables: dict[str, Any]) -> None:
        self.variables = variables
        """Of WSGI, as far as the request's own bytes say them."""

    def should_close(self) -> bool:
        return True


def read_handshake(data: bytes, reserved: Collection[str] = ()) -> Handshake | None:
    """The request, or None. `reserved` are headers, in capitals, that mean something to gunicorn itself."""
    if not data.startswith(b"GET /") or data.find(_END) != len(data) - len(_END) or len(data) > LONGEST:
        return None
    first, *lines = data[: -len(_END)].decode("latin-1").split("\r\n")
    request = _REQUEST_LINE.fullmatch(first)
    if request is None or len(lines) > MOST_HEADERS:
        return None
    path, query = request.groups()
    variables = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query or "",
        "RAW_URI": first[4:-9],
        "SERVER_PROTOCOL": "HTTP/1.1",
    }
    for line in lines:
        header = _HEADER.fullmatch(line)
        if header is None:
            return None
        name, key = _names(header[1])
        if key in variables or name in _UNUSUAL or name in reserved:
            return None
        variables[key] = header[2].rstrip(" \t")
    if variables.get("HTTP_UPGRADE", "").lower() != "websocket" or "HTTP_HOST" not in variables:
        return None
    # No permessage-deflate: it costs 85 kB for each websocket, and chat messages are small.
    variables.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
    return Handshake(variables)
