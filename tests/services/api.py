"""People who use the product over HTTP: make an account, call what a client would call."""

import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import ProxyHandler, Request, build_opener

PASSWORD = "correct horse battery"
_http = build_opener(ProxyHandler({}))


@dataclass(frozen=True)
class Answer:
    """`status, body = api.get(…)`; also `.headers`. `json` is None when there is no body."""

    status: int
    json: Any
    headers: Mapping[str, str] = field(repr=False)

    def __iter__(self) -> Iterator[Any]:
        return iter((self.status, self.json))

    def must(self, status: int = 200) -> Any:
        """The body, if this is the status."""
        assert self.status == status, self
        return self.json

    def error(self, status: int, code: str) -> Any:
        """The body of this error (RFC 9457)."""
        assert (self.status, (self.json or {}).get("code")) == (status, code), self
        assert self.headers["Content-Type"] == "application/problem+json"
        return self.json


class Api:
    """The routes below `/api/v1` of one web process, called with this token (None: signed out)."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url
        self.token = token

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
        **query: Any,
    ) -> Answer:
        """`path` is below the base, or an address from the root when it begins with `//`. `data` is a raw body."""
        address = path[1:] if path.startswith("//") else f"/api/v1{path}"
        given = {name.rstrip("_"): value for name, value in query.items() if value is not None}
        url = self.url + quote(address, safe="/%") + (f"?{urlencode(given, doseq=True)}" if given else "")
        sent = {"Content-Type": "application/json", **(headers or {})}
        if bearer := token or self.token:
            sent["Authorization"] = f"Bearer {bearer}"
        if body is not None:
            data = json.dumps(body).encode()
        request = Request(url, data, sent, method=method)
        try:
            with _http.open(request, timeout=30) as response:
                return _answer(response)
        except HTTPError as error:
            with error:
                return _answer(error)

    def get(self, path: str, **query: Any) -> Answer:
        return self.request("GET", path, **query)

    def post(self, path: str, body: Any = None, **query: Any) -> Answer:
        return self.request("POST", path, {} if body is None else body, **query)

    def put(self, path: str, body: Any = None, **query: Any) -> Answer:
        return self.request("PUT", path, body, **query)

    def patch(self, path: str, body: Any = None, **query: Any) -> Answer:
        return self.request("PATCH", path, {} if body is None else body, **query)

    def delete(self, path: str, **query: Any) -> Answer:
        return self.request("DELETE", path, **query)

    def register(self, username: str | None = None, **fields: Any) -> "Account":
        """A fresh account, signed in here."""
        username = username or f"u{uuid.uuid4().hex[:12]}"
        body = {"username": username, "email": f"{username}@example.org", "password": PASSWORD, **fields}
        return Account.of(self.url, self.post("/auth/register", body).must(201), body["password"])

    def log_in(self, username: str, password: str = PASSWORD) -> "Account":
        """A further session of an account."""
        body = self.post("/auth/login", {"username": username, "password": password}).must(200)
        return Account.of(self.url, body, password)


def _answer(response: Any) -> Answer:
    text = response.read()
    is_json = "json" in response.headers.get("Content-Type", "")
    return Answer(response.status, json.loads(text) if is_json else text.decode() or None, response.headers)


@dataclass(frozen=True, eq=False)
class Account(Api):
    """A person signed in on one device, at one web process."""

    url: str
    token: str
    refresh_token: str
    id: str
    username: str
    password: str

    @classmethod
    def of(cls, url: str, pair: dict[str, Any], password: str = PASSWORD) -> "Account":
        """From the answer of register, log in or refresh."""
        user = pair["user"]
        return cls(url, pair["access_token"], pair["refresh_token"], user["id"], user["username"], password)

    def at(self, url: str) -> "Account":
        """The same device, talking to another process."""
        return replace(self, url=url)

    def second_device(self) -> "Account":
        return self.log_in(self.username, self.password)

    def group(self, *people: "Account", title: str = "A group") -> str:
        """A new group of these people that this one owns; returns its id."""
        return self._conversation("group", people, title=title)

    def room(self, *people: "Account", title: str = "A room") -> str:
        return self._conversation("room", people, title=title)

    def private(self, other: "Account") -> str:
        return self._conversation("private", (other,))

    def _conversation(self, kind: str, people: tuple["Account", ...], **fields: Any) -> str:
        body = {"kind": kind, "member_ids": [person.id for person in people], **fields}
        answer = self.post("/conversations", body)
        assert answer.status in (200, 201), answer
        return str(answer.json["id"])

    def conversation(self, conversation_id: str) -> Any:
        """As this person sees it."""
        return self.get(f"/conversations/{conversation_id}").must()

    def say(self, conversation_id: str, content: str, **fields: Any) -> Any:
        """Send a message over REST; returns it."""
        body = {"content": content, "client_msg_id": uuid.uuid4().hex, **fields}
        return self.post(f"/conversations/{conversation_id}/messages", body).must(201)

    def history(self, conversation_id: str, **query: Any) -> Any:
        return self.get(f"/conversations/{conversation_id}/messages", **query).must()
