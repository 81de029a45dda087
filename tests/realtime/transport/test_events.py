"""The short way for usual events says the same as the general one, and leaves the others to it."""

import json
import random
from typing import Any

import pytest

from chat_app.realtime.transport import events, server
from chat_app.realtime.transport.frames import TEXT, FrameReader, encode_frame
from chat_app.realtime.transport.packets import MESSAGE, Packet

USUAL = [
    '2["message"]',
    '212["message",{"a":[1,2.5,null,true]},"é\\ud83d\\ude00"]',
    '2/chat,["message",12345678901234567890123]',
    '2/chat,0["message",{}]',
    '2/a/b,999999999999999[ "with space" ]',
]
OTHERS = [
    "",
    "2",
    "0",
    "2[]",
    "2[1]",
    "2{}",
    '2["a"',
    '2["a"] ',
    '2["a"]x',
    '2x["a"]',
    '2-1["a"]',
    '2\u0661["a"]',
    '21234567890123456["a"]',
    '2/chat["a"]',
    '2/chat?x=1,["a"]',
    '2/ch[at,["a"]',
    '251-["a",{"_placeholder":true,"num":0}]',
    '51-["a",{"_placeholder":true,"num":0}]',
    '3["a"]',
    "2[" * 100_000,
    f'2["a",{"9" * 5000}]',
]


@pytest.mark.parametrize("text", USUAL)
def test_a_usual_event_is_read_as_by_the_general_reader(text: str):
    packet = server.decode(text)
    assert events.decode_event(text) == (packet.namespace, packet.id, packet.data)


@pytest.mark.parametrize("text", OTHERS)
def test_what_is_unusual_is_left_to_the_general_reader(text: str):
    assert events.decode_event(text) is None


def test_whatever_the_short_way_reads_the_general_reader_reads_the_same():
    random.seed(5)
    for _ in range(20_000):
        text = random.choice(USUAL)
        for _ in range(random.randint(1, 3)):
            at = random.randrange(len(text) + 1)
            text = text[:at] + random.choice('[]{}",/?-0123a ') + text[at + random.randint(0, 1) :]
        short = events.decode_event(text)
        if short is not None:
            packet = server.decode(text)
            assert short == (packet.namespace, packet.id, packet.data)


@pytest.mark.parametrize("data", [["a", {"b": [1, 2.5, None, True, "é\n\x1e"]}], [], ["\u2028", -1, 2**63]])
def test_an_encoded_message_is_one_for_websockets_and_for_who_polls(data: Any):
    encoded = events.encode(3, data, "/chat", 7)
    assert encoded is not None
    assert encoded.text.startswith("43/chat,7[")
    assert json.loads(encoded.text[9:]) == data
    assert encoded.frame == encode_frame(TEXT, encoded.text.encode()) == Packet(MESSAGE, encoded.text[1:]).frame
    assert encoded.size == len(encoded.text.encode())


@pytest.mark.parametrize("data", [[b"bytes"], [{1: 2}], [2**70], ["\ud800"], [{"a", "b"}]])
def test_what_orjson_does_not_know_is_left_to_the_general_writer(data: Any):
    assert events.encode(2, data, "/", None) is None


def test_one_whole_text_frame_is_read_as_by_the_general_reader():
    random.seed(6)
    for _ in range(20_000):
        size = random.choice([0, 1, 5, 124, 125, 126, 127, 128, 133, 300])
        payload = bytes(random.choice(b"ab\xc3\xa9") for _ in range(size))
        data = bytearray(encode_frame(random.choice([TEXT, TEXT, TEXT, 0, 2, 8]), payload))
        data[1] |= random.choice([0x80, 0x80, 0x80, 0])
        start = 4 if size > 125 else 2
        data[start:start] = bytes(4)
        if random.random() < 0.2:
            data[random.randrange(2)] ^= 1 << random.randrange(8)
        text = FrameReader(200).whole_text(bytes(data))
        if text is not None:
            assert FrameReader(200).feed(bytes(data)) == [(TEXT, text)]


def test_a_frame_after_the_beginning_of_another_is_not_read_by_itself():
    reader, whole = FrameReader(1000), bytes.fromhex("818537fa213d7f9f4d5158")
    assert reader.whole_text(whole) == "Hello"
    assert reader.feed(whole[:3]) == []
    assert reader.whole_text(whole) is None
