"""Keys for programs: what they open, what they never open, and how they end."""

import json
import re
import urllib.request
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.services.api import Account, Answer, Api
from tests.services.database import Database
from tests.services.deployment import Deployment
from tests.services.people import People
from tests.services.sockets import Sockets

READ = ["messages:read", "conversations:read", "profile:read", "people:read"]


class Program(Api):
    """Calls with a key."""

    def __init__(self, url: str, key: str) -> None:
        super().__init__(url)
        self.key = key

    def request(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        headers = {"X-API-Key": self.key, **(options.pop("headers", None) or {})}
        return super().request(method, path, body, headers=headers, **options)


def make(person: Account, *scopes: str, **fields: Any) -> Any:
    return person.post("/auth/api-keys", {"name": "a robot", "scopes": list(scopes or READ), **fields}).must(201)


def program(person: Account, *scopes: str, url: str = "", **fields: Any) -> Program:
    return Program(url or person.url, make(person, *scopes, **fields)["key"])


def test_a_key_is_shown_once_and_stored_as_a_hash(people: People, database: Database):
    ada = people.one()
    made = make(ada, "messages:write", "messages:read", "messages:read", name=" a robot ")
    assert sorted(made) == ["created_at", "expires_at", "id", "key", "last_used_at", "name", "prefix", "scopes"]
    key = made.pop("key")
    assert key.startswith(made["prefix"])
    assert (made["name"], made["scopes"], made["last_used_at"]) == (
        "a robot",
        ["messages:read", "messages:write"],
        None,
    )
    assert ada.get("/auth/api-keys").must()["items"] == [made]
    assert key not in str(ada.get("/auth/activity").must())
    (row,) = database.rows("SELECT * FROM api_keys WHERE id = :id", id=made["id"])
    assert key not in str(row)
    assert key[12:] not in str(row)


@pytest.mark.parametrize("base", ["//api", "//api/v1"])
def test_a_key_acts_for_its_owner_within_its_scopes(people: People, base: str):
    ada, grace = people.some(2)
    group = ada.group(grace)
    robot = program(ada, *READ, "messages:write", url=people.deployment.urls[-1])
    sent = robot.post(f"{base}/conversations/{group}/messages", {"content": "beep"}).must(201)
    assert sent["sender_id"] == ada.id
    assert robot.get(f"{base}/auth/me").must()["id"] == ada.id
    assert robot.get(f"{base}/conversations/{group}/messages").must()["items"][-1]["id"] == sent["id"]
    assert group in str(robot.post(f"{base}/sync", {}).must())
    assert grace.history(group)["items"][-1]["content"] == "beep"


def test_a_key_opens_no_conversation_that_its_owner_is_not_in(people: People):
    ada, grace, mei = people.some(3)
    group = grace.group(mei)
    program(ada).get(f"/conversations/{group}/messages").error(404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/auth/me", "profile:read"),
        ("POST", "/sync", "messages:read"),
        ("GET", "/messages/search", "messages:read"),
        ("POST", "/messages", "messages:write"),
        ("GET", "/conversations", "conversations:read"),
        ("POST", "/conversations", "conversations:write"),
        ("GET", "/rooms", "conversations:read"),
        ("GET", "/users", "people:read"),
    ],
)
def test_a_missing_scope_is_named(embedded: Deployment, method: str, path: str, scope: str):
    ada = Api(embedded.url).register()
    others = [name for name in [*READ, "messages:write", "conversations:write"] if name != scope]
    answer = program(ada, *others).request(method, path, {} if method == "POST" else None)
    assert scope in answer.error(403, "forbidden")["detail"]


def routes_of_the_account(url: str) -> list[tuple[str, str]]:
    """All that needs a signed-in caller below /auth, of the document, so that a new route cannot be forgotten."""
    document = json.loads(urllib.request.urlopen(f"{url}/openapi.json").read())
    return [
        (method.upper(), re.sub(r"{\w+}", str(uuid.uuid4()), path.removeprefix("/api/v1")))
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if "/auth/" in path and {"bearer": []} in operation.get("security", [])
    ]


def test_no_key_opens_what_concerns_the_account_itself(embedded: Deployment):
    ada = Api(embedded.url).register()
    robot = program(ada, *READ, "messages:write", "conversations:write", "stats:read")
    closed = [route for route in routes_of_the_account(ada.url) if route != ("GET", "/auth/me")]
    assert {("POST", "/auth/password"), ("GET", "/auth/api-keys"), ("PUT", "/auth/me/avatar")} <= set(closed)
    for method, path in closed:
        answer = robot.request(method, path, {})
        assert "sign in" in answer.error(403, "forbidden")["detail"], (method, path)
    assert robot.get("/auth/me").must()["id"] == ada.id


@pytest.mark.parametrize("key", ["", "nonsense", "cs_", "cs_" + "x" * 43, "cs_" + "x" * 5000, "cs_" + "\xff" * 43])
def test_what_is_no_key_is_refused(embedded: Deployment, key: str):
    Program(embedded.url, key).get("/conversations").error(401, "unauthorized")


def test_a_nul_in_a_key_is_refused_before_it_is_looked_up(embedded: Deployment):
    assert Program(embedded.url, "cs_\x00" + "x" * 42).get("/conversations").status == 400


def test_a_revoked_key_opens_nothing_anywhere(people: People):
    ada = people.one()
    made = make(ada)
    ada.delete(f"/auth/api-keys/{made['id']}").must(204)
    for url in people.deployment.urls:
        Program(url, made["key"]).get("/conversations").error(401, "unauthorized")
    assert ada.get("/auth/api-keys").must()["items"] == []
    ada.delete(f"/auth/api-keys/{made['id']}").error(404, "not_found")
    actions = [event["action"] for event in ada.get("/auth/activity").must()["items"]]
    assert actions == ["api_key.revoked", "api_key.created", "auth.registered"]


def test_a_key_past_its_time_opens_nothing(people: People, database: Database):
    ada = people.one()
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    made = make(ada, expires_at=tomorrow)
    robot = Program(ada.url, made["key"])
    robot.get("/conversations").must()
    database.change("UPDATE api_keys SET expires_at = :at WHERE id = :id", at="2020-01-01 00:00:00", id=made["id"])
    robot.get("/conversations").error(401, "unauthorized")


def test_the_key_of_a_banned_person_opens_nothing(people: People, database: Database):
    ada = people.one()
    robot = program(ada, url=people.deployment.urls[-1])
    database.change("UPDATE users SET banned_at = CURRENT_TIMESTAMP WHERE id = :id", id=ada.id)
    robot.get("/conversations").error(403, "banned")


def test_with_a_key_and_a_token_the_key_decides(people: People):
    ada, grace = people.some(2)
    robot = program(ada)
    assert robot.get("/auth/me", token=grace.token).must()["id"] == ada.id
    robot.get("/auth/sessions", token=ada.token).error(403, "forbidden")
    Program(ada.url, "nonsense").get("/auth/me", token=ada.token).error(401, "unauthorized")


def test_the_key_of_somebody_who_was_an_administrator_is_an_administrator_s_no_more(people: People, database: Database):
    ada = people.one()
    database.change("UPDATE users SET role = 'admin' WHERE id = :id", id=ada.id)
    robot = program(ada, "admin:read", url=people.deployment.urls[-1])
    robot.get("/admin/users").must()
    database.change("UPDATE users SET role = 'member' WHERE id = :id", id=ada.id)
    robot.get("/admin/users").error(403, "forbidden")


@pytest.mark.parametrize("scope", ["people:write", "admin:read", "admin:write"])
def test_scopes_of_administrators_are_for_administrators(embedded: Deployment, scope: str):
    ada = Api(embedded.url).register()
    error = ada.post("/auth/api-keys", {"name": "a robot", "scopes": [scope]}).error(403, "forbidden")
    assert scope in error["detail"]


def test_a_role_without_the_permission_makes_no_keys(people: People, database: Database):
    ada = people.one()
    database.change("UPDATE users SET role = 'buyer' WHERE id = :id", id=ada.id)
    ada.post("/auth/api-keys", {"name": "a robot", "scopes": READ}).error(403, "forbidden")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 65),
        ("name", "two\nlines"),
        ("name", "nul\x00"),
        ("name", None),
        ("scopes", []),
        ("scopes", ["everything"]),
        ("scopes", "messages:read"),
        ("scopes", ["messages:read"] * 11),
        ("expires_at", "2020-01-01T00:00:00Z"),
        ("expires_at", "tomorrow"),
        ("expires_at", 4102444800),
        ("user_id", "somebody"),
    ],
)
def test_a_bad_wish_is_named(embedded: Deployment, field: str, value: object):
    ada = Api(embedded.url).register()
    body = {"name": "a robot", "scopes": READ, field: value}
    error = ada.post("/auth/api-keys", body).error(422, "validation_failed")
    assert {e["field"].partition(".")[0] for e in error["errors"]} == {field}


def test_the_keys_of_others_are_neither_seen_nor_revoked(people: People):
    ada, grace = people.some(2)
    made = make(ada)
    assert grace.get("/auth/api-keys").must()["items"] == []
    grace.delete(f"/auth/api-keys/{made['id']}").error(404, "not_found")
    Program(ada.url, made["key"]).get("/conversations").must()


def test_an_account_has_at_most_fifty_keys_also_when_two_are_made_at_once(people: People):
    ada = people.one()
    for _ in range(49):
        made = make(ada)
    urls = people.deployment.urls * 2
    body = {"name": "a robot", "scopes": READ}
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda url: ada.at(url).post("/auth/api-keys", body), [*urls, *urls][:4]))
    assert sorted(answer.status for answer in answers) == [201, 429, 429, 429]
    ada.post("/auth/api-keys", body).error(429, "quota_exceeded")
    ada.delete(f"/auth/api-keys/{made['id']}").must(204)
    make(ada)


def test_its_last_use_is_noted_at_most_once_a_minute(people: People, database: Database):
    ada = people.one()
    robot = program(ada)

    def last_use() -> Any:
        return ada.get("/auth/api-keys").must()["items"][0]["last_used_at"]

    robot.get("/conversations").must()
    first = last_use()
    assert first
    robot.get("/conversations").must()
    assert last_use() == first
    database.change("UPDATE api_keys SET last_used_at = :at WHERE user_id = :id", at="2020-01-01 00:00:00", id=ada.id)
    robot.get("/conversations").must()
    assert last_use() >= first


def test_a_key_opens_no_socket(people: People, sockets: Sockets):
    ada = people.one()
    key = make(ada)["key"]
    assert sockets.connect(ada.url, key).connect_error["code"] == "unauthorized"
    refused = sockets.connect(ada.url, None, extraHeaders={"X-API-Key": key})
    assert refused.connect_error["code"] == "unauthorized"


def test_keys_do_not_stand_in_the_log(people: People):
    ada = people.one()
    key = make(ada)["key"]
    for url in people.deployment.urls:
        Program(url, key).get("/conversations").must()
        Program(url, key).get("/nothing").error(404, "not_found")
        Program(url, key).post("/messages", {"content": key}).error(403, "forbidden")
        Program(url, key[:-1]).get("/conversations").error(401, "unauthorized")
    for server in people.deployment.servers:
        assert key[3:-1] not in server.log.read_text(errors="replace")
