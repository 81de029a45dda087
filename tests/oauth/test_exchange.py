"""`POST /auth/oauth2/login`: an app that ran the authorization itself swaps its code for tokens."""

from typing import Any
from urllib.parse import urlencode

import pytest
from authlib.common.security import generate_token
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from tests.services.api import Account, Answer, Api
from tests.services.database import Database
from tests.services.openid import CLIENT_ID
from tests.services.visitor import Site, Visitor, callback, query

OWN_SCHEME = "com.example.chat:/callback"


class App:
    """A native app, with a browser for the person."""

    def __init__(self, sso: Site, visitor: Visitor, redirect_uri: str | None = None) -> None:
        self.sso, self.visitor = sso, visitor
        self.redirect_uri = redirect_uri or callback(sso.url, "oidc")
        self.verifier, self.nonce = generate_token(64), generate_token(20)
        sso.openid.client.redirect_uris.add(self.redirect_uri)

    def code(self) -> str:
        asked = {
            "response_type": "code",
            "client_id": CLIENT_ID,
            "redirect_uri": self.redirect_uri,
            "scope": "openid email",
            "state": "s",
            "nonce": self.nonce,
            "code_challenge": create_s256_code_challenge(self.verifier),
            "code_challenge_method": "S256",
        }
        return query(self.visitor.agree(f"{self.sso.openid.issuer}/authorize?{urlencode(asked)}"))["code"]

    def body(self, **changes: Any) -> dict[str, Any]:
        body = {
            "provider": "oidc",
            "code": self.code(),
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.verifier,
            "nonce": self.nonce,
        }
        return {name: value for name, value in (body | changes).items() if value is not None}

    def exchange(self, **changes: Any) -> Answer:
        return Api(self.sso.url).post("/auth/oauth2/login", self.body(**changes))


@pytest.fixture
def app(sso: Site, visitor: Visitor) -> App:
    return App(sso, visitor)


def test_a_code_is_swapped_for_tokens(sso: Site, app: App):
    ada = Account.of(sso.url, app.exchange().must())
    assert ada.get("/auth/me").must()["email"] == sso.openid.person["email"]
    assert Account.of(sso.url, app.exchange(nonce=None).must()).id == ada.id
    last = Database(sso.deployment.database_url).rows(
        "SELECT action FROM audit_events WHERE target_id = :id ORDER BY id", id=ada.id
    )
    assert [action for (action,) in last] == ["auth.registered", "oauth.linked", "auth.login", "auth.login"]


def test_a_redirect_address_that_the_operator_allowed_is_good(sso: Site, visitor: Visitor):
    App(sso, visitor, OWN_SCHEME).exchange().must()


@pytest.mark.parametrize("change", ["{}/", "{}?a=b", "{}#x", "https://evil.example/callback", OWN_SCHEME])
def test_any_other_one_is_refused_before_the_provider_is_asked(sso: Site, app: App, change: str):
    foreign = change.format(app.redirect_uri)
    expected = (400, "oauth_failed") if foreign == OWN_SCHEME else (422, "validation_failed")
    app.exchange(redirect_uri=foreign).error(*expected)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"code_verifier": None}, 422, "validation_failed"),
        ({"code_verifier": "short"}, 422, "validation_failed"),
        ({"code_verifier": "y" * 43}, 400, "oauth_failed"),
        ({"nonce": "of another"}, 400, "oauth_failed"),
        ({"code": "invented"}, 400, "oauth_failed"),
        ({"code": ""}, 422, "validation_failed"),
        ({"provider": "google"}, 404, "not_found"),
        ({"provider": "github"}, 422, "validation_failed"),
        ({"role": "admin"}, 422, "validation_failed"),
    ],
)
def test_what_does_not_fit_is_refused(app: App, change: dict[str, Any], status: int, code: str):
    app.exchange(**change).error(status, code)


def test_a_code_works_once(sso: Site, app: App):
    body = app.body()
    Api(sso.url).post("/auth/oauth2/login", body).must()
    Api(sso.url).post("/auth/oauth2/login", body).error(400, "oauth_failed")


def test_the_rules_about_accounts_are_the_same(sso: Site, app: App):
    stranger = Api(sso.url).register()
    sso.openid.person["email"] = f"{stranger.username}@example.org"
    app.exchange().error(409, "account_exists")
    sso.openid.person["email_verified"] = False
    app.exchange().error(403, "email_not_verified")


def test_errors_repeat_no_secret(app: App):
    body = app.body(nonce="of another")
    told = str(Api(app.sso.url).post("/auth/oauth2/login", body).error(400, "oauth_failed"))
    assert not [secret for secret in (body["code"], body["code_verifier"], body["nonce"]) if secret in told]
