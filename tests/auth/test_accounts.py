"""Registering, logging in, the profile and the password."""

import uuid

import pytest

from tests.services.api import PASSWORD, Api
from tests.services.people import People


def fields(**changes: object) -> dict[str, object]:
    name = f"u{uuid.uuid4().hex[:12]}"
    return {"username": name, "email": f"{name}@example.org", "password": PASSWORD, **changes}


def test_registering_signs_in(people: People):
    body = fields(display_name="Ada Lovelace")
    answer = Api(people.deployment.url).post("/auth/register", body).must(201)
    assert sorted(answer) == ["access_token", "expires_in", "refresh_token", "token_type", "user"]
    assert (answer["token_type"], answer["expires_in"]) == ("bearer", 900)
    user = answer["user"]
    assert sorted(user) == [
        *("avatar_hue", "avatar_url", "created_at", "description", "display_name", "email", "email_verified"),
        *("has_password", "id", "last_seen_at", "permissions", "plan", "role", "username"),
    ]
    assert (user["username"], user["display_name"], user["role"]) == (body["username"], "Ada Lovelace", "member")
    assert Api(people.deployment.urls[-1], answer["access_token"]).get("/auth/me").must() == user


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", "ab"),
        ("username", "a" * 33),
        ("username", "two words"),
        ("username", "ада"),
        ("username", "-ada"),
        ("username", 12),
        ("username", None),
        ("email", "not an address"),
        ("email", "a@b"),
        ("password", "short"),
        ("password", "x" * 129),
        ("password", "ü" * 37),
        ("password", "nul\x00nul\x00"),
        ("display_name", ""),
        ("display_name", "x" * 65),
        ("display_name", "two\nlines"),
        ("display_name", "half \ud800 a pair"),
    ],
)
def test_a_bad_field_is_named(embedded, field, value):
    error = Api(embedded.url).post("/auth/register", fields(**{field: value})).error(422, "validation_failed")
    assert {e["field"] for e in error["errors"]} == {field}
    assert PASSWORD not in str(error)


def test_all_bad_fields_are_named_at_once(embedded):
    error = Api(embedded.url).post("/auth/register", {"username": "a"}).error(422, "validation_failed")
    assert {e["field"] for e in error["errors"]} == {"username", "email", "password"}


@pytest.mark.parametrize("field", ["role", "plan", "quota", "owner_id", "id", "banned_at", "is_admin"])
def test_what_one_may_not_choose_is_refused(embedded, field):
    api = Api(embedded.url)
    api.post("/auth/register", fields(**{field: "admin"})).error(422, "validation_failed")
    ada = api.register()
    ada.patch("/auth/me", {field: "admin"}).error(422, "validation_failed")
    assert ada.get("/auth/me").must()["role"] == "member"


def test_a_taken_name_is_a_conflict_whatever_its_case(people: People):
    ada, other = people.some(2)
    answer = other.post("/auth/register", fields(username=ada.username.upper()))
    assert [e["field"] for e in answer.error(409, "conflict")["errors"]] == ["username"]
    answer = other.post("/auth/register", fields(email=f"{ada.username}@EXAMPLE.org".upper()))
    assert [e["field"] for e in answer.error(409, "conflict")["errors"]] == ["email"]


@pytest.mark.parametrize("written", ["{0}", " {0} ", "{1}", "{0}@example.org", "{1}@EXAMPLE.ORG"])
def test_one_logs_in_by_name_or_address_whatever_the_case(people: People, written):
    ada = people.one()
    name = written.format(ada.username, ada.username.upper())
    assert Api(people.deployment.urls[-1]).log_in(name).id == ada.id


def test_known_and_unknown_names_get_the_same_refusal(people: People):
    ada = people.one()
    answers = [
        Api(ada.url).post("/auth/login", {"username": name, "password": "wrong " * 3})
        for name in (ada.username, "nobody-of-that-name", "nobody@example.org")
    ]
    bodies = [answer.error(401, "invalid_credentials") | {"request_id": ""} for answer in answers]
    assert bodies[0] == bodies[1] == bodies[2]


def test_a_password_that_is_only_alike_does_not_open(people: People):
    ada = people.one(password="a password of its own")
    for wrong in ("A password of its own", "a password of its own ", "a password of its ow"):
        body = {"username": ada.username, "password": wrong}
        Api(ada.url).post("/auth/login", body).error(401, "invalid_credentials")


def test_without_a_token_nothing_is_shown(people: People):
    stranger = Api(people.deployment.url)
    stranger.get("/auth/me").error(401, "unauthorized")
    answer = stranger.get("/conversations", token="nonsense")
    answer.error(401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_refresh_token_is_no_access_token_nor_the_other_way_round(people: People):
    ada = people.one()
    ada.get("/auth/me", token=ada.refresh_token).error(401, "unauthorized")
    ada.post("/auth/refresh", {"refresh_token": ada.token}).error(401, "unauthorized")


def test_the_profile_is_changed_by_patch_and_put(people: People):
    ada = people.one()
    me = ada.patch("/auth/me", {"display_name": "  Countess  "}).must()
    assert me["display_name"] == "Countess"
    address = f"new-{ada.username}@example.org"
    assert ada.put("/auth/me", {"email": address}).must()["email"] == address
    assert ada.at(people.deployment.urls[-1]).get("/auth/me").must() == me | {"email": address}


def test_an_address_of_somebody_else_is_a_conflict(people: People):
    ada, grace = people.some(2)
    body = {"email": f"{grace.username.upper()}@example.org"}
    assert ada.patch("/auth/me", body).error(409, "conflict")["errors"][0]["field"] == "email"
    assert ada.get("/auth/me").must()["email"] == f"{ada.username}@example.org"


def test_a_new_password_replaces_the_old_and_ends_the_other_sessions(people: People):
    ada = people.one()
    phone = ada.second_device().at(people.deployment.urls[-1])
    chat, phone_chat = people.chat(ada), people.chat(phone)
    ada.post("/auth/password", {"current_password": PASSWORD, "new_password": "a better battery"}).must(204)

    assert phone_chat.wait_for("session_ended", timeout=2) == {"code": "token_revoked"}
    phone_chat.wait_for("disconnect")
    phone.get("/auth/me").error(401, "token_revoked")
    phone.post("/auth/refresh", {"refresh_token": phone.refresh_token}).error(401, "token_revoked")
    ada.get("/auth/me").must()
    assert chat.do("sync", {})
    ada.post("/auth/login", {"username": ada.username, "password": PASSWORD}).error(401, "invalid_credentials")
    ada.log_in(ada.username, "a better battery")


def test_a_new_password_needs_the_current_one_and_the_same_strength(people: People):
    ada = people.one()
    wrong = {"current_password": "not the one", "new_password": "a better battery"}
    assert ada.post("/auth/password", wrong).error(422, "validation_failed")["errors"][0]["field"] == "current_password"
    weak = {"current_password": PASSWORD, "new_password": "weak"}
    assert ada.post("/auth/password", weak).error(422, "validation_failed")["errors"][0]["field"] == "new_password"
    ada.log_in(ada.username)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b"{" * 3000])
def test_a_body_that_is_no_object_is_refused(embedded, data):
    answer = Api(embedded.url).request("POST", "/auth/login", data=data)
    assert answer.status in (400, 422), answer
    assert answer.json["code"] in ("bad_request", "validation_failed")


def test_the_unversioned_base_answers_alike(people: People):
    ada = people.one()
    assert ada.get("//api/auth/me").must() == ada.get("/auth/me").must()
