"""A process hears a conversation only once Redis has confirmed that it does: what is said before that is not lost."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.services import deployment as deployments
from tests.services.api import Account, Api
from tests.services.deployment import Deployment
from tests.services.gate import Gate
from tests.services.postgres import Postgres
from tests.services.redis import Redis
from tests.services.server import Server
from tests.services.sockets import Socket, Sockets
from tests.services.waiting import eventually


class Town:
    """Two processes. What the second one says to Redis's bus passes a gate; Ada and Cleo have sockets, one at each."""

    def __init__(self, cluster: Deployment, second: Server, gate: Gate, sockets: Sockets) -> None:
        self.gate = gate
        assert cluster.redis
        self.redis = cluster.redis
        self.sockets = sockets
        self.first, self.second = cluster.url, second.url
        self.ada = Api(self.first).register()
        self.cleo = Api(self.second).register()
        self.at_first = self.open(self.first, self.ada)
        self.at_second = self.open(self.second, self.cleo)

    def open(self, url: str, person: Account) -> Socket:
        socket = self.sockets.connect(url, person.token)
        assert socket.connected, socket.events
        return socket

    def settles(self, group: str) -> bool:
        """Whether what is said there goes only to those who listen: not so for some seconds after somebody joined."""
        with self.redis.client() as client, client.pubsub() as everybody:
            everybody.subscribe("chatsphere", "end")
            said = self.ada.say(group, "Who hears this?")
            client.publish("end", said["id"])
            heard = list(iter(lambda: everybody.get_message(timeout=5)["data"], said["id"]))
            return not [text for text in heard if said["id"] in str(text)]

    def shut(self) -> None:
        """From here on Redis does not hear what the second process wants, though that hears what it wanted before."""
        self.gate.shut()

    def asks(self) -> bool:
        return b"SUBSCRIBE" in self.gate.held


@pytest.fixture(scope="module")
def parts(
    tmp_path_factory: pytest.TempPathFactory, postgres: Postgres, redis: Redis
) -> Iterator[tuple[Deployment, Server, Gate]]:
    directory = tmp_path_factory.mktemp("town")
    gate = Gate(redis.port)
    try:
        with deployments.cluster(directory, postgres, redis, size=1) as cluster:
            bus = f"redis://127.0.0.1:{gate.port}/0"
            second = Server(directory, {**cluster.settings, "BUS_URL": bus})
            try:
                second.start()
                yield cluster, second, gate
            finally:
                second.close()
    finally:
        gate.close()


@pytest.fixture
def town(parts: tuple[Deployment, Server, Gate], sockets: Sockets) -> Iterator[Town]:
    yield Town(*parts, sockets)
    parts[2].open()


def test_ready_waits_until_the_conversations_are_heard(town: Town):
    bob = Api(town.first).register()
    group = town.ada.group(bob)
    town.shut()
    socket = town.sockets.connect(town.second, bob.token, wait=False)
    eventually(town.asks)
    town.cleo.get("/conversations").must()
    assert not socket.received("ready")
    town.gate.open()
    socket.wait_for("ready")
    said = town.ada.say(group, "Heard at once")
    socket.wait_for("message", lambda message: message["id"] == said["id"])


def test_who_was_ready_before_the_conversations_are_heard_is_told_to_sync(town: Town):
    bob = Api(town.first).register()
    group = town.ada.group(bob)
    eventually(lambda: town.settles(group), timeout=20)
    town.shut()
    socket = town.open(town.second, bob)  # it waits two seconds and no more
    said = town.ada.say(group, "Perhaps nobody pushes this to the second process")
    town.gate.open()
    eventually(lambda: len(socket.received("ready")) == 2)
    answer = socket.do("sync", {"conversations": {group: said["change"] - 1}})
    assert [message["id"] for message in answer["messages"]] == [said["id"]]


def test_the_first_messages_of_a_new_conversation_are_pushed(town: Town):
    for number in range(20):
        group = town.ada.group(town.cleo)
        said = town.ada.say(group, str(number))
        town.at_second.wait_for("message", lambda message, said=said: message["id"] == said["id"])


def test_a_new_conversation_is_pushed_even_while_redis_has_not_confirmed_it(town: Town):
    town.shut()
    group = town.ada.group(town.cleo)
    eventually(town.asks)
    said = town.ada.say(group, "To everybody, for a moment")
    town.at_second.wait_for("message", lambda message: message["id"] == said["id"], timeout=1.5)


def test_what_was_said_before_a_new_conversation_is_heard_is_told_with_it(town: Town):
    """Also should the push be lost: the conversation is told once it is heard, and names its last change."""
    town.shut()
    group = town.ada.group(town.cleo)
    eventually(town.asks)
    town.at_first.wait_for("conversation_changed", lambda view: view["id"] == group)
    said = town.ada.say(group, "Something")
    town.gate.open()

    def tells(view: dict[str, Any]) -> bool:
        return view["id"] == group and view["last_change"] >= said["change"]

    def is_told() -> bool:
        """In time; or, should the machine have been too busy for that, told to sync."""
        views = town.at_second.received("conversation_changed")
        return any(map(tells, views)) or len(town.at_second.received("ready")) > 1

    eventually(is_told)
