"""A websocket below the client library, for what no library would send."""

import json
from typing import Any

from websocket import ABNF, WebSocket, create_connection

from tests.services.api import Account


class Wire:
    """One connection, in `/chat` as this person, or in no namespace. Pings are answered while something is read."""

    def __init__(self, url: str, person: Account | None = None) -> None:
        address = url.replace("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket"
        self.websocket: WebSocket = create_connection(address, timeout=30)
        self.read()
        if person:
            self.send("40/chat," + json.dumps({"token": person.token}))
            self.read_until('42/chat,["ready"')

    def send(self, *frames: str | bytes) -> None:
        for frame in frames:
            self.websocket.send(frame, ABNF.OPCODE_BINARY if isinstance(frame, bytes) else ABNF.OPCODE_TEXT)

    def send_fragments(self, *parts: bytes, ends: bool = False) -> None:
        """One text in several frames, which ends with the last of them or not at all."""
        for number, part in enumerate(parts, 1):
            opcode = ABNF.OPCODE_TEXT if number == 1 else ABNF.OPCODE_CONT
            self.websocket.send_frame(ABNF.create_frame(part, opcode, fin=int(ends and number == len(parts))))

    def read(self) -> str:
        """What came next; raises when the connection has ended."""
        _, frame = self.websocket.recv_data_frame(control_frame=True)
        if frame.opcode == ABNF.OPCODE_CLOSE:
            raise ConnectionError(int.from_bytes(frame.data[:2]))
        text: str = frame.data.decode()
        if text == "2":
            self.send("3")
        return text

    def read_until(self, beginning: str) -> str:
        while not (text := self.read()).startswith(beginning):
            pass
        return text

    def call(self, event: str, *payload: Any) -> Any:
        """The acknowledgement of an event in `/chat`."""
        self.send("42/chat,777" + json.dumps([event, *payload]))
        return json.loads(self.read_until("43/chat,777").removeprefix("43/chat,777"))[0]

    def close(self) -> None:
        self.websocket.close()

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
