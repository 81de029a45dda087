"""Signing in with a provider, as a browser does it: the button, the provider, the way back, the page."""

import json
import re
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.services.api import Account, Api
from tests.services.database import Database
from tests.services.openid import somebody
from tests.services.visitor import Site, Visitor, callback, query


@pytest.fixture
def store(sso: Site) -> Database:
    return Database(sso.deployment.database_url)


def verified(account: Account, store: Database) -> Account:
    store.change("UPDATE users SET email_verified_at = CURRENT_TIMESTAMP WHERE id = :id", id=account.id)
    return account


def test_the_page_learns_which_buttons_to_show(sso: Site):
    assert Api(sso.url).get("/auth/providers").must() == {
        "items": [{"name": "github", "label": "GitHub"}, {"name": "oidc", "label": "Test issuer"}]
    }


def test_a_provider_that_is_not_set_up_does_not_exist(sso: Site):
    for name in ("google", "nonsense", "x" * 64):
        Api(sso.url).get(f"/auth/oauth2/{name}/login").error(404, "not_found")
        Api(sso.url).get(f"/auth/oauth2/{name}/callback", code="c", state="s").error(404, "not_found")
        Api(sso.url).register().post(f"/auth/oauth2/{name}/link").error(404, "not_found")


def test_the_browser_is_sent_with_state_nonce_and_pkce(sso: Site, visitor: Visitor):
    asked = query(visitor.begin())
    assert asked["redirect_uri"] == callback(sso.url, "oidc")
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["code_challenge"]) == 43
    assert len(asked["state"]) >= 30
    assert len(asked["nonce"]) >= 20
    assert set(asked["scope"].split()) == {"openid", "email", "profile"}
    assert {asked[word] for word in ("state", "nonce", "code_challenge")}.isdisjoint(query(visitor.begin()).values())


def test_the_cookie_is_out_of_reach(sso: Site, visitor: Visitor):
    response = visitor.step(f"{sso.url}/api/v1/auth/oauth2/oidc/login")
    name, *attributes = response.headers["Set-Cookie"].split("; ")
    assert name.startswith("chatsphere_oauth=")
    assert set(attributes) == {"HttpOnly", "Path=/api", "SameSite=Lax"}
    assert response.headers["Cache-Control"] == "no-store"


def test_no_other_answer_sets_a_cookie(sso: Site):
    ada = Api(sso.url).register()
    for answer in (ada.get("/auth/me"), ada.get("/auth/identities"), ada.get("/auth/providers"), ada.get("//")):
        assert "Set-Cookie" not in answer.headers


def test_somebody_new_gets_an_account(sso: Site, visitor: Visitor, store: Database):
    ada = visitor.account()
    me = ada.get("/auth/me").must()
    person = sso.openid.person
    assert (me["username"], me["email"], me["display_name"]) == (
        person["preferred_username"],
        person["email"],
        "Ada Lovelace",
    )
    assert me["email_verified"] is True
    assert me["has_password"] is False
    (identity,) = ada.get("/auth/identities").must()["items"]
    assert (identity["provider"], identity["email"]) == ("oidc", person["email"])
    events = store.rows("SELECT action, detail FROM audit_events WHERE target_id = :id ORDER BY id", id=ada.id)
    assert [event[0] for event in events] == ["auth.registered", "oauth.linked", "auth.login"]
    assert all(json.loads(event[1])["provider"] == "oidc" for event in events)


def test_the_cookie_is_gone_after_the_page_has_its_tokens(visitor: Visitor):
    visitor.account()
    assert not list(visitor.http.cookies)


def test_who_comes_again_is_the_same_whatever_their_name_and_address(sso: Site, visitor: Visitor):
    first = visitor.account()
    sso.openid.person = somebody(sub=sso.openid.person["sub"])
    again = visitor.account()
    assert again.id == first.id
    assert again.get("/auth/me").must()["email"] == first.get("/auth/me").must()["email"]
    (identity,) = again.get("/auth/identities").must()["items"]
    assert identity["email"] == sso.openid.person["email"]


def test_an_address_that_only_userinfo_tells_counts(sso: Site, visitor: Visitor):
    sso.openid.thin = {}
    assert visitor.account().get("/auth/me").must()["email"] == sso.openid.person["email"]


def test_whether_it_is_verified_must_be_told_where_the_address_is(sso: Site, visitor: Visitor):
    sso.openid.thin = {"email_verified": True}
    sso.openid.person = somebody(email_verified=None)
    assert visitor.sign_in() == "/#/sign-in/email_not_verified"


def test_new_keys_of_the_provider_are_fetched(sso: Site, visitor: Visitor):
    visitor.account()
    sso.openid.rotate_keys()
    visitor.account()


def test_who_has_proven_the_address_here_too_gets_their_own_account(sso: Site, visitor: Visitor, store: Database):
    ada = verified(Api(sso.url).register(), store)
    sso.openid.person = somebody(email=f"{ada.username}@EXAMPLE.org".replace("u", "U", 1))
    assert visitor.account().id == ada.id
    assert ada.log_in(ada.username)


def test_an_account_whose_address_nobody_has_proven_is_not_given_away(sso: Site, visitor: Visitor):
    stranger = Api(sso.url).register()
    sso.openid.person = somebody(email=f"{stranger.username}@example.org")
    assert visitor.sign_in() == "/#/sign-in/account_exists"
    assert stranger.get("/auth/identities").must()["items"] == []


def test_an_address_that_is_only_alike_is_somebody_elses(sso: Site, visitor: Visitor, store: Database):
    """straße.org and strasse.org are two domains, and each has an owner."""
    name = f"u{uuid.uuid4().hex[:12]}"
    ada = verified(Api(sso.url).register(name, email=f"{name}@straße.org"), store)
    sso.openid.person = somebody(email=f"{name}@strasse.org")
    assert visitor.account().id != ada.id


def test_an_address_that_is_only_alike_is_not_proven_by_the_one_before(sso: Site, store: Database):
    name = f"u{uuid.uuid4().hex[:12]}"
    ada = verified(Api(sso.url).register(name, email=f"{name}@strasse.org"), store)
    assert ada.patch("/auth/me", {"email": f"{name.upper()}@strasse.org"}).must()["email_verified"] is True
    assert ada.patch("/auth/me", {"email": f"{name}@straße.org"}).must()["email_verified"] is False


def test_a_taken_username_gets_a_suffix(sso: Site, visitor: Visitor):
    grace = Api(sso.url).register()
    sso.openid.person = somebody(preferred_username=grace.username.upper())
    ada = visitor.account()
    assert ada.id != grace.id
    assert ada.username.startswith(f"{grace.username.upper()}-")


@pytest.mark.parametrize("name", ["a\u202eb\x00", "x" * 5000, 7, ["x"], {"a": 1}, "", " ", "艾达", "../.."])
def test_whatever_the_provider_calls_somebody_they_get_an_account(sso: Site, visitor: Visitor, name: object):
    sso.openid.person = somebody(preferred_username=name, name=name)
    me = visitor.account().get("/auth/me").must()
    assert re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?", me["username"])
    assert 3 <= len(me["username"]) <= 32
    assert 1 <= len(me["display_name"]) <= 64
    assert me["display_name"].isprintable()


def test_several_tabs_may_sign_in_at_once_but_not_any_number(visitor: Visitor):
    begun = [visitor.begin() for _ in range(6)]
    assert visitor.come_back(visitor.agree(begun[0])) == "/#/sign-in/oauth_failed"
    assert visitor.come_back(visitor.agree(begun[2])) == "/#/signed-in"
    assert len(visitor.http.cookies["chatsphere_oauth"]) < 1000


def test_of_two_who_come_with_one_secret_one_is_signed_in(visitor: Visitor, sso: Site):
    assert visitor.sign_in() == "/#/signed-in"
    other = Visitor(sso.url)
    other.http.cookies.update(visitor.http.cookies)
    with ThreadPoolExecutor() as threads:
        answers = list(threads.map(Visitor.complete, [visitor, other]))
    other.close()
    assert sorted(answer.status for answer in answers) == [200, 401]


def test_the_way_to_the_page_may_take_a_minute_not_more(visitor: Visitor, store: Database):
    assert visitor.sign_in() == "/#/signed-in"
    store.change("UPDATE one_time_tokens SET expires_at = '2026-01-01 00:00:00.000000' WHERE purpose = 'oauth_login'")
    visitor.complete().error(401, "unauthorized")
    visitor.complete().error(401, "unauthorized")


def test_a_sign_in_under_way_ends_with_all_the_sessions(sso: Site, visitor: Visitor):
    ada = visitor.account()
    assert visitor.sign_in() == "/#/signed-in"
    ada.post("/auth/logout", {"everywhere": True}).must(204)
    visitor.complete().error(401, "unauthorized")


def test_without_a_sign_in_there_is_nothing_to_complete(visitor: Visitor):
    visitor.complete().error(401, "unauthorized")


def test_a_banned_person_is_refused_at_every_step(sso: Site, visitor: Visitor, store: Database):
    ada = visitor.account()
    assert visitor.sign_in() == "/#/signed-in"
    store.change("UPDATE users SET banned_at = CURRENT_TIMESTAMP WHERE id = :id", id=ada.id)
    visitor.complete().error(403, "banned")
    assert visitor.sign_in() == "/#/sign-in/banned"
    grace = verified(Api(sso.url).register(), store)
    store.change("UPDATE users SET banned_at = CURRENT_TIMESTAMP WHERE id = :id", id=grace.id)
    sso.openid.person = somebody(email=f"{grace.username}@example.org")
    assert visitor.sign_in() == "/#/sign-in/banned"


def test_somebody_of_github_signs_in(sso: Site, visitor: Visitor):
    person = somebody()
    addresses = {"other@example.org": (False, True), person["email"]: (True, True)}
    sso.github.sign_in_as(4711, person["preferred_username"], addresses, name="Grace Hopper")
    grace = visitor.account("github")
    me = grace.get("/auth/me").must()
    assert (me["email"], me["email_verified"], me["display_name"]) == (person["email"], True, "Grace Hopper")
    assert me["username"] == person["preferred_username"]
    sso.github.sign_in_as(4711, "renamed", {})
    assert visitor.account("github").id == grace.id


@pytest.mark.parametrize("flags", [{}, {"a@example.org": (True, False)}, {"a@example.org": (False, True)}])
def test_only_a_primary_and_verified_address_of_github_counts(sso: Site, visitor: Visitor, flags):
    sso.github.sign_in_as(815, "somebody", flags)
    assert visitor.sign_in("github") == "/#/sign-in/email_not_verified"


def test_the_same_number_at_another_provider_is_somebody_else(sso: Site, visitor: Visitor):
    ada = visitor.account()
    person = somebody()
    sso.openid.person = somebody(sub="12345")
    of_issuer = visitor.account()
    sso.github.sign_in_as(12345, person["preferred_username"], {person["email"]: (True, True)})
    assert len({ada.id, of_issuer.id, visitor.account("github").id}) == 3
