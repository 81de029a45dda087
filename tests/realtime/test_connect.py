"""What a socket is told when it opens."""

from concurrent.futures import ThreadPoolExecutor

from tests.services.people import People
from tests.services.sockets import Sockets


def test_ready_tells_who_one_is_and_until_when(people: People, sockets: Sockets):
    ada = people.one()
    ready = sockets.connect(ada.url, ada.token).wait_for("ready")
    assert sorted(ready) == ["epoch", "expires_at", "server_time", "session_id", "user_id"]
    assert ready["user_id"] == ada.id
    assert ready["server_time"] < ready["expires_at"]


def test_all_processes_name_the_same_epoch(people: People, sockets: Sockets):
    ada = people.one()
    readies = [sockets.connect(url, ada.token).wait_for("ready") for url in people.deployment.urls * 2]
    assert len({ready["epoch"] for ready in readies}) == 1
    assert len({ready["session_id"] for ready in readies}) == 1


def test_the_confirmation_comes_before_everything_else(people: People, sockets: Sockets):
    ada = people.one()
    urls = people.deployment.urls * 20
    with ThreadPoolExecutor(20) as pool:
        opened = list(pool.map(lambda url: sockets.connect(url, ada.token), urls[:20]))
    assert [[event.name for event in socket.events][:2] for socket in opened] == [["connect", "ready"]] * 20


def test_a_socket_hears_its_conversations_without_asking(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    chat = people.chat(grace)
    ada.say(group, "hello")
    assert chat.wait_for("message")["content"] == "hello"


def test_polling_works_as_websocket_does(people: People, sockets: Sockets):
    ada, grace = people.some(2)
    group = ada.group(grace)
    chat = sockets.connect(grace.url, grace.token, transports=["polling"])
    assert chat.do("sync", {})["conversations"][0]["id"] == group
    ada.say(group, "hello")
    assert chat.wait_for("message")["content"] == "hello"


def test_both_namespaces_share_one_connection(people: People, sockets: Sockets):
    ada, grace = people.some(2)
    ada.private(grace)
    chat = sockets.connect(ada.url, ada.token, forceNew=False)
    presence = sockets.connect(ada.url, ada.token, "/presence", forceNew=False)
    assert chat.do("sync", {})
    assert presence.do("watch", {"user_ids": [ada.id]})["presence"][0]["status"] == "online"
