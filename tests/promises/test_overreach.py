"""P26: what nobody may set for themselves, put into every body of every route and event that the documents list."""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from tests.promises.belongings import Belongings, Rows, give_role, somebody
from tests.promises.operations import Document, Line, Operation, Schema, events, operations
from tests.promises.test_strangers import ADMINISTRATION, OWN_CREDENTIALS
from tests.services.api import Answer, Api
from tests.services.database import Database
from tests.services.deployment import Deployment
from tests.services.sockets import Sockets

pytestmark = pytest.mark.promise("P26")

LONG_AGO = "2001-02-03T04:05:06Z"
BIG = 900_000_001
MEANT = {
    ("PATCH /conversations/{conversation_id}/members/{user_id}", "role"): "of a member, by the owner",
    ("PATCH /users/{user_id}", "plan"): "by administrators",
    ("PATCH /users/{user_id}", "role"): "by administrators",
    ("POST /admin/users", "role"): "by administrators",
    ("POST /conversations/{conversation_id}/members", "role"): "of a member, by the owner",
    ("POST /messages", "role"): "of the message, always `user`",
    ("POST /users/ensure", "id"): "of another system",
    ("POST /users/ensure", "role"): "by administrators, and never theirs",
    ("mark_delivered", "seq"): "that of a message",
    ("mark_read", "seq"): "that of a message",
}
"""Bodies and payloads that have a field of such a name on purpose. Tests of their own show who may set it."""


class Greed:
    """The fields, with values that are found again wherever they are stored."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.database = Database(deployment.database_url)
        self.victim = Api(deployment.url).register()
        self.id = str(uuid.uuid4())
        self.rows = Rows(deployment.database_url, {self.victim.id, self.id})
        self.before = self.rows.read()
        self.roles: dict[str, str] = {}
        """By account, as we gave them."""

    def fields(self, role: str = "admin") -> dict[str, Any]:
        return {
            "role": role,
            "plan": "vip",
            "quota": BIG,
            "owner_id": self.victim.id,
            "user_id": self.victim.id,
            "sender_id": self.victim.id,
            "is_admin": True,
            "id": self.id,
            "seq": BIG,
            "created_at": LONG_AGO,
            "email_verified_at": LONG_AGO,
            "password_hash": "$2b$04$" + "a" * 53,
            "my_role": "owner",
            "banned_at": LONG_AGO,
        }

    def somebody(self, role: str = "member") -> Belongings:
        found = somebody(self.deployment, self.database)
        assert found.all_ids()
        give_role(self.database, found.account, role)
        self.roles |= {found.account.id: role, found.friend.id: "member"}
        return found

    def check(self) -> None:
        """Nothing of it is stored anywhere."""
        assert self.rows.read() == self.before, "a row names the id or the person that was put into a body"
        assert list(self._odd_values()) == []
        for person, given in self.roles.items():
            statement = "SELECT role, plan, email_verified_at, banned_at, password_hash FROM users WHERE id = :id"
            ((role, plan, verified, banned, password_hash),) = self.database.rows(statement, id=person)
            assert (role, plan, verified, banned) == (given, "free", None, None)
            assert password_hash != self.fields()["password_hash"]

    def _odd_values(self) -> Iterator[str]:
        """Columns with a moment long ago, or a number so big."""
        with self.rows.engine.connect() as connection:
            for table in self.rows.tables.sorted_tables:
                for column in table.columns:
                    odd = None
                    if isinstance(column.type, sa.DateTime):
                        odd = column < datetime(2002, 1, 1, tzinfo=UTC)
                    elif isinstance(column.type, sa.Integer) and column.name != "tokens_per_day":
                        odd = column.cast(sa.BigInteger) == BIG  # PostgreSQL takes no such number for a smallint
                    if odd is not None and connection.scalar(sa.select(sa.func.count()).select_from(table).where(odd)):
                        yield f"{table.name}.{column.name}"


@pytest.fixture
def greed(deployment: Deployment) -> Greed:
    return Greed(deployment)


def test_a_field_of_such_a_name_is_known(greed: Greed, figure):
    """Read this when a new route fails: who may set the field, and to what? Test it, then add it to `MEANT`."""
    names, url = greed.fields(), greed.deployment.url
    bodies = {operation.name: (operation.document, operation.body or {}) for operation in operations(url)}
    payloads = {event.name: (event.document, event.schema) for event in events(url)}
    found = {
        (name, field)
        for name, (document, schema) in (bodies | payloads).items()
        for field, _ in document.fields(schema)
        if field in names
    }
    assert found == set(MEANT)
    known = f"{len(bodies)} routes and {len(payloads)} events"
    figure(f"{greed.deployment.kind}: of {known} only those that are meant to take such a field")


def spoiled(document: Document, schema: Schema, body: Any, more: Mapping[str, Any]) -> Iterator[tuple[Any, set[str]]]:
    """The body with the fields in each of its objects in turn, and which of them do not belong there."""
    schema = document.resolve(schema)
    if schema.get("type") == "array":
        for other, fields in spoiled(document, schema["items"], body[0], more) if body else ():
            yield [other, *body[1:]], fields
        return
    properties = schema.get("properties")
    if properties is None or not isinstance(body, dict):
        return
    foreign = {name: value for name, value in more.items() if name not in properties}
    yield body | foreign, set(foreign)
    for name, part in properties.items():
        for other, fields in spoiled(document, part, body[name], more) if name in body else ():
            yield body | {name: other}, fields


def named(errors: list[dict[str, str]]) -> set[str]:
    return {error["field"].rpartition(".")[2] for error in errors}


def given_for(operation: Operation, own: Belongings) -> dict[str, Any]:
    credentials = OWN_CREDENTIALS.get(operation.name, lambda me: {})(own.account)
    return {name: own[name] for name in operation.ids()} | {"chat_type": own.kind, "plan": "free"} | credentials


def test_no_route_takes_what_is_not_its_own(greed: Greed, figure):
    line = Line(greed.deployment.url)
    member, admin = greed.somebody(), greed.somebody("admin")
    tried = bodies = 0
    for operation in operations(greed.deployment.url):
        if operation.body is None:
            continue
        administers = operation.permission in ADMINISTRATION
        own = admin if administers else member
        request = operation.request(given_for(operation, own))
        more = greed.fields("merchant" if administers else "admin")
        for body, fields in spoiled(operation.document, operation.body, request.body, more):
            answer = line.call(replace(request, body=body), own.account.token)
            assert_refused(operation, answer, fields)
            tried += len(fields)
            bodies += 1
    greed.check()
    figure(f"{greed.deployment.kind}: {tried} fields in {bodies} bodies of routes: refused by name, nothing stored")


def assert_refused(operation: Operation, answer: Answer, fields: set[str]) -> None:
    told = f"{operation.name} with {sorted(fields)}: {answer.status} {answer.json}"
    assert (answer.status, answer.json["code"]) == (422, "validation_failed"), told
    assert named(answer.json["errors"]) >= fields, told


def test_a_route_without_a_body_does_not_look_at_one(greed: Greed, figure):
    line = Line(greed.deployment.url)
    tried = 0
    for operation in operations(greed.deployment.url):
        if operation.method == "GET" or operation.media_type is not None or operation.permission in ADMINISTRATION:
            continue
        own = greed.somebody()
        request = operation.request(given_for(operation, own))
        call = replace(request, body=greed.fields(), media_type="application/json")
        answer = line.call(call, own.account.token)
        assert answer.status < 500, f"{operation.name}: {answer}"
        tried += 1
    greed.check()
    figure(f"{greed.deployment.kind}: {tried} routes without a body were given one: nothing of it stored")


def test_no_event_takes_what_is_not_its_own(greed: Greed, sockets: Sockets, figure):
    own, tried = greed.somebody(), 0
    for event in events(greed.deployment.url):
        socket = sockets.connect(own.account.url, own.account.token, event.namespace)
        given = {name: own[name] for name in event.ids()} | {"token": own.account.token}
        for payload, fields in spoiled(event.document, event.schema, event.payload(given), greed.fields()):
            error = socket.refused(event.name, payload)
            assert error["code"] == "validation_failed", f"{event.name}: {error}"
            assert named(error["errors"]) >= fields, f"{event.name}: {error}"
            tried += len(fields)
    greed.check()
    figure(f"{greed.deployment.kind}: {tried} fields in the payloads of events: refused by name, nothing stored")
