"""Linking a provider to the account that one is signed in to, and unlinking it."""

import pytest

from tests.services.api import Api
from tests.services.database import Database
from tests.services.openid import somebody
from tests.services.visitor import Site, Visitor


@pytest.fixture
def store(sso: Site) -> Database:
    return Database(sso.deployment.database_url)


def test_a_linked_provider_signs_in_to_the_account(sso: Site, visitor: Visitor, store: Database):
    ada = Api(sso.url).register()
    assert visitor.link(ada) == "/#/settings/linked"
    (identity,) = ada.get("/auth/identities").must()["items"]
    assert set(identity) == {"id", "provider", "email", "created_at", "last_used_at"}
    assert visitor.account().id == ada.id
    actions = store.rows("SELECT action FROM audit_events WHERE target_id = :id ORDER BY id", id=ada.id)
    assert [action for (action,) in actions] == ["auth.registered", "oauth.linked", "auth.login"]


def test_linking_needs_no_address_at_the_provider_and_takes_none_over(sso: Site, visitor: Visitor):
    ada = Api(sso.url).register()
    sso.openid.person = somebody(email_verified=False)
    assert visitor.link(ada) == "/#/settings/linked"
    me = ada.get("/auth/me").must()
    assert (me["email"], me["email_verified"]) == (f"{ada.username}@example.org", False)


def test_linking_twice_is_the_same_as_once(sso: Site, visitor: Visitor):
    ada = Api(sso.url).register()
    assert [visitor.link(ada), visitor.link(ada)] == ["/#/settings/linked"] * 2
    assert len(ada.get("/auth/identities").must()["items"]) == 1


def test_what_is_linked_to_somebody_else_stays_theirs(sso: Site, visitor: Visitor):
    ada, grace = visitor.account(), Api(sso.url).register()
    assert visitor.link(grace) == "/#/settings/identity_taken"
    assert grace.get("/auth/identities").must()["items"] == []
    assert visitor.account().id == ada.id


def test_a_session_that_ended_meanwhile_links_nothing(sso: Site, visitor: Visitor):
    ada = Api(sso.url).register()
    back = visitor.agree(visitor.begin_link(ada))
    ada.post("/auth/logout").must(204)
    assert visitor.come_back(back) == "/#/settings/oauth_failed"
    assert ada.log_in(ada.username).get("/auth/identities").must()["items"] == []


def test_a_banned_person_links_nothing(sso: Site, visitor: Visitor, store: Database):
    ada = Api(sso.url).register()
    back = visitor.agree(visitor.begin_link(ada))
    store.change("UPDATE users SET banned_at = CURRENT_TIMESTAMP WHERE id = :id", id=ada.id)
    assert visitor.come_back(back) == "/#/settings/oauth_failed"


def test_the_way_to_link_leads_only_the_browser_that_began_it(sso: Site, visitor: Visitor):
    """Else somebody could be made to link their provider to a stranger's account."""
    mallory, victim = Api(sso.url).register(), Visitor(sso.url)
    back = victim.agree(visitor.begin_link(mallory))
    assert victim.come_back(back) == "/#/sign-in/oauth_failed"
    victim.close()
    assert mallory.get("/auth/identities").must()["items"] == []


def test_only_a_session_can_link(sso: Site):
    Api(sso.url).post("/auth/oauth2/oidc/link").error(401, "unauthorized")
    ada = Api(sso.url).register()
    key = ada.post("/auth/api-keys", {"name": "robot", "scopes": ["profile:read"]}).must(201)["key"]
    robot = Api(sso.url)
    robot.request("POST", "/auth/oauth2/oidc/link", headers={"X-API-Key": key}).error(403, "forbidden")
    robot.request("GET", "/auth/identities", headers={"X-API-Key": key}).error(403, "forbidden")


def test_an_unlinked_provider_signs_in_to_the_account_no_more(sso: Site, visitor: Visitor, store: Database):
    ada = Api(sso.url).register()
    visitor.link(ada)
    (identity,) = ada.get("/auth/identities").must()["items"]
    ada.delete(f"/auth/identities/{identity['id']}").must(204)
    assert visitor.account().id != ada.id
    assert store.one("SELECT COUNT(*) FROM audit_events WHERE target_id = :id AND action = 'oauth.unlinked'", id=ada.id)


def test_the_only_way_to_sign_in_stays(sso: Site, visitor: Visitor):
    ada = visitor.account()
    (first,) = ada.get("/auth/identities").must()["items"]
    ada.delete(f"/auth/identities/{first['id']}").error(409, "conflict")
    sso.openid.person = somebody()
    visitor.link(ada)
    ada.delete(f"/auth/identities/{first['id']}").must(204)
    (second,) = ada.get("/auth/identities").must()["items"]
    ada.delete(f"/auth/identities/{second['id']}").error(409, "conflict")


def test_nobody_unlinks_what_is_not_theirs(sso: Site, visitor: Visitor):
    ada, mallory = visitor.account(), Api(sso.url).register()
    (identity,) = ada.get("/auth/identities").must()["items"]
    mallory.delete(f"/auth/identities/{identity['id']}").error(404, "not_found")
    assert mallory.get("/auth/identities").must()["items"] == []
    mallory.delete("/auth/identities/nonsense").error(422, "validation_failed")


def test_who_they_are_for_a_back_end_is_no_way_to_sign_in(sso: Site, visitor: Visitor, store: Database):
    ada = visitor.account()
    store.change(
        "INSERT INTO external_identities (id, user_id, provider, subject, created_at)"
        " VALUES ('01a00000-0000-7000-8000-000000000001', :id, 'ensure:x', :id, CURRENT_TIMESTAMP)",
        id=ada.id,
    )
    (identity,) = ada.get("/auth/identities").must()["items"]
    assert identity["provider"] == "oidc"
    ada.delete("/auth/identities/01a00000-0000-7000-8000-000000000001").error(404, "not_found")
    ada.delete(f"/auth/identities/{identity['id']}").error(409, "conflict")
