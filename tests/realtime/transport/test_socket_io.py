"""The Socket.IO protocol, version 5: namespaces, events, acknowledgements, binary data, what is refused."""

import json
from typing import Any

import pytest

from chat_app.realtime.transport.client import MAX_RUNNING
from chat_app.realtime.transport.frames import TEXT
from tests.realtime.transport.conftest import Echo, Socket
from tests.realtime.transport.echo import CONNECT_TIMEOUT
from tests.realtime.transport.test_frames import frame
from tests.services.waiting import eventually


def connected(server: Echo, namespace: str = "/") -> Socket:
    socket = server.websocket()
    socket.receive()
    socket.send("40" if namespace == "/" else f"40{namespace},")
    confirmation, greeting = socket.received(2)
    prefix = "" if namespace == "/" else f"{namespace},"
    assert confirmation.startswith(f"40{prefix}{{")
    assert greeting == f'42{prefix}["auth",{{}}]'
    return socket


class TestConnect:
    @pytest.mark.parametrize(
        ("packet", "prefix", "auth"),
        [
            ("40", "", {}),
            ('40{"token":"123"}', "", {"token": "123"}),
            ("40/custom,", "/custom,", {}),
            ("40/custom", "/custom,", {}),
            ("40/custom?a=b,", "/custom,", {}),
            ('40/custom,{"token":"abc"}', "/custom,", {"token": "abc"}),
        ],
    )
    def test_what_the_handler_emits_comes_after_the_confirmation(
        self, socket_io: Echo, packet: str, prefix: str, auth: dict[str, str]
    ):
        socket = socket_io.websocket()
        socket.receive()
        socket.send(packet)
        confirmation, greeting = socket.received(2)
        assert confirmation.startswith("40" + prefix)
        assert list(json.loads(confirmation.removeprefix("40" + prefix))) == ["sid"]
        assert greeting == f"42{prefix}" + json.dumps(["auth", auth], separators=(",", ":"))

    def test_an_unknown_namespace_is_refused_with_an_error_object(self, socket_io: Echo):
        socket = socket_io.websocket()
        socket.receive()
        socket.send("40/random")
        assert socket.receive() == '44/random,{"message":"Invalid namespace"}'
        socket.send("40")
        assert socket.receive().startswith("40{")

    def test_who_is_refused_hears_only_that(self, socket_io: Echo):
        socket = socket_io.websocket()
        socket.receive()
        socket.send('40{"refuse":true}')
        assert socket.receive() == '44{"message":"Connection rejected by server"}'
        socket.send('42["message","x"]', "40")
        assert socket.receive().startswith("40{")

    def test_nobody_connects_twice(self, socket_io: Echo):
        socket = connected(socket_io)
        socket.send("40")
        assert socket.receive() == '44{"message":"Already connected"}'
        socket.send('42["message",1]')
        assert socket.receive() == '42["message-back",1]'

    def test_who_joins_no_namespace_is_ended(self, socket_io: Echo):
        socket = socket_io.websocket()
        assert socket.close_code() == 1000

    @pytest.mark.parametrize("packet", ['42["message",1]', "41", "430[]", "40null", '450-["message"]', b"x"])
    def test_a_connection_begins_with_connect_or_ends(self, socket_io: Echo, packet: Any):
        """ "If the server does not receive a CONNECT packet first, then it MUST close the connection immediately"."""
        socket = socket_io.websocket()
        socket.receive()
        socket.send(packet)
        assert socket.close_code() == 1002
        session = socket_io.session()
        session.post(packet if isinstance(packet, str) else "bAA==")
        assert session.poll().status == 400

    @pytest.mark.parametrize("packet", ["40/random,", '40{"refuse":true}'])
    def test_who_is_only_refused_is_ended_as_well(self, socket_io: Echo, packet: str):
        socket = socket_io.websocket()
        socket.receive()
        socket.send(packet)
        assert socket.receive().startswith("44")
        assert socket.close_code() == 1000

    def test_who_joins_in_time_stays(self, socket_io: Echo):
        socket = connected(socket_io)
        socket.send(f'421["sleep",{2 * CONNECT_TIMEOUT}]')
        assert socket.receive() == f"431[{2 * CONNECT_TIMEOUT}]"

    def test_a_handler_may_take_longer_to_accept(self, socket_io: Echo):
        socket = socket_io.websocket()
        socket.receive()
        socket.send(f'40{{"sleep":{1.5 * CONNECT_TIMEOUT}}}')
        assert socket.receive().startswith("40{")

    def test_by_polling_everything_is_the_same(self, socket_io: Echo):
        session = socket_io.session()
        session.post("40")
        received = session.poll().text
        while '42["auth",{}]' not in received:
            received += session.poll().text
        assert received.startswith("40{")
        session.post('4271["message-with-ack","x"]')
        assert session.poll().text == '4371["x"]'


class TestDisconnect:
    def test_the_connection_outlives_a_namespace(self, socket_io: Echo):
        socket = connected(socket_io)
        socket.send("40/custom,")
        assert socket.receive().startswith("40/custom,")
        assert socket.receive() == '42/custom,["auth",{}]'
        socket.send("41/custom,", '42/custom,["message",1]', '42["message","to the main one"]')
        assert socket.receive() == '42["message-back","to the main one"]'

    def test_one_may_come_back(self, socket_io: Echo):
        socket = connected(socket_io)
        socket.send("41", "40")
        assert socket.receive().startswith("40{")

    @pytest.mark.parametrize("seconds", [0, 0.2])
    def test_for_each_connect_there_is_a_disconnect_though_the_client_vanishes_meanwhile(
        self, socket_io: Echo, seconds: float
    ):
        def count() -> Any:
            asking.send('42/counted,1["count"]')
            return json.loads(asking.receive().removeprefix("43/counted,1"))[0]

        asking = connected(socket_io, "/counted")
        eventually(lambda: count() == 1)
        for _ in range(5):
            vanishing = socket_io.websocket()
            vanishing.receive()
            vanishing.send(f'40/counted,{{"sleep":{seconds}}}')
            if seconds:
                eventually(lambda: count() == 2)
            vanishing.link.shutdown()
            eventually(lambda: count() == 1)
        asking.link.close()


class TestEvents:
    @pytest.mark.parametrize("namespace", ["/", "/custom"])
    def test_arguments_come_back(self, socket_io: Echo, namespace: str):
        prefix = "" if namespace == "/" else f"{namespace},"
        socket = connected(socket_io, namespace)
        socket.send(f'42{prefix}["message",1,"2",{{"3":[true]}}]')
        assert socket.receive() == f'42{prefix}["message-back",1,"2",{{"3":[true]}}]'

    def test_an_acknowledgement_has_the_id_of_its_event(self, socket_io: Echo):
        socket = connected(socket_io)
        socket.send('42456["message-with-ack",1,"2",{"3":[false]}]')
        assert socket.receive() == '43456[1,"2",{"3":[false]}]'
        socket.send('420["message-with-ack"]')
        assert socket.receive() == "430[]"

    def test_binary_parts_follow_their_packet(self, socket_io: Echo):
        socket = connected(socket_io)
        parts = '{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}'
        for sent, answered in (
            (f'452-["message",{parts}]', f'452-["message-back",{parts}]'),
            (f'452-789["message-with-ack",{parts}]', f"462-789[{parts}]"),
        ):
            socket.send(sent, b"\x01\x02\x03", b"\x04\x05\x06")
            assert socket.received(3) == [answered, b"\x01\x02\x03", b"\x04\x05\x06"]

    def test_events_of_one_client_begin_in_order_and_do_not_wait_for_each_other(self, socket_io: Echo):
        socket = connected(socket_io)
        socket.send('421["sleep",0.2]', '422["sleep",0.1]', *(f'42["message",{number}]' for number in range(20)))
        assert socket.received(22) == [
            *(f'42["message-back",{number}]' for number in range(20)),
            "432[0.1]",
            "431[0.2]",
        ]

    def test_of_one_client_only_so_many_events_are_at_work_at_once(self, socket_io: Echo):
        """Though hundreds of them arrive in one piece; they all have their turn, in order."""
        socket = connected(socket_io, "/custom")
        socket.write(b"".join(frame(TEXT, b'42/custom,["work"]') for _ in range(400)))
        socket.send('42/custom,1["most"]')
        assert socket.receive() == f"43/custom,1[{MAX_RUNNING}]"

    def test_nor_does_a_client_that_polls_have_more(self, socket_io: Echo):
        session = socket_io.session()
        session.post("40/counted,")
        assert session.post("\x1e".join(['42/counted,["work"]'] * 400)).text == "ok"
        session.post('42/counted,1["most"]')
        received = session.poll().text
        while "43/counted" not in received:
            received += session.poll().text
        assert received.endswith(f"43/counted,1[{MAX_RUNNING}]")

    def test_a_handler_sees_who_asks_and_keeps_the_session(self, socket_io: Echo):
        socket = connected(socket_io, "/custom")
        for count in (1, 2):
            socket.send('42/custom,5["who"]')
            sid, namespace, event, seen = json.loads(socket.receive().removeprefix("43/custom,5"))
            assert (namespace, event, seen) == ("/custom", "who", count)
            assert len(sid) == 20

    def test_the_server_may_ask_while_it_handles_an_event(self, socket_io: Echo):
        socket = connected(socket_io)
        socket.send('427["ask",[1]]')
        assert socket.receive() == '421["question",[1]]'
        socket.send('431["an answer"]')
        assert socket.receive() == '437["an answer"]'

    def test_a_handler_that_fails_harms_nobody(self, socket_io: Echo):
        socket = connected(socket_io)
        socket.send('429["fail"]', '428["no such event"]', '42["message","after"]')
        assert socket.receive() == '42["message-back","after"]'


@pytest.mark.parametrize(
    "packet",
    [
        "4abc",
        "4",
        "47",
        "42",
        "42{}",
        "42[]",
        "42[1]",
        "42[null]",
        '42"message"',
        '42["message"',
        '42abc["message-with-ack"]',
        '421234567890123456["message-with-ack"]',
        '42["connect"]',
        '42["disconnect"]',
        '421-["message"]',
        '450-["message"]',
        '4511-["message"]',
        "40null",
        "41null",
        '45["message"]',
        '45-["message"]',
        '459999-["message"]',
        "43[]",
        "431{}",
        '40"token"',
        "40[1]",
        '41{"a":1}',
        '44{"message":"x"}',
        "42" + "[" * 40_000 + "]" * 40_000,
        b"\x00",
    ],
)
def test_what_is_no_packet_ends_the_connection(socket_io: Echo, packet: Any):
    socket = connected(socket_io)
    socket.send(packet)
    assert socket.close_code() == 1002
    connected(socket_io)


def test_text_in_the_place_of_an_attachment_ends_the_connection(socket_io: Echo):
    socket = connected(socket_io)
    socket.send('451-["message",{"_placeholder":true,"num":0}]', '42["message",1]')
    assert socket.close_code() == 1002


@pytest.mark.parametrize(
    "placeholder",
    ['{"_placeholder":true,"num":5}', '{"_placeholder":true,"num":"x"}', '{"_placeholder":true,"num":-1}'],
)
def test_a_placeholder_without_its_part_ends_the_connection(socket_io: Echo, placeholder: str):
    socket = connected(socket_io)
    socket.send(f'451-["message",{placeholder}]', b"x")
    assert socket.close_code() == 1002


def test_a_task_in_the_background_may_go_on_in_the_context_of_its_event(socket_io: Echo):
    socket = connected(socket_io)
    for seen in (1, 2):
        socket.send('42["later"]')
        event, *values = json.loads(socket.receive().removeprefix("42"))
        assert (event, values) == ("later-back", ["later", seen, "echo"])


def test_a_handler_sees_the_request_with_which_the_connection_began(socket_io: Echo):
    socket = connected(socket_io)
    socket.send('421["where"]')
    assert json.loads(socket.receive()[3:]) == ["/socket.io/", "4", None, "/static/x", "echo"]


def test_what_comes_right_before_the_end_still_happens(socket_io: Echo):
    """In one piece: an event, the end of the namespace, the end of the session, the end of the websocket."""
    listening, leaving = connected(socket_io), connected(socket_io)
    leaving.write(b"".join(frame(TEXT, text) for text in (b'42["everybody","farewell"]', b"41", b"1")) + frame(8))
    assert listening.receive() == '42["everybody","farewell"]'
