"""P20: every route and event that the documents list, by everybody who has no part in it, with somebody else's ids.

The calls are made from `/openapi.json` and `/asyncapi.json`: a new route or event is tried without anybody thinking
of it. One that takes an id of a new kind, needs a value of a new kind, or is meant to be open fails here until the
tables say so (`THINGS`, `EXAMPLES`, `PUBLIC`, `OPEN`).
"""

import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import pytest

from chat_app.auth.permissions import PERMISSIONS, ROLES, SCOPES
from tests.promises.belongings import THINGS, Belongings, Rows, give_role, somebody
from tests.promises.operations import UUID, Event, Line, Operation, events, operations
from tests.services.api import PASSWORD, Account, Answer
from tests.services.database import Database
from tests.services.deployment import Deployment
from tests.services.people import People
from tests.services.sockets import Socket, Sockets

pytestmark = pytest.mark.promise("P20")

TEAM = PERMISSIONS["people.find"]
ADMINISTRATION = {name for name, roles in PERMISSIONS.items() if roles == {"admin"}}

PUBLIC = {
    "GET /auth/oauth2/{provider}/callback": "where a provider sends the browser back to; the state in a cookie counts",
    "GET /auth/oauth2/{provider}/login": "begins a sign-in",
    "GET /auth/providers": "what one may sign in with",
    "GET /health": "for monitoring; numbers only",
    "GET /health/db": "for monitoring",
    "GET /health/live": "for monitoring",
    "GET /health/ready": "for monitoring",
    "GET /health/redis": "for monitoring",
    "GET /info": "what a client asks before anybody signs in",
    "GET /media/{avatar_id}/avatar.webp": "a picture that somebody chose to show; its address is not to be guessed",
    "GET /metrics": "for monitoring; for private addresses or with a token",
    "POST /auth/email/verify": "the mailed token counts",
    "POST /auth/login": "signs in",
    "POST /auth/oauth2/complete": "ends a sign-in; a cookie counts",
    "POST /auth/oauth2/login": "ends a sign-in; the provider's code counts",
    "POST /auth/password/forgot": "asks for a mail; says nothing",
    "POST /auth/password/reset": "the mailed token counts",
    "POST /auth/refresh": "the refresh token counts",
    "POST /auth/register": "makes an account",
    "POST /auth/token/refresh": "the refresh token counts",
}
"""What one may call without being signed in, with the reason."""


@dataclass(frozen=True)
class Open:
    """An id of somebody else may stand there, for these roles."""

    reason: str
    roles: frozenset[str] = TEAM
    kinds: frozenset[str] = frozenset({"private", "group", "room"})


OPEN = {
    ("GET /users/{user_id}", "user_id"): Open("the team sees everybody's profile"),
    ("GET /users", "ids"): Open("leaves out whom one may not see", frozenset(ROLES)),
    ("POST /conversations", "member_ids"): Open("the team may write to everybody"),
    ("POST /conversations/{conversation_id}/members", "user_ids"): Open("the team may invite everybody"),
    ("POST /rooms/{conversation_id}/join", "conversation_id"): Open("rooms are public", kinds=frozenset({"room"})),
    ("POST /sync", "conversations"): Open("answers that one has no part in it", frozenset(ROLES)),
}
"""(Operation, field) that takes an id of somebody who has nothing to do with the caller, with the reason. The answer
still tells no secret and changes nothing that was there."""

OPEN_EVENTS = {"sync", "watch"}
"""Events that leave out, without a word, what one may not see: the acknowledgement tells nothing of it."""

OWN_CREDENTIALS: dict[str, Callable[[Account], dict[str, Any]]] = {
    "POST /auth/login": lambda me: {"username": me.username, "password": PASSWORD},
    "POST /auth/refresh": lambda me: {"refresh_token": me.refresh_token},
    "POST /auth/token/refresh": lambda me: {"refresh_token": me.refresh_token},
    "PATCH /admin/plans/{name}": lambda me: {"name": "free"},
}
"""Values for operations that need one's own, or existing ones."""

NO_SUCCESS = {
    "GET /auth/oauth2/{provider}/callback": "no provider is set up",
    "GET /auth/oauth2/{provider}/login": "no provider is set up",
    "POST /auth/email/verify": "needs a mailed token",
    "POST /auth/oauth2/complete": "needs a sign-in at a provider",
    "POST /auth/oauth2/login": "no provider is set up",
    "POST /auth/oauth2/{provider}/link": "no provider is set up",
    "POST /auth/password/reset": "needs a mailed token",
}
"""Operations that do not succeed here even for the right person; the tests of their area prove that they work."""


class Walls:
    """One deployment with Ada's three conversations, what she has besides, and everybody who has no part in it."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.database = Database(deployment.database_url)
        self.operations = operations(deployment.url)
        self.events = events(deployment.url)
        self.ada = [self._adas(kind) for kind in ("private", "group", "room")]
        self.strangers = {role: self.somebody_with_role(role) for role in ROLES}
        ids = {one for belongings in self.ada for one in belongings.all_ids()}
        self.rows = Rows(deployment.database_url, ids)

    def _adas(self, kind: str) -> Belongings:
        adas = somebody(self.deployment, self.database, kind, f"secret-{uuid.uuid4().hex}")
        adas.all_ids()
        return adas

    def somebody_with_role(self, role: str) -> Belongings:
        found = somebody(self.deployment, self.database)
        found.all_ids()  # before the role: a buyer could not make a room
        give_role(self.database, found.account, role)
        return found

    def line(self) -> Line:
        return Line(self.deployment.urls[-1])

    def given(self, operation: Operation, ids: Mapping[str, Any], account: Account) -> dict[str, Any]:
        own = OWN_CREDENTIALS.get(operation.name, lambda me: {})(account)
        return {name: ids[name] for name in operation.ids()} | {"chat_type": ids["chat_type"]} | own

    def attempts(self, operation: Operation, own: Belongings) -> Iterator[tuple[str, Belongings, dict[str, Any]]]:
        """Ada's ids in each field that takes one, the other ones being the stranger's own, and in all of them."""
        given = self.given(operation, own, own.account)
        for name in operation.ids():
            several = THINGS[name] in ("conversation", "message")
            for adas in self.ada if several else self.ada[:1]:
                kind = {"chat_type": adas.kind} if THINGS[name] == "conversation" else {}
                yield name, adas, given | {name: adas[name]} | kind
        if len(operation.ids()) > 1:
            for adas in self.ada:
                yield "all", adas, given | {name: adas[name] for name in operation.ids()} | {"chat_type": adas.kind}

    def words(self) -> set[str]:
        return {adas.word for adas in self.ada}


_built: dict[str, Walls] = {}


@pytest.fixture
def walls(deployment: Deployment) -> Walls:
    """The same for all tests of a deployment."""
    if deployment.kind not in _built:
        _built[deployment.kind] = Walls(deployment)
    return _built[deployment.kind]


def told(operation: Operation, answer: Answer, who: str, field: str = "") -> str:
    return f"{operation.name} by {who}{f', another one in {field}' if field else ''}: {answer.status} {answer.json}"


def test_every_field_that_takes_an_id_is_known(walls: Walls, figure):
    """Read this when a new route fails: `THINGS` has to say whose ids the field takes."""
    calls: list[Operation | Event] = [*walls.operations, *walls.events]
    unknown = {name for call in calls for name in call.ids() if name not in THINGS}
    assert not unknown, f"whose ids do {unknown} take? Add them to THINGS"
    names = {operation.name for operation in walls.operations}
    assert not OPEN_EVENTS - {event.name for event in walls.events}
    assert not (set(PUBLIC) | {name for name, _ in OPEN} | set(OWN_CREDENTIALS) | set(NO_SUCCESS)) - names
    fields = {name for call in calls for name in call.ids()}
    figure(f"{walls.deployment.kind}: whose ids each of {len(fields)} fields of {len(calls)} calls takes is known")


def test_who_is_signed_out_gets_nothing(walls: Walls, figure):
    line, own = walls.line(), walls.strangers["member"]
    tried = 0
    for operation in walls.operations:
        assert operation.is_public == (operation.name in PUBLIC), f"is {operation.name} public? See PUBLIC"
        if operation.is_public:
            continue
        for ids in (own, *walls.ada):
            request = operation.request(walls.given(operation, ids, own.account))
            alias = replace(request, path=request.path.replace("/api/v1/", "/api/"))
            for call, token in ((request, None), (request, "nonsense"), (alias, None)):
                answer = line.call(call, token)
                assert (answer.status, answer.json["code"]) == (401, "unauthorized"), told(operation, answer, "nobody")
                tried += 1
    figure(f"{walls.deployment.kind}: {tried} calls of {len(walls.operations)} operations by nobody: 401")


def test_the_calls_are_right_but_for_who_makes_them(walls: Walls, figure):
    """Else a refusal would prove nothing: made by the person whose ids they are, each succeeds."""
    line = walls.line()
    done = 0
    for operation in walls.operations:
        if operation.name in NO_SUCCESS:
            continue
        owner = somebody(walls.deployment, walls.database)
        given = walls.given(operation, owner, owner.account)
        if operation.permission in ADMINISTRATION:
            give_role(walls.database, owner.account, "admin")
        answer = line.call(operation.request(given), owner.account.token)
        assert answer.status < 400, told(operation, answer, "the right person")
        done += 1
    figure(f"{walls.deployment.kind}: {done} operations by the right person: success")


def test_an_api_key_does_what_its_scopes_say_and_no_more(walls: Walls, figure):
    own = walls.strangers["admin"]
    keys = {scope: make_key(own.account, [name for name in SCOPES if name != scope]) for scope in (*SCOPES, None)}
    line = walls.line()
    refused = 0
    for operation in walls.operations:
        if operation.is_public:
            continue
        request = operation.request(walls.given(operation, own, own.account))
        alias = replace(request, path=request.path.replace("/api/v1/", "/api/"))
        for call in (request, alias):
            answer = line.call(call, key=keys[operation.scope])
            assert (answer.status, answer.json["code"]) == (403, "forbidden"), told(operation, answer, "a key")
            assert (operation.scope or "sign in as a person") in answer.json["detail"]
        refused += 1
    figure(f"{walls.deployment.kind}: {refused} operations by keys that have every scope but theirs: 403")


def make_key(account: Account, scopes: list[str]) -> str:
    return str(account.post("/auth/api-keys", {"name": "A program", "scopes": scopes}).must(201)["key"])


def test_what_needs_a_permission_is_refused_to_the_other_roles(walls: Walls, figure):
    line = walls.line()
    refused = 0
    for role, own in walls.strangers.items():
        for operation in walls.operations:
            if operation.permission and role not in PERMISSIONS[operation.permission]:
                answer = line.call(operation.request(walls.given(operation, own, own.account)), own.account.token)
                assert (answer.status, answer.json["code"]) == (403, "forbidden"), told(operation, answer, role)
                refused += 1
    figure(f"{walls.deployment.kind}: {refused} calls by roles without the permission: 403")


def test_nobody_reaches_what_is_not_theirs(walls: Walls, figure):
    before = walls.rows.read()
    with ThreadPoolExecutor(len(ROLES)) as threads:
        counts = list(threads.map(lambda role: tries_everything(walls, role), ROLES))
    assert walls.rows.read() == before
    stored = sum(len(rows) for rows in before.values())
    figure(
        f"{walls.deployment.kind}: {sum(counts)} calls of {len(walls.operations)} operations by {len(ROLES)} roles "
        f"with another one's ids: none got through, {stored} rows of hers unchanged"
    )


def tries_everything(walls: Walls, role: str) -> int:
    """Every operation with Ada's ids, each of which has to be answered like an id that does not exist."""
    own, line = walls.strangers[role], walls.line()
    token, tried = own.account.token, 0
    for operation in walls.operations:
        if operation.is_public:
            continue
        administers = role == "admin" and operation.permission in ADMINISTRATION
        for name, adas, given in walls.attempts(operation, own):
            if is_open(operation, name, role, adas) or (administers and operation.method != "GET"):
                continue
            answer = line.call(operation.request(given), token)
            assert not shown(walls, answer, administers), told(operation, answer, role, name)
            tried += 1
            if administers:
                continue
            assert_refused(operation, answer, role, name)
            unknown = {
                field: str(uuid.uuid4()) if given[field] == adas[field] else given[field] for field in operation.ids()
            }
            other = line.call(operation.request(given | unknown), token)
            assert alike(answer) == alike(other), told(operation, answer, role, name) + f" but unknown: {other}"
        if operation.method == "GET" and not operation.ids():
            answer = line.call(operation.request(walls.given(operation, own, own.account)), token)
            assert not shown(walls, answer, administers), told(operation, answer, role)
            tried += 1
    return tried


def is_open(operation: Operation, name: str, role: str, adas: Belongings) -> bool:
    rule = OPEN.get((operation.name, name))
    return rule is not None and role in rule.roles and adas.kind in rule.kinds


def shown(walls: Walls, answer: Answer, administers: bool) -> bool:
    """Whether something stands in the answer that is Ada's business. Administrators see accounts, not conversations."""
    text = str(answer.json)
    inside = ("Content ", "Title ") if administers else ("",)
    return any(f"{prefix}{word}" in text for prefix in inside for word in walls.words())


def assert_refused(operation: Operation, answer: Answer, role: str, name: str) -> None:
    """As if it were not there; a body that refers to it may be called wrong."""
    place = operation.ids().get(name, "path")
    allowed = [(404, "not_found"), (403, "forbidden")] + [(422, "validation_failed")] * (place == "body")
    assert (answer.status, (answer.json or {}).get("code")) in allowed, told(operation, answer, role, name)


def alike(answer: Answer) -> tuple[int, str]:
    """The answer without the ids in it."""
    return answer.status, re.sub(UUID, "<id>", str(answer.json))


def test_what_is_open_tells_no_secret_and_changes_nothing_that_was_there(walls: Walls, figure):
    before = walls.rows.read()
    line, tried = walls.line(), 0
    for role in ROLES:
        own = walls.somebody_with_role(role)  # who joins Ada's room here is a stranger no more
        for operation in walls.operations:
            for name, adas, given in walls.attempts(operation, own):
                if is_open(operation, name, role, adas) and name != "conversation_id":
                    answer = line.call(operation.request(given), own.account.token)
                    assert not shown(walls, answer, administers=False), told(operation, answer, role, name)
                    tried += 1
    after = walls.rows.read()
    assert all(set(rows) <= set(after[table]) for table, rows in before.items())
    figure(f"{walls.deployment.kind}: {tried} calls that are meant to be open: no secret told, nothing of hers changed")


@pytest.fixture
def listeners(walls: Walls, sockets: Sockets) -> dict[str, dict[str, Socket]]:
    """By role and namespace, a socket of each stranger."""
    namespaces = {event.namespace for event in walls.events}
    return {
        role: {name: sockets.connect(walls.deployment.urls[-1], own.account.token, name) for name in namespaces}
        for role, own in walls.strangers.items()
    }


def test_without_a_session_no_socket_opens(walls: Walls, sockets: Sockets, figure):
    key = make_key(walls.strangers["admin"].account, list(SCOPES))
    for namespace in {event.namespace for event in walls.events}:
        for token in (None, "nonsense", key):
            refusal = sockets.connect(walls.deployment.url, token, namespace).connect_error
            assert refusal["code"] == "unauthorized", namespace
    figure(f"{walls.deployment.kind}: without a token, with nonsense and with an API key no socket opens")


def test_the_events_are_right_but_for_who_sends_them(walls: Walls, sockets: Sockets, figure):
    for event in walls.events:
        owner = somebody(walls.deployment, walls.database)
        given = {name: owner[name] for name in event.ids()} | {"token": owner.account.token}
        socket = sockets.connect(owner.account.url, owner.account.token, event.namespace)
        assert socket.do(event.name, event.payload(given)), event.name
        socket.close()
    figure(f"{walls.deployment.kind}: {len(walls.events)} events by the right person: success")


def test_over_a_socket_nobody_reaches_what_is_not_theirs(
    walls: Walls, listeners: dict[str, dict[str, Socket]], sockets: Sockets, figure
):
    before = walls.rows.read()
    tried = sum(
        sends_everything(walls, role, event, open_sockets[event.namespace])
        for role, open_sockets in listeners.items()
        for event in walls.events
    )
    assert walls.rows.read() == before
    for adas in walls.ada:
        word = f"Content {adas.word} again"
        chat = sockets.connect(adas.account.url, adas.account.token)
        chat.do("typing", {"conversation_id": adas.conversation, "on": True})
        adas.account.say(adas.conversation, word)
        chat.wait_for("message", lambda message, word=word: message["content"] == word)
    people = People(walls.deployment, sockets)
    for role, open_sockets in listeners.items():
        people.fence(walls.strangers[role].account, open_sockets["/chat"])
        for socket in open_sockets.values():
            assert socket.connected, role
            heard = str([event for event in socket.events if event.name != "ready"])
            assert not any(word in heard for word in walls.words()), role
    figure(
        f"{walls.deployment.kind}: {tried} calls of {len(walls.events)} events by {len(ROLES)} roles with "
        f"another one's ids: none got through, and of what she writes nothing is heard"
    )


def sends_everything(walls: Walls, role: str, event: Event, socket: Socket) -> int:
    own, tried = walls.strangers[role], 0
    given = {name: own[name] for name in event.ids()} | {"token": own.account.token}
    for name in event.ids():
        for adas in walls.ada:
            theirs = {field: adas[field] for field in event.ids()}
            unknown = {field: str(uuid.uuid4()) for field in event.ids()}
            for ids, others in (({name: theirs[name]}, {name: unknown[name]}), (theirs, unknown)):
                ack = socket.call(event.name, event.payload(given | ids))
                where = f"{event.name} by {role}, another one in {name}: {ack}"
                assert not any(word in str(ack) for word in walls.words()), where
                tried += 1
                if event.name in OPEN_EVENTS:
                    assert ack["ok"], where
                    assert adas.account.id not in str(ack), where
                    assert adas.friend.id not in str(ack), where
                    continue
                assert not ack["ok"], where
                assert ack["error"]["code"] in ("not_found", "validation_failed"), where
                other = socket.call(event.name, event.payload(given | others))
                assert re.sub(UUID, "", str(ack)) == re.sub(UUID, "", str(other)), where
    return tried
