"""P27: whatever is wrong with a sign-in at a provider, it is refused, and nothing secret is left behind."""

import base64
from collections.abc import Callable
from typing import get_args
from urllib.parse import urlencode

import pytest

from tests.services.api import Api
from tests.services.database import Database
from tests.services.openid import CLIENT_ID, Fault, OpenId, somebody
from tests.services.visitor import Site, Visitor, callback, query

pytestmark = pytest.mark.promise("P27")
FAILED = "/#/sign-in/oauth_failed"
OTHER_VERIFIER = "the-verifier-of-somebody-else-43-characters"
Tell = Callable[[str], None]
REASONS: dict[Fault, str] = {
    "nonce": "InvalidClaimError invalid_claim nonce",
    "no_nonce": "MissingClaimError missing_claim nonce",
    "issuer": "InvalidClaimError invalid_claim iss",
    "audience": "InvalidClaimError invalid_claim aud",
    "more_audiences": "InvalidClaimError invalid_claim azp",
    "expired": "ExpiredTokenError expired_token exp",
    "signature": "BadSignatureError bad_signature",
    "unsigned": "UnsupportedAlgorithmError unsupported_algorithm",
    "our_secret": "UnsupportedAlgorithmError unsupported_algorithm",
    "no_id_token": "KeyError",
    "no_subject": "MissingClaimError missing_claim sub",
    "userinfo": "ValueError",
    "response_issuer": "the answer is of another issuer",
    "no_response_issuer": "the answer is of another issuer",
    "denied": "the provider or the person refused",
    "broken": "HTTPError 500",
    "nonsense": "ValueError",
    "elsewhere": "ValueError",
}
"""What the log says of each fault. `discovery` is read once an hour: see tests/oauth/test_discovery.py."""


def last_failure(sso: Site) -> str:
    return next(line for line in reversed(sso.log().splitlines()) if "signing in with" in line)


def accounts(sso: Site) -> int:
    return int(Database(sso.deployment.database_url).one("SELECT COUNT(*) FROM users"))


@pytest.fixture
def nobody_gets_in(sso: Site, visitor: Visitor):
    """The test before has led to no account and to no tokens."""
    before = accounts(sso)
    yield
    visitor.complete().error(401, "unauthorized")
    assert accounts(sso) == before


@pytest.mark.usefixtures("nobody_gets_in")
@pytest.mark.parametrize("fault", [fault for fault in get_args(Fault) if fault != "discovery"])
def test_what_the_provider_does_wrong_is_refused(sso: Site, visitor: Visitor, fault: Fault, figure: Tell):
    sso.openid.thin = {} if fault == "userinfo" else None
    sso.openid.fault = fault
    assert visitor.sign_in() == FAILED
    assert {"elsewhere": "reached"} not in sso.openid.seen
    assert REASONS[fault] in last_failure(sso)
    sso.openid.fault = None
    figure(f"provider answers with a fault ({fault}): refused")


@pytest.mark.usefixtures("nobody_gets_in")
@pytest.mark.parametrize(
    "change",
    [
        {"state": "invented"},
        {"state": None},
        {"state": ""},
        {"code": "invented"},
        {"code": None},
        {"iss": "https://evil.example"},
        {"error": "access_denied"},
    ],
    ids=lambda change: "-".join(f"{name}-{value}" for name, value in change.items()),
)
def test_a_changed_way_back_is_refused(sso: Site, visitor: Visitor, change: dict[str, str | None], figure: Tell):
    back = query(visitor.agree(visitor.begin())) | change
    given = {name: value for name, value in back.items() if value is not None}
    assert visitor.come_back(f"{callback(sso.url, 'oidc')}?{urlencode(given)}") == FAILED
    figure(f"callback with {change}: refused")


@pytest.mark.usefixtures("nobody_gets_in")
def test_the_way_back_leads_only_the_browser_that_began(sso: Site, visitor: Visitor, figure: Tell):
    """Else a stranger could make somebody sign in to the stranger's account (RFC 6749, section 10.12)."""
    stranger = Visitor(sso.url)
    assert visitor.come_back(stranger.agree(stranger.begin())) == FAILED
    visitor.begin()
    assert visitor.come_back(stranger.agree(stranger.begin())) == FAILED
    stranger.close()
    figure("state of another browser: refused")


@pytest.mark.usefixtures("nobody_gets_in")
def test_the_state_of_one_provider_is_none_of_another(sso: Site, visitor: Visitor, figure: Tell):
    back = query(visitor.agree(visitor.begin("oidc")))
    assert visitor.come_back(f"{callback(sso.url, 'github')}?{urlencode(back)}") == FAILED
    figure("state of another provider: refused")


@pytest.mark.usefixtures("nobody_gets_in")
def test_a_forged_cookie_is_none(sso: Site, visitor: Visitor, figure: Tell):
    back = visitor.agree(visitor.begin())
    payload, _, rest = visitor.http.cookies["chatsphere_oauth"].partition(".")
    cookies = visitor.http.cookies
    cookies.set("chatsphere_oauth", f"{payload}x.{rest}", domain="127.0.0.1", path="/api")
    for cookie in [cookie for cookie in cookies if cookie.value == f"{payload}.{rest}"]:
        cookies.clear(cookie.domain, cookie.path, cookie.name)
    assert visitor.come_back(back) == FAILED
    cookies.clear()
    figure("cookie with a wrong signature: refused")


@pytest.mark.usefixtures("nobody_gets_in")
@pytest.mark.parametrize("told", [None, False, "no"])
def test_an_address_that_is_not_verified_makes_no_account(sso: Site, visitor: Visitor, told: object, figure: Tell):
    sso.openid.person = somebody(email_verified=told)
    assert visitor.sign_in() == "/#/sign-in/email_not_verified"
    sso.openid.person = somebody(email=None)
    assert visitor.sign_in() == "/#/sign-in/email_not_verified"
    figure(f"email_verified {told}, or no address: refused")


def test_the_address_of_somebody_else_opens_nothing(sso: Site, visitor: Visitor, figure: Tell):
    owner = Api(sso.url).register()
    sso.openid.person = somebody(email=f"{owner.username}@example.org", email_verified=False)
    assert visitor.sign_in() == "/#/sign-in/email_not_verified"
    sso.openid.person["email_verified"] = True
    assert visitor.sign_in() == "/#/sign-in/account_exists"
    Database(sso.deployment.database_url).change(
        "UPDATE users SET email_verified_at = CURRENT_TIMESTAMP WHERE id = :id", id=owner.id
    )
    sso.openid.person["email_verified"] = False
    assert visitor.sign_in() == "/#/sign-in/email_not_verified"
    assert owner.get("/auth/identities").must()["items"] == []
    figure("unverified e-mail of somebody else: refused, also where the account's own is not proven")


def test_a_code_and_its_way_back_work_once(sso: Site, visitor: Visitor, figure: Tell):
    cookies_before = Visitor(sso.url)
    back = visitor.agree(visitor.begin())
    cookies_before.http.cookies.update(visitor.http.cookies)
    assert visitor.come_back(back) == "/#/signed-in"
    assert visitor.come_back(back) == FAILED
    assert cookies_before.come_back(back) == FAILED  # an old copy of the cookie: the provider knows the code no more
    cookies_before.close()
    figure("callback replayed, with the cookie before it too: refused")


def test_the_secret_for_the_page_works_once_and_only_for_our_page(sso: Site, visitor: Visitor, figure: Tell):
    assert visitor.sign_in() == "/#/signed-in"
    copy = visitor.http.cookies.copy()
    for header in ({"Origin": "https://evil.example"}, {"Sec_Fetch_Site": "cross-site"}, {"Origin": "null"}):
        visitor.complete(**header).error(403, "forbidden")
    visitor.complete(Origin=sso.url, Sec_Fetch_Site="same-origin").must()
    visitor.http.cookies = copy
    visitor.complete(Origin=sso.url).error(401, "unauthorized")
    figure("foreign Origin at the completion and a replayed secret: refused")


@pytest.mark.usefixtures("nobody_gets_in")
def test_without_pkce_there_are_no_tokens(sso: Site, visitor: Visitor, figure: Tell):
    own = {"provider": "oidc", "redirect_uri": callback(sso.url, "oidc")}
    code = query(visitor.agree(visitor.begin()))["code"]
    exchange = Api(sso.url)
    exchange.post("/auth/oauth2/login", {**own, "code": code}).error(422, "validation_failed")
    exchange.post("/auth/oauth2/login", {**own, "code": code, "code_verifier": OTHER_VERIFIER}).error(
        400, "oauth_failed"
    )
    foreign = {**own, "code": code, "code_verifier": OTHER_VERIFIER, "redirect_uri": "https://evil.example/"}
    exchange.post("/auth/oauth2/login", foreign).error(422, "validation_failed")
    figure("missing verifier, other verifier, foreign redirect address: refused")


def test_what_is_secret_stands_in_no_log_address_or_cookie(sso: Site, visitor: Visitor, figure: Tell):
    seen = ""
    ada = visitor.account()
    for fault in ("nonsense", "nonce", "signature", "broken"):
        sso.openid.fault = fault
        assert visitor.sign_in() == FAILED
    sso.openid.fault = None
    assert visitor.sign_in() == "/#/signed-in"
    cookie = visitor.http.cookies["chatsphere_oauth"]
    payload = cookie.removeprefix(".").partition(".")[0]
    seen += base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode(errors="replace")
    states = {asked[word] for asked in sso.openid.seen for word in ("state", "nonce") if word in asked}
    log = sso.log()
    assert "signing in with oidc failed" in log
    secrets = sso.openid.secrets | states | {ada.token, ada.refresh_token, cookie}
    assert len(secrets) > 20
    assert not [secret for secret in secrets if len(secret) > 15 and secret in log]  # some tests send words
    assert not [token for token in sso.openid.tokens if token in seen]
    figure(f"{len(secrets)} codes, states, verifiers, tokens: none in the log at DEBUG")


def test_the_providers_tokens_are_not_stored(sso: Site, visitor: Visitor, figure: Tell):
    visitor.account()
    stored = sso.deployment.data_dir.joinpath("chatsphere.sqlite3").read_bytes()
    stored += sso.deployment.data_dir.joinpath("chatsphere.sqlite3-wal").read_bytes()
    assert sso.openid.tokens
    assert not [token for token in sso.openid.tokens if token.encode() in stored]
    figure("no token of a provider in the database")


def test_the_provider_of_these_tests_insists_on_pkce(sso: Site, visitor: Visitor, figure: Tell):
    """Else the tests above would prove nothing."""
    provider: OpenId = sso.openid
    asked = {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": callback(sso.url, "oidc"),
        "scope": "openid",
        "state": "s",
        "nonce": "n",
    }
    assert visitor.step(f"{provider.issuer}/authorize?{urlencode(asked)}").status_code == 400
    asked["redirect_uri"] = "https://evil.example/"
    asked |= {"code_challenge": "x" * 43, "code_challenge_method": "S256"}
    assert visitor.step(f"{provider.issuer}/authorize?{urlencode(asked)}").status_code == 400
    figure("the provider refuses a request without PKCE or with a foreign redirect address")
