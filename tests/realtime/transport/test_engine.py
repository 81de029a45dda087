"""The Engine.IO protocol, version 4: sessions by polling and as websockets, the heartbeat, the upgrade."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.client import HTTPConnection

import pytest
import websocket

from chat_app.realtime.transport.client import PROBED_POLL
from chat_app.realtime.transport.frames import TEXT
from tests.realtime.transport.conftest import PATIENCE, Echo, Session
from tests.realtime.transport.echo import MAX_SIZE, PING_INTERVAL, PING_TIMEOUT
from tests.realtime.transport.test_frames import frame
from tests.services.waiting import eventually


@contextmanager
def half_posted(session: Session, body: bytes, sent: int) -> Iterator[HTTPConnection]:
    """A request of whose body `sent` bytes have arrived; at the end its connection closes."""
    with closing(HTTPConnection("127.0.0.1", session.server.port, timeout=PATIENCE)) as connection:
        connection.putrequest("POST", f"{session.server.path}?{session.query}")
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body[:sent])
        eventually(lambda: "posting" in session.state(), interval=0.01)
        yield connection


def post_in_chunks(session: Session, *chunks: bytes) -> int:
    with closing(HTTPConnection("127.0.0.1", session.server.port, timeout=PATIENCE)) as connection:
        url = f"{session.server.path}?{session.query}"
        connection.request("POST", url, iter(chunks), {"Transfer-Encoding": "chunked"}, encode_chunked=True)
        return connection.getresponse().status


POLLING, WEBSOCKET = "EIO=4&transport=polling", "EIO=4&transport=websocket"


class TestHandshake:
    def test_a_session_opens_by_polling(self, engine: Echo):
        answer = engine.request("GET", POLLING)
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/plain; charset=UTF-8"
        assert answer.text[0] == "0"
        opening = json.loads(answer.text[1:])
        assert isinstance(opening.pop("sid"), str)
        assert opening == {
            "upgrades": ["websocket"],
            "pingInterval": PING_INTERVAL * 1000,
            "pingTimeout": PING_TIMEOUT * 1000,
            "maxPayload": MAX_SIZE,
        }

    def test_a_session_opens_as_a_websocket(self, engine: Echo):
        opening = engine.websocket().receive()
        assert opening[0] == "0"
        assert json.loads(opening[1:])["upgrades"] == []

    def test_no_two_sessions_have_one_name(self, engine: Echo):
        assert len({engine.session().sid for _ in range(20)}) == 20

    @pytest.mark.parametrize(
        ("method", "query", "code"),
        [
            ("GET", "transport=polling", 5),
            ("GET", "EIO=abc&transport=polling", 5),
            ("GET", "EIO=3&transport=polling", 5),
            ("GET", "EIO=4", 0),
            ("GET", "EIO=4&transport=abc", 0),
            ("GET", "EIO=4&transport=", 0),
            ("GET", f"{POLLING}&sid=nobody", 1),
            ("POST", f"{POLLING}&sid=nobody", 1),
            ("GET", WEBSOCKET, 3),
            ("POST", POLLING, 2),
            ("PUT", POLLING, 2),
            ("DELETE", POLLING, 2),
        ],
    )
    def test_what_is_no_handshake_is_refused(self, engine: Echo, method: str, query: str, code: int):
        answer = engine.request(method, query)
        assert answer.status == 400
        assert json.loads(answer.text)["code"] == code

    @pytest.mark.parametrize(
        "query", ["transport=websocket", "EIO=abc&transport=websocket", "EIO=4&transport=abc", POLLING]
    )
    def test_what_is_no_handshake_is_refused_a_websocket_too(self, engine: Echo, query: str):
        with pytest.raises(websocket.WebSocketBadStatusException) as refused:
            engine.websocket(query)
        assert refused.value.status_code == 400

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({"Sec-WebSocket-Version": "12"}, 426),
            ({"Sec-WebSocket-Key": "c2hvcnQ="}, 400),
            ({"Sec-WebSocket-Key": "not base64!"}, 400),
            ({"Connection": "close"}, 400),
        ],
    )
    def test_a_websocket_needs_version_key_and_connection(self, engine: Echo, headers: dict[str, str], status: int):
        good = {
            "Upgrade": "websocket",
            "Connection": "keep-alive, Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        }
        answer = engine.request("GET", WEBSOCKET, **(good | headers))
        assert answer.status == status
        if status == 426:
            assert answer.headers["Sec-WebSocket-Version"] == "13"


class TestPolling:
    def test_packets_come_and_go_several_at_a_time(self, engine: Echo):
        session = engine.session()
        for body in ("4hello", "4test1\x1e4test2\x1e4test3", "4hello\x1ebAQIDBA==", "4\u20ac \U0001f600"):
            answer = session.post(body)
            assert (answer.status, answer.text) == (200, "ok")
            assert session.poll().text == body

    @pytest.mark.parametrize(
        "body", ["abc", "", "7x", "b???", "4a\x1e", b"4\xff", "2", "2probe", "5", "0", "6", "4\x1e" * 2000]
    )
    def test_what_is_no_packet_ends_the_session(self, engine: Echo, body: str):
        session = engine.session()
        assert session.post(body).status == 400
        assert session.poll().status == 400

    def test_too_much_is_refused_and_ends_the_session(self, engine: Echo):
        session = engine.session()
        assert session.post("4" + "x" * MAX_SIZE).status == 413
        assert session.poll().status == 400

    def test_two_polls_at_a_time_end_the_session(self, engine: Echo):
        session = engine.session()
        with ThreadPoolExecutor(2) as threads:
            first = threads.submit(session.poll)
            eventually(session.is_polled, interval=0.01)
            second = threads.submit(session.poll)
        assert (first.result().status, first.result().text) == (200, "1")
        assert second.result().status == 400
        assert session.poll().status == 400

    def test_a_client_that_closes_ends_its_poll(self, engine: Echo):
        session = engine.session()
        with ThreadPoolExecutor(1) as threads:
            poll = threads.submit(session.poll)
            eventually(session.is_polled, interval=0.01)
            assert session.post("1").status == 200
        assert (poll.result().status, poll.result().text) == (200, "6")
        assert session.poll().status == 400

    def test_a_client_that_gives_up_its_poll_ends_the_session(self, engine: Echo):
        """Engine.IO 4 does not say so; the reference implementation and its conformance suite do."""
        session = engine.session()
        session.waiting_poll().close()
        eventually(lambda: session.state() == "ended", timeout=PING_INTERVAL, interval=0.01)
        assert session.poll().status == 400

    def test_a_client_that_sends_its_next_request_before_the_answer_has_not_gone(self, engine: Echo):
        session = engine.session()
        with closing(session.waiting_poll()) as poll:
            poll.sock.sendall(f"GET /sessions/{session.sid} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            session.post("4first")
            assert poll.getresponse().read() == b"4first"
        assert session.poll().status == 200

    def test_two_requests_with_packets_at_a_time_end_the_session(self, engine: Echo):
        session = engine.session()
        with closing(session.waiting_poll()) as poll, half_posted(session, b"4hello", 3) as post:
            assert session.post("4other").status == 400
            assert poll.getresponse().read() == b"1"
            assert session.poll().status == 400
            post.sock.sendall(b"llo")
        assert session.state() == "ended"

    def test_of_a_request_that_is_cut_off_nothing_counts(self, engine: Echo):
        session = engine.session()
        with closing(session.waiting_poll()) as poll:
            with half_posted(session, b"4hello\x1e4world", 6):
                pass
            assert poll.getresponse().read() == b"1"
        assert session.poll().status == 400

    def test_packets_may_come_in_chunks_whose_length_is_not_told_before(self, engine: Echo):
        session = engine.session()
        assert post_in_chunks(session, b"4one\x1e4t", b"wo") == 200
        assert session.poll().text == "4one\x1e4two"
        assert post_in_chunks(session, b"4", b"x" * MAX_SIZE) == 413
        assert session.poll().status == 400

    def test_another_method_is_refused(self, engine: Echo):
        session = engine.session()
        assert engine.request("PUT", session.query).status == 400
        assert engine.request("OPTIONS", session.query).status == 200


class TestHeartbeat:
    def test_who_answers_pings_stays(self, engine: Echo):
        session = engine.session()
        for _ in range(3):
            assert session.poll().text == "2"
            assert session.post("3").status == 200
        socket = engine.websocket()
        socket.receive()
        for _ in range(3):
            assert socket.receive() == "2"
            socket.send("3")

    def test_who_does_not_is_ended(self, engine: Echo):
        session, socket = engine.session(), engine.websocket()
        began = time.monotonic()
        assert socket.received(3)[1:] == ["2", 1000]
        assert PING_INTERVAL + PING_TIMEOUT - 0.1 < time.monotonic() - began < 2
        assert session.poll().status == 400

    def test_a_pong_that_nobody_asked_for_changes_nothing(self, engine: Echo):
        socket = engine.websocket()
        socket.receive()
        socket.send("3", "3", "3")
        assert socket.receive() == "2"
        socket.send("3")
        assert socket.receive() == "2"


class TestWebsocket:
    def test_text_and_binary_come_back(self, engine: Echo):
        socket = engine.websocket()
        socket.receive()
        for message in ("4hello", bytes([1, 2, 3, 4]), b"", "4", "4\u20ac \U0001f600", "4" + "x" * 70_000):
            socket.send(message)
            assert socket.receive() == message

    @pytest.mark.parametrize("message", ["abc", "", "7", "2", "2probe", "5", "0", "6"])
    def test_what_is_no_packet_ends_the_session(self, engine: Echo, message: str):
        socket = engine.websocket()
        socket.receive()
        socket.send(message)
        assert socket.close_code() == 1002

    def test_a_client_closes_by_packet_or_by_frame(self, engine: Echo):
        socket = engine.websocket()
        socket.receive()
        socket.send("1")
        assert socket.close_code() == 1000
        socket = engine.websocket()
        socket.receive()
        socket.link.send_close(3001)
        assert socket.close_code() == 3001
        assert socket.receive() is None

    def test_what_comes_after_an_invalid_packet_is_not_answered(self, engine: Echo):
        socket = engine.websocket()
        socket.receive()
        socket.send("4one", "abc", "4two")
        assert socket.received(2) == ["4one", 1002]


class TestUpgrade:
    def test_a_session_goes_from_polling_to_a_websocket(self, engine: Echo):
        session = engine.session()
        socket = session.upgrade()
        socket.send("2probe")
        assert socket.receive() == "3probe"
        socket.send("5", "4hello")
        assert socket.receive() == "4hello"

    def test_a_waiting_poll_ends_with_the_probe(self, engine: Echo):
        session = engine.session()
        with ThreadPoolExecutor(1) as threads:
            poll = threads.submit(session.poll)
            eventually(session.is_polled, interval=0.01)
            socket = session.upgrade()
            socket.send("2probe")
            assert socket.receive() == "3probe"
            assert poll.result().text == "6"

    def test_nothing_is_lost_or_out_of_order_on_the_way(self, engine: Echo):
        session = engine.session()
        session.post("4one")
        socket = session.upgrade()
        session.post("4two")
        socket.send("2probe")
        session.post("4three")
        assert socket.receive() == "3probe"
        socket.send("5", "4four")
        assert socket.received(4) == ["4one", "4two", "4three", "4four"]

    def test_requests_after_the_upgrade_are_refused_and_harm_nothing(self, engine: Echo):
        session = engine.session()
        socket = session.upgrade()
        socket.send("2probe", "5")
        assert socket.receive() == "3probe"
        assert [session.poll().status, session.post("4x").status] == [400, 400]
        assert session.upgrade().close_code() == 1008
        socket.send("4hello")
        assert socket.receive() == "4hello"

    @pytest.mark.parametrize("messages", [["5"], ["4x"], ["2probe", "4x"], [b"x"]])
    def test_another_order_ends_the_attempt_but_not_the_session(self, engine: Echo, messages: list[str]):
        session = engine.session()
        socket = session.upgrade()
        socket.send(*messages)
        assert socket.close_code() == 1002
        session.post("4still here")
        assert session.poll().text == "4still here"

    def test_a_websocket_that_goes_before_the_upgrade_leaves_the_session(self, engine: Echo):
        session = engine.session()
        session.upgrade().link.close()
        second = session.upgrade()
        second.send("2probe", "5")
        assert second.receive() == "3probe"

    def test_of_two_websockets_at_a_time_the_second_is_closed(self, engine: Echo):
        """Closed, not refused: "the server MUST close the WebSocket connection"."""
        session = engine.session()
        first = session.upgrade()
        assert session.upgrade().close_code() == 1008
        first.send("2probe", "5")
        assert first.receive() == "3probe"

    def test_until_the_probe_polls_wait_as_ever(self, engine: Echo):
        session = engine.session()
        session.upgrade()
        with closing(session.waiting_poll()) as poll:
            session.post("4hello")
            assert poll.getresponse().read() == b"4hello"

    def test_after_the_probe_they_are_answered_soon_but_not_in_a_loop(self, engine: Echo):
        session = engine.session()
        socket = session.upgrade()
        socket.send("2probe")
        assert socket.receive() == "3probe"
        began = time.monotonic()
        assert session.poll().text == "6"
        assert PROBED_POLL <= time.monotonic() - began < PING_INTERVAL

    def test_a_poll_that_the_upgrade_overtakes_is_refused(self, engine: Echo):
        session = engine.session()
        socket = session.upgrade()
        with closing(session.waiting_poll()) as poll:
            socket.write(frame(TEXT, b"2probe") + frame(TEXT, b"5"))
            assert poll.getresponse().status == 400
        socket.send("4hello")
        assert socket.received(2) == ["3probe", "4hello"]
