"""How an OpenID Connect issuer is found, and what its document may not do."""

from collections.abc import Iterator

import pytest
from authlib.integrations.flask_client import OAuth
from flask import Flask

from chat_app.errors import ChatError
from chat_app.oauth.openid import METADATA_LIFE, openid
from chat_app.oauth.provider import Provider
from chat_app.settings import Settings
from tests.services.openid import OpenId
from tests.services.openid import openid as issuer


@pytest.fixture
def at_issuer() -> Iterator[OpenId]:
    with issuer() as provider:
        yield provider


@pytest.fixture
def provider(at_issuer: OpenId, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    """Our side, in this process."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    settings = Settings(oidc_issuer=at_issuer.issuer + "/", oidc_client_id="x", oidc_client_secret="y")  # type: ignore[call-arg]
    app = Flask("test")
    app.config["SETTINGS"] = settings
    with app.test_request_context():
        found = openid(OAuth(app), settings)
        assert found
        yield found


def test_the_document_is_read_once_an_hour(provider: Provider, at_issuer: OpenId):
    first = provider.authorization()["url"]
    assert first.startswith(f"{at_issuer.issuer}/authorize?")
    at_issuer.fault = "discovery"
    assert provider.authorization()["url"] != first
    provider.client.server_metadata["_loaded_at"] -= METADATA_LIFE + 1
    with pytest.raises(ChatError, match="did not work"):
        provider.authorization()
    at_issuer.fault = None
    provider.authorization()


def test_the_document_of_another_issuer_is_refused(provider: Provider, at_issuer: OpenId):
    at_issuer.fault = "discovery"
    with pytest.raises(ChatError, match="did not work"):
        provider.authorization()


def test_only_signatures_with_public_keys_count(provider: Provider):
    provider.authorization()
    assert provider.client.server_metadata["id_token_signing_alg_values_supported"] == ["RS256"]


def test_an_issuer_that_offers_none_is_refused(provider: Provider, at_issuer: OpenId):
    at_issuer.says = {"id_token_signing_alg_values_supported": ["none", "HS256"]}
    with pytest.raises(ChatError, match="did not work"):
        provider.authorization()


def test_an_issuer_that_is_away_is_told_in_plain_words(provider: Provider, at_issuer: OpenId):
    at_issuer.close()
    with pytest.raises(ChatError) as refused:
        provider.authorization()
    assert refused.value.code == "oauth_failed"
    assert refused.value.detail == "Signing in with Single sign-on did not work. Please try again."


def test_without_an_issuer_or_a_client_id_there_is_no_provider():
    assert openid(OAuth(Flask("test")), Settings(oidc_issuer="https://x.example")) is None  # type: ignore[call-arg]
    assert openid(OAuth(Flask("test")), Settings(oidc_client_id="x")) is None  # type: ignore[call-arg]
