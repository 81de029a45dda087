"""What `/openapi.json` and `/asyncapi.json` list, as calls that a test can make."""

import http.client
import json
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from tests.services.api import Answer, Api
from tests.uploads.files import form

BASE = "/api/v1"
METHODS = ("get", "post", "put", "patch", "delete")
UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
Schema = Mapping[str, Any]

EXAMPLES: dict[str, Any] = {
    "archived": True,
    "avatar": "https://example.org/picture.png",
    "avatar_hue": 3,
    "client_msg_id": lambda: uuid.uuid4().hex,
    "code": "a-code",
    "code_verifier": "v" * 43,
    "content": "Other words",
    "current_password": "correct horse battery",
    "description": "Somebody else",
    "display_name": "Somebody Else",
    "email": lambda: f"{uuid.uuid4().hex[:12]}@example.org",
    "emoji": "👍",
    "everywhere": False,
    "expires_at": "2099-01-01T00:00:00Z",
    "id": lambda: f"external-{uuid.uuid4().hex[:8]}",
    "kind": "group",
    "name": "A name",
    "new_password": "quite another horse",
    "on": True,
    "password": "correct horse battery",
    "plan": "vip",
    "provider": "google",
    "reason": "A reason",
    "redirect_uri": "https://example.org/callback",
    "requests_per_minute": 1200,
    "role": "member",
    "scopes": ["messages:read"],
    "seq": 1,
    "status": "away",
    "title": "Another title",
    "token": "not-a-token",
    "tokens_per_day": 100_000,
    "username": lambda: f"u{uuid.uuid4().hex[:12]}",
}
"""A valid value for each field, by its name; ids are given by the test."""
NO_IDS = {
    "client_msg_id": "the sender's own key",
    "id": "of another system, in the namespace of the caller's key (`users/ensure`)",
}
"""Fields that are called an id and name nothing that belongs to anybody."""
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
"""One pixel, as PNG."""


class Document:
    """Schemas of an OpenAPI or AsyncAPI document, with their references followed."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self.content = content

    def resolve(self, schema: Schema) -> Schema:
        """The schema itself: not a reference, and not "this or null"."""
        while True:
            alternatives = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
            if "$ref" in schema:
                schema = self.lookup(schema["$ref"])
            elif alternatives:
                schema = next(part for part in alternatives if part.get("type") != "null")
            else:
                return schema

    def lookup(self, reference: str) -> Any:
        found: Any = self.content
        for part in reference.removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
        return found

    def fields(self, schema: Schema) -> Iterator[tuple[str, Schema]]:
        """Every field of an object, those of the objects in it too."""
        schema = self.resolve(schema)
        for name, part in schema.get("properties", {}).items():
            yield name, self.resolve(part)
            yield from self.fields(part)
        if "items" in schema:
            yield from self.fields(schema["items"])

    def ids(self, schema: Schema) -> list[str]:
        """The names of the fields that take an id, also as a list or as the keys of an object."""
        return [name for name, part in self.fields(schema) if self.takes_id(name, part)]

    def takes_id(self, name: str, schema: Schema) -> bool:
        schema = self.resolve(schema)
        if schema.get("maxItems") == 0:
            return False
        if schema.get("type") == "array":
            return self.takes_id(name, schema["items"])
        form = schema.get("propertyNames", schema)
        if form.get("format") == "uuid" or UUID.pattern in form.get("pattern", ""):
            return True
        named = name == "id" or name.endswith(("_id", "_ids"))
        assert not named or name in NO_IDS, f"the field {name!r} looks like an id: is it one? See NO_IDS"
        return False

    def example(self, schema: Schema, given: Mapping[str, Any], name: str = "") -> Any:
        """A valid value. `given` are values by the names of fields, which come before those of :data:`EXAMPLES`.

        What is neither required nor has an example is left out.
        """
        schema = self.resolve(schema)
        if "propertyNames" in schema:
            return {given[name]: 0} if name in given else {}
        if schema.get("type") == "object":
            required = schema.get("required", ())
            return {
                field: self.example(part, given, field)
                for field, part in schema.get("properties", {}).items()
                if field in required or field in given or field in EXAMPLES
            }
        if schema.get("type") == "array":
            return self._list(schema, given, name)
        return self._value(schema, given, name)

    def _list(self, schema: Schema, given: Mapping[str, Any], name: str) -> list[Any]:
        if schema.get("maxItems") == 0:
            return []
        known = given.get(name, EXAMPLES.get(name))
        return known if isinstance(known, list) else [self.example(schema["items"], given, name)]

    def _value(self, schema: Schema, given: Mapping[str, Any], name: str) -> Any:
        known = given.get(name, EXAMPLES.get(name))
        value = known() if callable(known) else known
        allowed = schema.get("enum") or ([schema["const"]] if "const" in schema else None)
        if allowed:
            return value if value in allowed else allowed[0]
        assert value is not None, f"no example for the field {name!r} ({dict(schema)}): add one to EXAMPLES"
        return value


@dataclass(frozen=True, eq=False)
class Operation:
    """One method of one address. `scope` is None when no API key may call it."""

    document: Document
    method: str
    path: str
    permission: str | None
    scope: str | None
    is_public: bool
    parameters: tuple[Schema, ...]
    body: Schema | None
    media_type: str | None

    @property
    def name(self) -> str:
        """``PATCH /users/{user_id}``, without the base."""
        return f"{self.method} {self.path.removeprefix(BASE)}"

    def ids(self) -> dict[str, str]:
        """The names of all fields that take an id, and where each stands: `path`, `query` or `body`."""
        found = {p["name"]: p["in"] for p in self.parameters if self.document.takes_id(p["name"], p["schema"])}
        return found | dict.fromkeys(self.document.ids(self.body or {}), "body")

    def request(self, given: Mapping[str, Any]) -> "Request":
        """A valid call; `given` are values by the names of fields."""
        path, query = self.path, {}
        for parameter in self.parameters:
            name, schema = parameter["name"], self.document.resolve(parameter["schema"])
            if parameter["in"] == "path":
                path = path.replace(f"{{{name}}}", quote(str(self.document.example(schema, given, name)), safe=""))
            elif parameter["in"] == "query" and (name in given or parameter.get("required")):
                query[name] = self.document.example(schema, given, name)
        if self.media_type == "multipart/form-data":
            return Request(self.method, path, query, None, *form(b"A file", "a file.txt"))
        if self.media_type != "application/json":
            return Request(self.method, path, query, None, PICTURE if self.media_type else None, self.media_type)
        return Request(self.method, path, query, self.document.example(self.body or {}, given))


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    data: bytes | None = None
    media_type: str | None = "application/json"


def operations(url: str) -> list[Operation]:
    """All that the server's document lists."""
    document = Document(Api(url).get("//openapi.json").must())
    found = []
    for path, methods in document.content["paths"].items():
        for method in METHODS:
            if method in methods:
                found.append(_operation(document, path, method, methods[method]))
    assert len(found) > 50, "the document lists too little to be true"
    return found


def _operation(document: Document, path: str, method: str, told: Mapping[str, Any]) -> Operation:
    security = told.get("security", document.content.get("security", []))
    contents = told.get("requestBody", {}).get("content", {})
    media_type = "application/json" if "application/json" in contents else next(iter(contents), None)
    return Operation(
        document=document,
        method=method.upper(),
        path=path,
        permission=told.get("x-permission"),
        scope=told.get("x-scope"),
        is_public=not security or {} in security,
        parameters=tuple(told.get("parameters", ())),
        body=contents[media_type]["schema"] if media_type == "application/json" else None,
        media_type=media_type,
    )


@dataclass(frozen=True, eq=False)
class Event:
    """One event that clients may send in a namespace."""

    document: Document
    namespace: str
    name: str
    schema: Schema

    def ids(self) -> list[str]:
        return self.document.ids(self.schema)

    def payload(self, given: Mapping[str, Any]) -> Any:
        return self.document.example(self.schema, given)


def events(url: str) -> list[Event]:
    """All that clients may send, as the server's document lists it."""
    document = Document(Api(url).get("//asyncapi.json").must())
    found = []
    for operation in document.content["operations"].values():
        if operation["action"] == "receive":
            channel = document.lookup(operation["channel"]["$ref"])
            for reference in operation["messages"]:
                message = document.resolve(reference)
                found.append(Event(document, channel["address"], message["name"], message["payload"]))
    assert len(found) > 5, "the document lists too little to be true"
    return found


class Line:
    """A kept-alive connection to one process, for one thread: thousands of calls in a test."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)

    def call(self, request: Request, token: str | None = None, key: str | None = None) -> Answer:
        headers = {"User-Agent": "somebody", **({"X-API-Key": key} if key else {})}
        if request.media_type:
            headers["Content-Type"] = request.media_type
        if token:
            headers["Authorization"] = f"Bearer {token}"
        data = request.data if request.body is None else json.dumps(request.body).encode()
        query = {
            name: str(value).lower() if isinstance(value, bool) else value for name, value in request.query.items()
        }
        target = request.path + (f"?{urlencode(query, doseq=True)}" if query else "")
        self._connection.request(request.method, target, data, headers)
        with self._connection.getresponse() as response:
            text = response.read()
            is_json = "json" in response.headers.get("Content-Type", "")
            return Answer(
                response.status, json.loads(text) if is_json else text.decode(errors="replace"), response.headers
            )

    def close(self) -> None:
        self._connection.close()
