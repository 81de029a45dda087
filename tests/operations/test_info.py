"""What a server tells of itself, and of one's own use."""

import uuid

from chat_app import __version__
from tests.operations.test_commands import create_admin
from tests.services.api import Account, Api
from tests.services.deployment import Deployment
from tests.services.people import People
from tests.services.waiting import eventually


def test_a_stranger_learns_what_a_client_needs(deployment: Deployment):
    info = Api(deployment.url).get("//info").must()
    assert info["name"] == "ChatSphere"
    assert info["version"] == __version__
    assert info["registration"] == "open"
    assert info["providers"] == []
    assert info["limits"]["message_length"] == 20_000
    for address in info["api"].values():
        assert Api(deployment.url).get(f"/{address}").status == 200
    assert Api(deployment.url).get("//health").must()["version"] == __version__


def test_everybody_sees_their_own_numbers(people: People):
    ada, bob = people.some(2)
    nothing = {"conversations": 0, "messages": 0, "unread": 0}
    assert ada.get("/stats").must() == nothing
    room = ada.group(bob)
    ada.private(bob)
    for number in range(3):
        ada.say(room, f"number {number}")
    bob.say(room, "one of mine")
    # What its sender has read is stored a moment later.
    eventually(lambda: bob.get("/stats").must() == {"conversations": 2, "messages": 1, "unread": 0})
    eventually(lambda: ada.get("/stats").must() == {"conversations": 2, "messages": 3, "unread": 1})
    Api(ada.url).get("/stats").error(401, "unauthorized")


def key_of(person: Account, scope: str) -> str:
    body = {"name": f"key {uuid.uuid4().hex[:6]}", "scopes": [scope]}
    return str(person.post("/auth/api-keys", body).must(201)["key"])


def test_who_runs_the_server_sees_its_numbers(deployment: Deployment):
    name, _, _ = create_admin(deployment)
    boss = Api(deployment.url).log_in(name, "a long password")
    before = boss.get("/stats").must()["server"]
    ada = Api(deployment.url).register()
    ada.say(ada.group(), "Hello")
    after = boss.get("/stats").must()["server"]
    assert after["users"] == before["users"] + 1
    assert after["conversations"] == before["conversations"] + 1
    assert after["messages"] == before["messages"] + 1
    assert after["online"] >= 0
    assert after["connections"] >= 0
    assert "server" not in ada.get("/stats").must()

    stranger = Api(deployment.url)
    assert "server" in stranger.get("/stats", headers={"X-API-Key": key_of(boss, "stats:read")}).must()
    assert "server" not in stranger.get("/stats", headers={"X-API-Key": key_of(ada, "stats:read")}).must()
    stranger.get("/stats", headers={"X-API-Key": key_of(ada, "people:read")}).error(403, "forbidden")
