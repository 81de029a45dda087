"""People who speak Matrix (client-server API v3): rooms of two, messages that are stored when they are answered, and
`/sync` that waits for them. What arrives is compared with what was sent.
"""

import asyncio
import hashlib
import hmac
import json
import time
from typing import Any
from urllib.parse import quote

from benchmarks.load import LoadFailed
from benchmarks.servers.xmpp import BODY, PATIENCE

API = "/_matrix/client/v3"


class Line:
    """A kept HTTP connection, one request at a time."""

    def __init__(self, port: int, token: str = "") -> None:
        self._port = port
        self.token = token
        self._reader: asyncio.StreamReader | None = None

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        if self._reader is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port, limit=2**22)
        data = json.dumps(body).encode() if body is not None else b""
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(data)}\r\n"
        head += f"Authorization: Bearer {self.token}\r\n\r\n" if self.token else "\r\n"
        self._writer.write(head.encode() + data)
        return await asyncio.wait_for(self._answer(), PATIENCE)

    async def _answer(self) -> Any:
        assert self._reader
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()
        if "transfer-encoding: chunked" in head:
            body = b""
            while size := int((await self._reader.readuntil(b"\r\n")).strip(), 16):
                body += await self._reader.readexactly(size)
                await self._reader.readexactly(2)
            await self._reader.readexactly(2)
        else:
            body = await self._reader.readexactly(int(head.split("content-length: ")[1].split("\r\n")[0]))
        if not head.startswith("http/1.1 200"):
            raise LoadFailed(f"Synapse answered {head.splitlines()[0]}: {body[:300]!r}")
        return json.loads(body)

    def close(self) -> None:
        if self._reader is not None:
            self._writer.close()


class Person:
    def __init__(self, name: str, port: int) -> None:
        self.name = name
        self.sender, self.listener = Line(port), Line(port)
        self._since = ""

    async def register(self, secret: str) -> None:
        """By Synapse's own means for administrators: a shared secret."""
        nonce = (await self.sender.ask("GET", "/_synapse/admin/v1/register"))["nonce"]
        text = "\0".join([nonce, self.name, "secret", "notadmin"])
        mac = hmac.new(secret.encode(), text.encode(), hashlib.sha1).hexdigest()
        body = {"nonce": nonce, "username": self.name, "password": "secret", "admin": False, "mac": mac}
        await self.sender.ask("POST", "/_synapse/admin/v1/register", body)

    async def log_in(self) -> float:
        """Seconds until the first sync is there."""
        began = time.perf_counter()
        who = {"type": "m.id.user", "user": self.name}
        answer = await self.sender.ask(
            "POST", f"{API}/login", {"type": "m.login.password", "identifier": who, "password": "secret"}
        )
        self.sender.token = self.listener.token = answer["access_token"]
        self._since = (await self.listener.ask("GET", f"{API}/sync?timeout=0"))["next_batch"]
        return time.perf_counter() - began

    async def open_room(self, other: "Person") -> str:
        body = {"preset": "trusted_private_chat", "is_direct": True, "invite": [f"@{other.name}:localhost"]}
        room: str = (await self.sender.ask("POST", f"{API}/createRoom", body))["room_id"]
        await other.sender.ask("POST", f"{API}/rooms/{quote(room)}/join", {})
        return room

    async def say(self, room: str, key: str) -> None:
        body = {"msgtype": "m.text", "body": f"{key} {BODY}"}
        await self.sender.ask("PUT", f"{API}/rooms/{quote(room)}/send/m.room.message/{key}", body)

    async def hear(self, room: str, key: str) -> None:
        """Until this message has arrived, and was what was sent."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            news = await self.listener.ask("GET", f"{API}/sync?timeout=30000&since={self._since}")
            self._since = news["next_batch"]
            events = news.get("rooms", {}).get("join", {}).get(room, {}).get("timeline", {}).get("events", [])
            told = [event["content"]["body"] for event in events if event["type"] == "m.room.message"]
            if f"{key} {BODY}" in told:
                return
        raise LoadFailed(f"{self.name} did not hear {key}")

    def close(self) -> None:
        self.sender.close()
        self.listener.close()
