"""Cursors come back from clients: whatever they hold, it is the caller's mistake and never ours."""

import base64
import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_app.errors import ChatError
from chat_app.pagination import decode_cursor, encode_cursor


def packed(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@given(st.text(), st.integers(-(2**53) + 1, 2**53 - 1))
def test_what_was_encoded_is_decoded(text: str, number: int):
    assert decode_cursor(encode_cursor(text, number), str, int) == (text, number)


def test_a_cursor_fits_into_an_address():
    assert set(encode_cursor("ÿþ??>>", 1)) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@pytest.mark.parametrize(
    "cursor",
    [
        *("", "x", "!!!!", "====", "\x00", "ü", "🎉", "A" * 500),
        *map(packed, ({}, [], ["a"], ["a", 1, 2], [1, "a"], ["a", True], ["a", 1.0], ["a", None], "a", 1, None)),
        *map(packed, (["a", 2**53], ["a", -(2**70)], [["a"], 1])),
        base64.urlsafe_b64encode(b"[" * 300).decode(),
        base64.urlsafe_b64encode(b'["a", NaN]').decode(),
        base64.urlsafe_b64encode(b'["\xff", 1]').decode(),
        base64.urlsafe_b64encode(b'["a", ' + b"9" * 300 + b"]").decode(),
    ],
)
def test_what_is_not_ours_is_refused(cursor: str):
    with pytest.raises(ChatError) as told:
        decode_cursor(cursor, str, int)
    assert (told.value.code, told.value.errors[0]["field"]) == ("validation_failed", "cursor")


@given(st.text(max_size=500))
def test_any_text_is_refused_or_decoded(cursor: str):
    with contextlib.suppress(ChatError):
        assert [type(part) for part in decode_cursor(cursor, str, int)] == [str, int]
