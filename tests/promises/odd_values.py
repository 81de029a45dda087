"""Values that nobody expects, and what becomes of a valid payload when they are put into it."""

import random
import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Path = tuple[str | int, ...]

MEGABYTE = "m" * 2**20
TEXTS = [
    *("", " ", "\n", "0", "true", "null", "NaN", "%s%n{0}${x}", "'; DROP TABLE users; --", "../../etc/passwd", "<b>"),
    *(
        "\x00",
        "a\x00b",
        "\x07\x1b[31m",
        "\x1e",
        "\ud800",
        "\udc00\ud800 reversed",
        "half \udfff",
        "\uffff",
        "\U0010ffff",
    ),
    *("\u202eright to left", "\u2066isolated", "مرحبا", "\ufeff", "\u2028\u2029", "e" + "\u0301" * 3000, "ﷺ" * 200),
    *("👩‍👩‍👧‍👦" * 40, "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "İıſK", "\u200b", "x" * 257),
    *("00000000-0000-0000-0000-000000000000", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", "-" * 36, "٣" * 36),
]
NUMBERS = [
    *(0, -1, 1, 2, 2**31, -(2**31) - 1, 2**53, 2**63, -(2**63) - 1, 2**64, 10**90, 10**400),
    *(0.5, -0.0, 1.0, 1e308, 5e-324, float("nan"), float("inf"), float("-inf")),
]


def nested(depth: int, within: str) -> Any:
    value: Any = within
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    return value


THINGS = [
    *(None, True, False, [], {}, [[]], [None], [{}], {"": None}, {"a": {"b": {}}}, {"__proto__": {"ok": True}}),
    *({"_placeholder": True, "num": 0}, {"$ref": "#"}, nested(60, "deep"), nested(400, "deeper")),
    *({"\ud800": "\ud800"}, {"\x00": "\x00"}),
]
SMALL = [*TEXTS, *NUMBERS, *THINGS]
LARGE = [
    *(MEGABYTE, {MEGABYTE: 1}, "é" * 2**16, "\x00" * 2**16),
    *(list(range(5000)), {str(number): number for number in range(5000)}, [str(uuid.UUID(int=1))] * 2000),
]
BYTES = [b"", b"\x00\xff bytes", {"in": [b"bytes"]}]
"""Socket.IO sends them apart from the JSON."""


def sweep(good: Mapping[str, Any], fields: Iterable[str]) -> Iterator[list[Any]]:
    """The arguments of calls: every value in every field and place of a valid payload, and in place of it."""
    yield from ([], [None], [dict(good)] * 2, [dict(good), None], [[dict(good)]], [good | {"surprise": 1}])
    for value in SMALL + LARGE + BYTES:
        yield [value]
        yield [good | {"surprise": value}]
    for place in {*places(good), *((name,) for name in fields)}:
        yield [without(good, place)]
        for value in SMALL + LARGE + BYTES:
            yield [put(good, place, value)]


def scramble(good: Mapping[str, Any], chance: random.Random) -> list[Any]:
    """The arguments of one call, made of a valid payload by some changes of any kind, or none."""
    payload: Any = dict(good)
    for _ in range(chance.choice([0, 1, 1, 1, 2, 3])):
        place = chance.choice(places(payload) or [()])
        kind = chance.random()
        if kind < 0.2 and place:
            payload = without(payload, place)
        elif kind < 0.3 and isinstance(payload, dict):
            payload = payload | {text(chance): anything(chance)}
        else:
            payload = put(payload, place, anything(chance))
    if chance.random() < 0.02:
        payload = put(payload, chance.choice([(), *places(payload)]), chance.choice(LARGE))
    return [payload, *([anything(chance)] if chance.random() < 0.05 else [])]


def garble(packet: str, chance: random.Random) -> str:
    """A packet of which some characters are lost, doubled or others."""
    for _ in range(chance.randint(1, 5)):
        at = chance.randrange(len(packet) + 1)
        new = chance.choice(["", packet[at : at + 5] * 2, "[", "{", '"', ",", "-", "9", "\x00", "\ud7ff", text(chance)])
        packet = packet[:at] + new + packet[at + chance.randint(0, 5) :]
    return packet


def anything(chance: random.Random, depth: int = 0) -> Any:
    kind = chance.random()
    if kind < 0.25 and depth < 5:
        return [anything(chance, depth + 1) for _ in range(chance.randint(0, 4))]
    if kind < 0.5 and depth < 5:
        return {text(chance): anything(chance, depth + 1) for _ in range(chance.randint(0, 4))}
    if kind < 0.7:
        return text(chance)
    if kind < 0.85:
        return chance.choice([*NUMBERS, chance.randint(-(10**20), 10**20), chance.uniform(-1e9, 1e9)])
    return chance.choice(SMALL)


def text(chance: random.Random) -> str:
    """Of any characters, halves of surrogate pairs among them."""
    last = chance.choice([0x7F, 0x2FF, 0xFFFF, 0x10FFFF])
    return "".join(chr(chance.randint(0, last)) for _ in range(chance.randint(0, 40)))


def places(value: Any) -> list[Path]:
    """Where something can be changed: every key and index, to a depth of 4, at most 30 of one object or list."""
    return [*_places(value, ())]


def _places(value: Any, at: Path) -> Iterator[Path]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for number, (name, part) in enumerate(inside):
        if number < 30 and len(at) < 4:
            yield (*at, name)
            yield from _places(part, (*at, name))


def put(value: Any, place: Path, new: Any) -> Any:
    """A copy with something else in one place."""
    if not place:
        return new
    copy = value.copy()
    inner = put(copy[place[0]], place[1:], new) if len(place) > 1 else new
    copy[place[0]] = inner
    return copy


def without(value: Any, place: Path) -> Any:
    """A copy that lacks one place; `value` itself when it does not have it."""
    copy = value.copy()
    if len(place) > 1:
        copy[place[0]] = without(copy[place[0]], place[1:])
    elif isinstance(copy, list):
        del copy[place[0]]
    else:
        copy.pop(place[0], None)
    return copy
