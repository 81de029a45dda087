"""P28: secrets never stand in logs, addresses or errors; pages of foreign origins open no socket."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

import psycopg
import pytest
import websocket
from psycopg import sql

from tests.services import deployment as deployments
from tests.services.api import Account, Answer, Api
from tests.services.deployment import Deployment
from tests.services.postgres import Postgres
from tests.services.process import free_port
from tests.services.redis import Redis
from tests.services.sockets import Sockets
from tests.services.waiting import eventually

pytestmark = pytest.mark.promise("P28")

FOREIGN = ("https://foe.example", "null", "http://127.0.0.1.foe.example")
HANDSHAKE = "socket.io/?EIO=4&transport"
MALFORMED = '{{"username": "ada", "password": "{}"'
"""A body that breaks off."""


def secret(prefix: str = "") -> str:
    return f"{prefix}{uuid.uuid4().hex}"


@pytest.fixture(scope="module")
def configured() -> dict[str, str]:
    """The secrets among the settings."""
    names = ("SECRET_KEY", "METRICS_TOKEN", "GOOGLE_CLIENT_SECRET", "database", "redis", "smtp")
    return {name: secret() for name in names}


@pytest.fixture(scope="module")
def watched(
    tmp_path_factory: pytest.TempPathFactory, postgres: Postgres, configured: dict[str, str]
) -> Iterator[Deployment]:
    """A process and a worker that say all they can, with secrets wherever one can be configured."""
    directory = tmp_path_factory.mktemp("watched")
    redis = Redis(directory)
    redis.start()
    with redis.client() as client:
        client.config_set("requirepass", configured["redis"])
    database = deployments.fresh_database(postgres, directory)
    scheme, _, rest = database.partition("://")
    user, _, place = rest.partition("@")
    settings = {
        "DATABASE_URL": f"{scheme}://{user.partition(':')[0]}:{configured['database']}@{place}",
        "REDIS_URL": redis.url.replace("//", f"//:{configured['redis']}@"),
        "SMTP_URL": f"smtp://mailer:{configured['smtp']}@127.0.0.1:{free_port()}",
        "SECRET_KEY": configured["SECRET_KEY"],
        "METRICS_TOKEN": configured["METRICS_TOKEN"],
        "GOOGLE_CLIENT_ID": "chatsphere",
        "GOOGLE_CLIENT_SECRET": configured["GOOGLE_CLIENT_SECRET"],
        "LOG_LEVEL": "DEBUG",
    }
    try:
        with deployments.cluster(directory, postgres, redis, settings, size=1) as deployment:
            yield deployment
    finally:
        redis.close()
        postgres.drop_database(database)


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


@dataclass
class Confidant:
    """Knows every secret that was used, and looks for them in each answer that may not hold one."""

    api: Api
    secrets: set[str]
    calls: int = field(default=0)

    def new(self, prefix: str = "") -> str:
        made = secret(prefix)
        self.secrets.add(made)
        return made

    def learn(self, person: Account) -> Account:
        """The signature is what makes a token one: not even that alone may be written."""
        for token in (person.token, person.refresh_token):
            self.secrets |= {token, token.rpartition(".")[2]}
        self.secrets.add(person.password)
        return person

    def refused(self, answer: Answer) -> None:
        self.calls += 1
        assert answer.status >= 400, answer
        self.look_in(json.dumps(answer.json) + str(list(answer.headers.items())))

    def follow(self, path: str) -> None:
        """A browser goes there: neither where it is sent nor what it is told holds a secret."""
        self.calls += 1
        try:
            with build_opener(_NoRedirects).open(Request(self.api.url + path), timeout=10) as answer:
                self.look_in(str(answer.headers) + answer.read().decode())
        except HTTPError as error:
            with error:
                self.look_in(str(error.headers) + error.read().decode())

    def look_in(self, text: str) -> None:
        found = {told for told in self.secrets if told in text}
        assert not found, text


def accounts(confidant: Confidant) -> Account:
    """Registering, logging in, refreshing, wrong passwords, a token that is used twice."""
    api = confidant.api
    ada = confidant.learn(api.register(password=confidant.new()))
    for body in (
        {"username": confidant.new(), "password": [confidant.new()]},
        {"username": "ada", "email": "not an address", "password": confidant.new()},
        {"username": "ada", "password": confidant.new(), "hint": confidant.new()},
    ):
        confidant.refused(api.post("/auth/register", body))
    confidant.refused(api.request("POST", "/auth/login", data=MALFORMED.format(confidant.new()).encode()))
    for name in (ada.username, "nobody"):
        confidant.refused(api.post("/auth/login", {"username": name, "password": confidant.new()}))
    second = confidant.learn(ada.second_device())
    pair = api.post("/auth/refresh", token=second.refresh_token, headers={"Idempotency-Key": confidant.new()}).must()
    confidant.learn(Account.of(api.url, pair, ada.password))
    confidant.refused(api.post("/auth/refresh", {"refresh_token": second.refresh_token}))
    confidant.refused(api.get("/auth/me", token=pair["access_token"]))
    wrong = {"current_password": confidant.new(), "new_password": confidant.new()}
    confidant.refused(ada.post("/auth/password", wrong))
    changed = {"current_password": ada.password, "new_password": confidant.new()}
    ada.post("/auth/password", changed).must(204)
    api.post("/auth/password/forgot", {"email": f"{ada.username}@example.org"}).must(202)
    forged = {"token": confidant.new(), "new_password": confidant.new()}
    confidant.refused(api.post("/auth/password/reset", forged))
    confidant.refused(api.post("/auth/email/verify", {"token": confidant.new()}))
    return ada


def keys_and_addresses(confidant: Confidant, ada: Account, metrics_token: str) -> None:
    """API keys, forged tokens, tokens in addresses, providers."""
    api = confidant.api
    key = ada.post("/auth/api-keys", {"name": "robot", "scopes": ["profile:read"]}).must(201)["key"]
    confidant.secrets.add(key)
    api.get("/auth/me", headers={"X-API-Key": key}).must()
    confidant.refused(api.get("/stats", headers={"X-API-Key": key}))
    confidant.refused(api.get("/auth/me", headers={"X-API-Key": confidant.new("cs_")}))
    confidant.refused(api.get("/auth/me", token=f"{confidant.new('eyJ')}.e30.{confidant.new()}"))
    confidant.refused(api.get("/auth/me", headers={"Authorization": f"Basic {confidant.new()}"}))
    confidant.refused(api.get("//metrics", token=confidant.new()))
    assert api.get("//metrics", token=metrics_token).status == 200
    for name in ("access_token", "token_", "jwt", "api_key"):
        confidant.refused(api.get("/auth/me", **{name: ada.token}))
    confidant.refused(ada.get("/users", limit=confidant.new()))
    api.get(f"//nothing/{ada.token}").error(404, "not_found")
    code, state = confidant.new(), confidant.new()
    confidant.follow(f"/api/v1/auth/oauth2/google/callback?code={code}&state={state}")
    login = {"provider": "google", "code": code, "redirect_uri": "https://foe.example", "code_verifier": state * 2}
    confidant.refused(api.post("/auth/oauth2/login", login))


def through_sockets(confidant: Confidant, ada: Account, sockets: Sockets) -> None:
    """Tokens that are good, bad, in the wrong place and in packets that are none."""
    chat = sockets.connect(ada.url, ada.token)
    assert chat.connected
    for token in (ada.refresh_token, confidant.new(), confidant.new("eyJ") + ".e30.x"):
        refused = sockets.connect(ada.url, token)
        assert not refused.connected
        confidant.look_in(json.dumps(refused.connect_error))
    for event, payload in (
        ("authenticate", {"token": confidant.new()}),
        ("authenticate", {"token": ada.token, "again": confidant.new()}),
        ("typing", {"conversation_id": confidant.new(), "on": ada.token}),
        ("nothing", {"password": confidant.new()}),
    ):
        confidant.look_in(json.dumps(chat.refused(event, payload)))
    raw = websocket.create_connection(f"{ada.url.replace('http', 'ws')}/{HANDSHAKE}=websocket", timeout=10)
    for packet in (f'40/chat,{{"token": "{confidant.new()}', f"9{ada.token}", f'42/chat,["x", {confidant.new()}'):
        raw.send(packet)
    raw.close()


def while_the_database_is_away(confidant: Confidant, ada: Account, sockets: Sockets, url: str) -> str:
    """Nobody may connect to it for a moment. Returns the id under which a socket was told so."""
    name = url.rpartition("/")[2].partition("?")[0]
    allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    chat = sockets.connect(ada.url, ada.token)
    with psycopg.connect(url.replace("+psycopg", "").replace(f"/{name}", "/postgres"), autocommit=True) as server:
        server.execute(allow.format(sql.Identifier(name), sql.SQL("false")))
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        try:
            refusal = chat.refused("sync", {"epoch": "x", "conversations": {}})
            confidant.refused(ada.get("/auth/me"))
            login = {"username": ada.username, "password": confidant.new()}
            confidant.refused(confidant.api.post("/auth/login", login))
        finally:
            server.execute(allow.format(sql.Identifier(name), sql.SQL("true")))
    assert refusal["code"] == "unavailable"
    eventually(lambda: ada.get("/auth/me").status == 200)
    return str(refusal["request_id"])


def test_no_log_and_no_error_holds_a_secret(
    watched: Deployment, configured: dict[str, str], sockets: Sockets, figure: Any
):
    confidant = Confidant(Api(watched.url), set(configured.values()))
    ada = accounts(confidant)
    keys_and_addresses(confidant, ada, configured["METRICS_TOKEN"])
    through_sockets(confidant, ada, sockets)
    told = while_the_database_is_away(confidant, ada, sockets, watched.settings["DATABASE_URL"])

    web, worker = watched.servers[0].log, watched.worker.log if watched.worker else Path()
    eventually(lambda: f"[{told}]" in web.read_text())
    eventually(lambda: "mail.password_reset" in worker.read_text() and "127.0.0.1" in worker.read_text())
    lines = 0
    for path in (web, worker):
        text = path.read_text()
        lines += text.count("\n")
        for number, line in enumerate(text.splitlines(), 1):
            for used in confidant.secrets:
                assert used not in line, f"{path.name}, line {number}: {line}"
    assert "[redacted]" in web.read_text()
    figure(f"{len(confidant.secrets)} secrets, {confidant.calls} refusals, {lines} log lines of two processes: none")


def handshake(url: str, transport: str, origin: str) -> int:
    """The status that a handshake from a page of this origin is answered with."""
    if transport == "polling":
        return Api(url).get("//socket.io/", EIO=4, transport="polling", headers={"Origin": origin}).status
    try:
        address = f"{url.replace('http', 'ws')}/{HANDSHAKE}=websocket"
        websocket.create_connection(address, origin=origin, timeout=10).close()
    except websocket.WebSocketBadStatusException as refusal:
        return int(refusal.status_code)
    return 200


def test_pages_of_foreign_origins_open_no_socket_and_make_no_calls(watched: Deployment, figure: Any):
    api = Api(watched.url)
    for transport in ("polling", "websocket"):
        assert handshake(watched.url, transport, watched.url) == 200
        for origin in FOREIGN:
            assert handshake(watched.url, transport, origin) == 400
    addresses = [address for address in api.get("//openapi.json").must()["paths"] if "{" not in address]
    for address in addresses:
        for origin in FOREIGN:
            headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
            answer = api.request("OPTIONS", f"/{address}", headers=headers)
            assert not [name for name in answer.headers if name.lower().startswith("access-control-")], address
    figure(f"{len(FOREIGN)} foreign origins: no handshake on 2 transports, no preflight at {len(addresses)} addresses")
