"""With CHAT_TRANSPORT=stock the library's own server serves: the same events, the same answers."""

from collections.abc import Iterator

import pytest

from tests.services import deployment as deployments
from tests.services.deployment import Deployment
from tests.services.people import People
from tests.services.postgres import Postgres
from tests.services.redis import Redis
from tests.services.sockets import Sockets


@pytest.fixture(scope="module", params=["embedded", "cluster"])
def stock(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    directory, settings = tmp_path_factory.mktemp("stock"), {"CHAT_TRANSPORT": "stock"}
    if request.param == "embedded":
        with deployments.embedded(directory, settings) as deployment:
            yield deployment
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    redis: Redis = request.getfixturevalue("redis")
    with deployments.cluster(directory, postgres, redis, settings) as deployment:
        yield deployment


@pytest.fixture
def people(stock: Deployment, sockets: Sockets) -> People:
    return People(stock, sockets)


def test_messages_arrive_in_order_at_every_process(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    here, there = (people.chat(grace, url) for url in (people.deployment.urls[0], people.deployment.urls[-1]))
    sender = people.chat(ada)
    for number in range(20):
        sender.do("send_message", {"conversation_id": group, "client_msg_id": str(number), "content": str(number)})
    for socket in (here, there):
        socket.wait_for("message", lambda message: message["content"] == "19")
        assert [message["content"] for message in socket.received("message")] == list(map(str, range(20)))


def test_who_is_signed_out_hears_no_more(people: People):
    ada = people.one()
    chat = people.chat(ada, people.deployment.urls[-1])
    ada.post("/auth/logout", {"everywhere": True}).must(204)
    assert chat.wait_for("session_ended")["code"] == "logged_out"


def test_a_wrong_token_is_refused(stock: Deployment, sockets: Sockets):
    error = sockets.connect(stock.url, "no token").connect_error
    assert error["code"] == "unauthorized"


def test_an_unknown_event_is_answered(people: People):
    assert people.chat(people.one()).refused("no_such_event", {})["code"] == "unknown_event"
