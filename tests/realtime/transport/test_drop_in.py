"""In the place of `flask_socketio.SocketIO` in an application that knows nothing of chat, tested as such ones are: by
Flask-SocketIO's own test client. Each test also runs on the stock server, whose answers are the measure.
"""

from typing import Any

import pytest
from flask_socketio import SocketIOTestClient

from chat_app.realtime.transport import SocketIO
from tests.realtime.transport import plain


@pytest.fixture(params=["fast", "stock"])
def options(request: pytest.FixtureRequest) -> dict[str, Any]:
    return {"transport": request.param, "async_mode": "eventlet" if request.param == "fast" else "threading"}


class Plain:
    def __init__(self, options: dict[str, Any]) -> None:
        self.app, self.socketio = plain.create_app(options)

    def client(self, **options: Any) -> SocketIOTestClient:
        return self.socketio.test_client(self.app, **options)


@pytest.fixture
def site(options: dict[str, Any]) -> Plain:
    plain.left.clear()
    return Plain(options)


def names(client: SocketIOTestClient, namespace: str = "/") -> list[str]:
    return [event["name"] for event in client.get_received(namespace)]


def ready(site: Plain, **options: Any) -> SocketIOTestClient:
    client = site.client(**options)
    client.get_received(options.get("namespace"))
    return client


def values(client: SocketIOTestClient, name: str, namespace: str = "/") -> list[Any]:
    return [event["args"] for event in client.get_received(namespace) if event["name"] == name]


class TestLife:
    def test_a_client_is_connected_and_greeted_with_what_it_sent(self, site: Plain):
        client = site.client(query_string="?page=3", auth={"token": "t"})
        assert client.is_connected()
        assert values(client, "hello") == [[{"args": {"page": "3"}, "auth": {"token": "t"}}]]

    def test_the_test_client_may_be_made_by_itself(self, site: Plain):
        assert SocketIOTestClient(site.app, site.socketio).is_connected()

    def test_who_is_refused_is_not_connected(self, site: Plain):
        assert not site.client(auth={"refuse": 1}).is_connected()

    @pytest.mark.parametrize("namespace", ["/old", "/named", "/all", "/class"])
    def test_namespaces_come_and_go_on_their_own(self, site: Plain, namespace: str):
        client = ready(site)
        client.connect(namespace)
        assert client.is_connected(namespace)
        client.disconnect(namespace)
        assert not client.is_connected(namespace)
        assert client.emit("echo", 1, callback=True) == 1

    def test_handlers_hear_why_somebody_left_when_they_ask(self, site: Plain):
        client = ready(site)
        for namespace in ("/old", "/class"):
            client.connect(namespace)
        for namespace in ("/old", "/class", "/"):
            client.disconnect(namespace)
        assert plain.left == [("/old", ""), ("/class", "client disconnect"), ("/", "client disconnect")]

    def test_a_handler_disconnects_its_client_or_another(self, site: Plain):
        one, other = ready(site), ready(site)
        one.emit("put_out", other.emit("me", callback=True))
        assert (one.is_connected(), other.is_connected()) == (True, False)
        one.emit("leave")
        assert not one.is_connected()
        assert plain.left == [("/", "server disconnect")] * 2


class TestEvents:
    def test_messages_and_json_have_names_of_their_own(self, site: Plain):
        client = ready(site)
        client.send("text")
        client.send({"a": 1}, json=True)
        assert client.get_received() == [
            {"name": "message", "args": "text", "namespace": "/"},
            {"name": "json", "args": {"a": 1}, "namespace": "/"},
        ]

    @pytest.mark.parametrize(
        ("sent", "answer"),
        [((), []), ((None,), None), ((1, "two"), [1, "two"]), ((b"\0",), b"\0"), (([b"a"],), [b"a"])],
    )
    def test_what_a_handler_returns_is_the_acknowledgement(self, site: Plain, sent: tuple[Any], answer: Any):
        assert ready(site).emit("echo", *sent, callback=True) == answer

    def test_events_of_a_namespace_have_its_name_and_theirs(self, site: Plain):
        client = ready(site, namespace="/named")
        answer = client.emit("by_its_name", 1, namespace="/named", callback=True)
        assert answer == ["/named", "by_its_name", 1]
        assert client.emit("registered", 2, namespace="/named", callback=True) == 2

    def test_a_class_may_be_a_namespace(self, site: Plain):
        client = site.client(namespace="/class", auth={"a": 1})
        assert client.emit("ask", 2, namespace="/class", callback=True) == ["answer", 2]
        client.emit("unknown", namespace="/class")
        assert client.get_received("/class") == [
            {"name": "welcome", "args": [{"a": 1}], "namespace": "/class"},
            {"name": "asked", "args": [2], "namespace": "/class"},
            {"name": "message", "args": "sent", "namespace": "/class"},
        ]

    def test_a_star_stands_for_every_event(self, site: Plain):
        client = ready(site, namespace="/all")
        assert client.emit("whatever", 1, 2, namespace="/all", callback=True) == ["whatever", [1, 2]]

    def test_arguments_arrive_as_they_were_sent(self, site: Plain):
        client = ready(site)
        client.emit("several")
        assert client.get_received() == [
            {"name": "several", "args": [1, "two", b"three"], "namespace": "/"},
            {"name": "nested", "args": [{"list": [b"a", {"b": b"b"}], "none": None}], "namespace": "/"},
            {"name": "nothing", "args": [], "namespace": "/"},
        ]

    def test_errors_go_to_the_handler_of_their_namespace_or_to_the_default(self, site: Plain):
        client = ready(site)
        client.connect("/named")
        assert client.emit("fail", callback=True) == "handled"
        client.emit("fail", namespace="/named")
        assert values(client, "error") == [["home: at home, in fail"]]
        assert values(client, "error", "/named") == [["anywhere: elsewhere"]]

    def test_a_route_emits_to_everybody(self, site: Plain):
        clients = [ready(site) for _ in range(2)]
        assert site.app.test_client().get("/announce").text == "told"
        assert [values(client, "announced") for client in clients] == [[[{"by": "a route"}]]] * 2


class TestRooms:
    def test_they_are_joined_left_closed_and_listed(self, site: Plain):
        client = ready(site)
        assert client.emit("join", "a", callback=True) == ["a"]
        assert client.emit("join", "b", callback=True) == ["a", "b"]
        assert client.emit("quit", "a", callback=True) == ["b"]
        client.emit("close", "b")
        assert client.emit("join", "c", callback=True) == ["c"]

    @pytest.mark.parametrize("event", ["tell", "tell_outside"])
    @pytest.mark.parametrize(
        ("options", "heard"),
        [
            ({"to": "a"}, [1, 1, 0]),
            ({"room": "a"}, [1, 1, 0]),
            ({"to": ["a", "b"]}, [1, 1, 1]),
            ({"to": "a", "include_self": False}, [0, 1, 0]),
            ({"broadcast": True}, [1, 1, 1]),
            ({"broadcast": True, "include_self": False}, [0, 1, 1]),
            ({"to": "nobody"}, [0, 0, 0]),
            ({"to": "a", "namespace": "/named"}, [0, 0, 0]),
        ],
    )
    def test_an_emit_reaches_whom_it_names(self, site: Plain, event: str, options: dict[str, Any], heard: list[int]):
        clients = [ready(site) for _ in range(3)]
        for client, room in zip(clients, "aab", strict=True):
            client.emit("join", room)
        if event == "tell_outside":
            options = {name: value for name, value in options.items() if name != "broadcast"}
        clients[0].emit(event, {"value": [b"bytes", 1], **options})
        assert [len(values(client, "told")) for client in clients] == heard

    def test_some_may_be_skipped(self, site: Plain):
        clients = [ready(site) for _ in range(3)]
        sids = [client.emit("me", callback=True) for client in clients]
        clients[0].emit("tell_outside", {"skip_sid": sids[1]})
        clients[0].emit("tell_outside", {"skip_sid": sids[1:], "to": sids})
        assert [len(values(client, "told")) for client in clients] == [2, 0, 1]

    def test_without_a_room_only_the_sender_hears(self, site: Plain):
        one, other = ready(site), ready(site)
        one.emit("tell", {"value": "mine"})
        assert (values(one, "told"), values(other, "told")) == ([["mine"]], [])


class TestSessions:
    def test_by_default_a_connection_has_a_session_of_its_own(self, site: Plain):
        web = site.app.test_client()
        web.set_cookie("s", "ada")
        client = ready(site, flask_test_client=web)
        assert [client.emit("remember", value, callback=True) for value in (1, 2)] == [[], 1]
        assert ready(site, flask_test_client=web).emit("remember", 3, callback=True) == []
        assert web.get("/session").json == {}

    def test_or_shares_that_of_the_pages(self, options: dict[str, Any]):
        site = Plain({**options, "manage_session": False})
        web = site.app.test_client()
        web.set_cookie("s", "ada")
        client = ready(site, flask_test_client=web)
        assert [client.emit("remember", value, callback=True) for value in (1, 2)] == [[], 1]
        assert ready(site, flask_test_client=web).emit("remember", 3, callback=True) == 2
        assert web.get("/session").json == {"value": 3}


def test_an_application_without_a_factory_is_the_same(options: dict[str, Any]):
    from flask import Flask, json

    app = Flask(__name__)
    socketio = SocketIO(app, json=json, **options)

    @socketio.on("now")
    def now() -> Any:
        import datetime

        return datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC)

    try:
        assert socketio.test_client(app).emit("now", callback=True) == "Fri, 02 Jan 2026 00:00:00 GMT"
    finally:
        SocketIO(Flask(__name__), json=__import__("engineio").json, **options)  # what they use, they all use
