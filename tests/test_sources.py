"""Every endpoint of the systems that ChatSphere takes the place of, as docs/sources.md says where it went."""

import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from tests.promises.operations import PICTURE, Line, Request
from tests.services.api import PASSWORD, Account, Answer, Api
from tests.services.database import Database
from tests.services.deployment import Deployment
from tests.services.mail import MailServer
from tests.services.openid import CLIENT_ID
from tests.services.process import ROOT
from tests.services.visitor import Site, Visitor, callback, query, site
from tests.uploads.files import form, send_file


class Row(NamedTuple):
    """A row of a table: `A`, `GET /rooms`, `GET /api/v1/rooms`."""

    system: str
    endpoint: str
    ours: str

    def __str__(self) -> str:
        return f"{self.system}: {self.endpoint} → {self.ours}"


def rows(heading: str) -> list[Row]:
    """The table of this section of the document."""
    section = (ROOT / "docs/sources.md").read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line.strip("| ").split("|") for line in section.splitlines() if line.startswith("| ")][1:]
    return [Row(system.strip(), endpoint.strip(), ours.strip().strip("`")) for system, endpoint, ours, *_ in lines]


@dataclass
class Visit:
    """Ada with a group that she owns, in a server that has a mail relay and an OpenID Connect provider."""

    ada: Account
    group: str
    site: Site
    mails: MailServer

    @property
    def deployment(self) -> Deployment:
        return self.site.deployment


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, MailServer]]:
    """One process with a mail relay and providers."""
    mails = MailServer()
    mails.start()
    with site(tmp_path_factory.mktemp("sources"), mails.settings) as found:
        yield found, mails
    mails.stop()


@pytest.fixture
def visit(place: tuple[Site, MailServer]) -> Visit:
    ada, grace = (Api(place[0].url).register() for _ in range(2))
    return Visit(ada, ada.group(grace), *place)


@dataclass
class Call:
    """What a request needs besides its address, and its answer."""

    body: Any = None
    status: int = 200
    places: dict[str, str] | None = None
    signed_in: bool = True
    holds: str = ""
    """A word of the answer, by which it is the right one."""
    form: tuple[bytes, str] | None = None
    """A file to send, and its content type."""


def register(visit: Visit) -> Call:
    name = f"u{uuid.uuid4().hex[:12]}"
    return Call({"username": name, "email": f"{name}@example.org", "password": PASSWORD}, 201, None, False, name)


def log_in(visit: Visit) -> Call:
    return Call({"username": visit.ada.username, "password": PASSWORD}, signed_in=False, holds="access_token")


def refresh(visit: Visit) -> Call:
    return Call({"refresh_token": visit.ada.refresh_token}, signed_in=False, holds="refresh_token")


def log_in_at_a_provider(visit: Visit) -> Call:
    """An app sent Ada to the provider and swaps the code that it got."""
    openid, verifier, redirect_uri = visit.site.openid, uuid.uuid4().hex * 2, callback(visit.site.url, "oidc")
    asked = {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": redirect_uri,
        "scope": "openid email",
        "state": "s",
        "nonce": "n",
        "code_challenge": create_s256_code_challenge(verifier),
        "code_challenge_method": "S256",
    }
    browser = Visitor(visit.site.url)
    code = query(browser.agree(f"{openid.issuer}/authorize?{urlencode(asked)}"))["code"]
    browser.close()
    body = {"provider": "oidc", "code": code, "redirect_uri": redirect_uri, "code_verifier": verifier, "nonce": "n"}
    return Call(body, signed_in=False, holds="access_token")


def ensure(visit: Visit) -> Call:
    database = Database(visit.deployment.database_url)
    database.change("UPDATE users SET role = 'admin' WHERE id = :id", id=visit.ada.id)
    return Call({"users": [{"id": "7001", "role": "buyer", "username": "Buyer 7001"}]}, holds="Buyer 7001")


def new_conversation(visit: Visit, row: Row) -> Call:
    kind = "room" if "rooms" in row.endpoint else "group"
    return Call({"kind": kind, "title": "Harbour"}, 201, holds="Harbour")


def forget(visit: Visit) -> Call:
    return Call({"email": f"{visit.ada.username}@example.org"}, 202, signed_in=False)


def reset(visit: Visit) -> Call:
    address = f"{visit.ada.username}@example.org"
    visit.ada.post("/auth/password/forgot", {"email": address}).must(202)
    token = visit.mails.wait_for(address, "Reset").token
    return Call({"token": token, "new_password": "quite another horse"}, 204, signed_in=False)


def history(visit: Visit) -> Call:
    visit.ada.say(visit.group, "Ahoy")
    return Call(places={"chat_type": "group", "chat_id": visit.group, "conversation_id": visit.group}, holds="Ahoy")


def in_the_group(**fields: Any) -> Callable[[Visit], Call]:
    return lambda visit: Call(places={"conversation_id": visit.group}, **fields)


def write(visit: Visit) -> Call:
    return Call({"conversation_id": visit.group, "content": "Ahoy", "role": "user"}, 201, holds="Ahoy")


def picture(visit: Visit) -> Call:
    headers = {"Content-Type": "image/png"}
    me = visit.ada.request("PUT", "/auth/me/avatar", headers=headers, data=PICTURE).must()
    return Call(places={"avatar_id": me["avatar_url"].split("/")[-2]}, signed_in=False, holds="WEBP")


def send_a_file(visit: Visit) -> Call:
    return Call(status=201, holds="harbour.txt", form=form(b"Ahoy", "harbour.txt"))


def get_a_file(visit: Visit) -> Call:
    upload = send_file(visit.ada, b"Ahoy", "harbour.txt").must(201)
    return Call(places={"upload_id": upload["id"], "name": "harbour.txt"}, holds="Ahoy")


def a_room(visit: Visit) -> Call:
    visit.ada.room(title="Harbour")
    return Call(holds="Harbour")


def plain(holds: str = "", *, signed_in: bool = True) -> Callable[[Visit], Call]:
    return lambda visit: Call(holds=holds, signed_in=signed_in)


CALLS: dict[str, Callable[..., Call]] = {
    "POST /auth/register": register,
    "POST /auth/login": log_in,
    "POST /auth/oauth2/login": log_in_at_a_provider,
    "POST /auth/token/refresh": refresh,
    "POST /auth/refresh": refresh,
    "POST /auth/logout": lambda visit: Call({}, 204),
    "GET /auth/me": lambda visit: Call(holds=visit.ada.username),
    "PUT /auth/me": lambda visit: Call({"display_name": "Ada of the Harbour"}, holds="Ada of the Harbour"),
    "POST /auth/password/forgot": forget,
    "POST /auth/password/reset": reset,
    "GET /conversations": lambda visit: Call(holds=visit.group),
    "POST /conversations": new_conversation,
    "GET /conversations/{conversation_id}": lambda visit: in_the_group(holds=visit.group)(visit),
    "PUT /conversations/{conversation_id}": in_the_group(body={"title": "Harbour"}, holds="Harbour"),
    "DELETE /conversations/{conversation_id}": in_the_group(status=204),
    "GET /conversations/{conversation_id}/messages": history,
    "GET /messages/{chat_type}/{chat_id}": history,
    "POST /messages": write,
    "GET /users": plain("display_name"),
    "GET /users/online": plain("items"),
    "POST /users/ensure": ensure,
    "GET /rooms": a_room,
    "GET /stats": plain("unread"),
    "GET /media/{avatar_id}/avatar.webp": picture,
    "POST /upload": send_a_file,
    "GET /media/{upload_id}/{name}": get_a_file,
    "GET /": plain("<!doctype html>", signed_in=False),
    "GET /docs": plain("<!doctype html>", signed_in=False),
    "GET /redoc": plain("<!doctype html>", signed_in=False),
    "GET /openapi.json": plain("/api/v1/messages", signed_in=False),
    "GET /info": plain("registration", signed_in=False),
    "GET /health": plain("ok", signed_in=False),
    "GET /health/db": plain("ok", signed_in=False),
    "GET /health/redis": plain("disabled", signed_in=False),
    "GET /metrics": plain("# HELP", signed_in=False),
}
"""How to call our endpoint, without its base, and what the answer holds."""


def request(visit: Visit, ours: str, call: Call) -> Answer:
    method, path = ours.split(" ")
    for name, value in (call.places or {}).items():
        path = path.replace(f"{{{name}}}", value)
    line = Line(visit.deployment.url)
    try:
        data, media_type = call.form or (None, "application/json")
        made = Request(method, path, body=call.body, data=data, media_type=media_type)
        return line.call(made, visit.ada.token if call.signed_in else None)
    finally:
        line.close()


@pytest.mark.parametrize("row", rows("Ready"), ids=str)
def test_every_endpoint_has_its_place(visit: Visit, row: Row):
    name = re.sub(r" /api(/v1)?/", " /", row.ours)
    assert name in CALLS, f"docs/sources.md names {row.ours}; say in CALLS how to call it"
    make = CALLS[name]
    call = make(visit, row) if make is new_conversation else make(visit)
    answer = request(visit, row.ours, call)
    assert answer.status == call.status, answer
    assert call.holds in str(answer.json), answer


def test_no_call_is_left_over():
    assert set(CALLS) == {re.sub(r" /api(/v1)?/", " /", row.ours) for row in rows("Ready")}


@pytest.mark.parametrize("row", rows("Not yet"), ids=str)
def test_what_is_not_built_is_refused(visit: Visit, row: Row):
    """Whoever builds it moves its row to the first table."""
    body = {"model": "demo", "title": "Harbour"} if "model" in row.endpoint else {}
    call = Call(body if row.ours.startswith("POST") else None)
    answer = request(visit, row.ours, call)
    if "model" in row.endpoint:
        errors = answer.error(422, "validation_failed")["errors"]
        assert [error["field"] for error in errors] == ["model"]
    else:
        answer.error(404, "not_found")
