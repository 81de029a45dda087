"""Which requests the worker reads by itself, and what it leaves to gunicorn."""

import pytest

from chat_app.runtime.handshakes import LONGEST, read_handshake

LINE = b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1"
HEADERS = [
    b"Host: chat.example",
    b"Upgrade: websocket",
    b"Connection: keep-alive, Upgrade",
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    b"Sec-WebSocket-Version: 13",
]


def request(*more: bytes, line: bytes = LINE, headers: list[bytes] = HEADERS) -> bytes:
    return b"\r\n".join([line, *headers, *more, b"", b""])


def test_the_usual_handshake_is_read():
    handshake = read_handshake(request(b"Cookie:  a=b; c=d \t", b"sec-websocket-extensions: permessage-deflate"))
    assert handshake is not None
    assert handshake.variables == {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/socket.io/",
        "QUERY_STRING": "EIO=4&transport=websocket",
        "RAW_URI": "/socket.io/?EIO=4&transport=websocket",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "chat.example",
        "HTTP_UPGRADE": "websocket",
        "HTTP_CONNECTION": "keep-alive, Upgrade",
        "HTTP_SEC_WEBSOCKET_KEY": "dGhlIHNhbXBsZSBub25jZQ==",
        "HTTP_SEC_WEBSOCKET_VERSION": "13",
        "HTTP_COOKIE": "a=b; c=d",
    }


@pytest.mark.parametrize(
    "data",
    [
        b"",
        request()[:-1],
        request() + b"\x81",
        request() + request(),
        request(headers=HEADERS[1:]),
        request(headers=[HEADERS[0], *HEADERS[2:]]),
        request(b"Host: another.example"),
        request(b"Upgrade: h2c"),
        request(b"Content-Length: 0"),
        request(b"Transfer-Encoding: chunked"),
        request(b"Expect: 100-continue"),
        request(b"Script-Name: /admin"),
        request(b"X_Forwarded_For: 1.2.3.4"),
        request(b"X-Forwarded-Proto: https"),
        request(b"X-Space : 1"),
        request(b" folded"),
        request(b"X-Zero: a\x00b"),
        request(b"X-Return: a\rb"),
        request(b"X-Line: a\nHost: b"),
        request(b"no colon"),
        request(b": no name"),
        request(b"X: " + b"x" * LONGEST),
        request(*[b"X-%d: 1" % number for number in range(100)]),
        request(line=b"POST" + LINE[3:]),
        request(line=LINE.replace(b"1.1", b"1.0")),
        request(line=LINE.replace(b"/socket", b"//socket")),
        request(line=LINE.replace(b"/socket", b"/%73ocket")),
        request(line=LINE.replace(b"/socket", b"http://chat.example/socket")),
        request(line=LINE.replace(b"EIO", b"#EIO")),
        request(line=LINE.replace(b"&", b" ")),
    ],
)
def test_whatever_is_incomplete_or_unusual_or_ambiguous_is_left_to_gunicorn(data: bytes):
    assert read_handshake(data, reserved={"X-FORWARDED-PROTO"}) is None
