"""A token that was verified once is not verified again: what that may not change."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from chat_app import create_app
from chat_app.auth import tokens
from chat_app.auth.tokens import make_access_token, read_token
from chat_app.errors import ChatError
from chat_app.settings import load_settings


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    directory: Path = tmp_path_factory.mktemp("tokens")
    settings = load_settings(_env_file=None, data_dir=directory, database_url="", redis_url="", secret_key="x" * 32)
    return create_app(settings, "command")


@pytest.fixture(autouse=True)
def context(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


def test_it_is_read_the_same_every_time():
    token = make_access_token("a-user", "a-session")
    assert read_token(token, "access") == read_token(token, "access")
    assert read_token(token, "access")["sid"] == "a-session"


def test_one_that_was_known_ends_with_its_time(monkeypatch: pytest.MonkeyPatch):
    token = make_access_token("a-user", "a-session")
    ends = read_token(token, "access")["exp"]
    monkeypatch.setattr("jwt.api_jwt.datetime", later(ends))
    monkeypatch.setattr(tokens.time, "time", lambda: float(ends))
    with pytest.raises(ChatError) as refused:
        read_token(token, "access")
    assert refused.value.code == "token_expired"


def later(moment: int) -> type:
    from datetime import datetime

    class Later(datetime):
        @classmethod
        def now(cls, tz=None):
            return cls.fromtimestamp(moment + 1, tz)

    return Later


def test_a_changed_one_is_not_the_known_one():
    token = make_access_token("a-user", "a-session")
    read_token(token, "access")
    forged = token[:-2] + ("AA" if not token.endswith("AA") else "BB")
    for _ in range(2):
        with pytest.raises(ChatError) as refused:
            read_token(forged, "access")
        assert refused.value.code == "unauthorized"


def test_a_known_one_is_still_no_refresh_token():
    token = make_access_token("a-user", "a-session")
    read_token(token, "access")
    with pytest.raises(ChatError):
        read_token(token, "refresh")


def test_the_oldest_is_forgotten_when_there_are_too_many(app: Flask, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tokens, "KNOWN_TOKENS", 3)
    app.extensions["known_tokens"].clear()
    for number in range(5):
        read_token(make_access_token("a-user", f"session-{number}"), "access")
    assert [one["sid"] for one in app.extensions["known_tokens"].values()] == ["session-2", "session-3", "session-4"]
