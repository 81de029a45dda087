"""What happened to one's own account."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.services.api import PASSWORD, Account, Api
from tests.services.database import Database
from tests.services.people import People
from tests.services.waiting import eventually


def events(person: Account, **query: Any) -> list[Any]:
    return person.get("/auth/activity", **query).must()["items"]


def actions(person: Account) -> list[str]:
    """Oldest first."""
    return [event["action"] for event in reversed(events(person))]


def fail_to_log_in(url: str, name: str) -> None:
    Api(url).post("/auth/login", {"username": name, "password": "not the one"}).error(401, "invalid_credentials")


def test_signing_in_and_out_is_noted(people: People):
    ada = people.one()
    phone = ada.second_device().at(people.deployment.urls[-1])
    phone.post("/auth/logout").must(204)
    page = ada.get("/auth/activity").must()
    assert sorted(page["items"][0]) == ["action", "address", "at", "detail", "id", "user_agent"]
    assert actions(ada) == ["auth.registered", "auth.login", "auth.logged_out"]
    assert page["items"][0]["detail"] == {"everywhere": False}
    assert page["items"][0]["address"] == "127.0.0.1"
    assert page["items"][0]["user_agent"].startswith("Python")


def test_changes_of_password_address_and_devices_are_noted(people: People):
    ada = people.one()
    phone = ada.second_device()
    phone_session = next(s for s in ada.get("/auth/sessions").must()["items"] if not s["current"])
    ada.delete(f"/auth/sessions/{phone_session['id']}").must(204)
    ada.patch("/auth/me", {"email": f"{ada.username}@example.org".upper()}).must()
    ada.patch("/auth/me", {"email": f"new-{ada.username}@example.org"}).must()
    ada.post("/auth/password", {"current_password": PASSWORD, "new_password": "a better battery"}).must(204)
    assert actions(ada)[2:] == ["auth.session_revoked", "auth.email_changed", "auth.password_changed"]
    assert phone.token not in str(events(ada))
    assert "battery" not in str(events(ada))


def test_a_stolen_refresh_token_is_noted_once(people: People):
    ada = people.one()
    stolen = ada.second_device()
    stolen.post("/auth/refresh", {"refresh_token": stolen.refresh_token}).must()
    for url in people.deployment.urls * 2:
        stolen.at(url).post("/auth/refresh", {"refresh_token": stolen.refresh_token}).error(401, "token_revoked")
    assert actions(ada) == ["auth.registered", "auth.login", "auth.token_reused"]


def test_failed_log_ins_are_noted_once_a_minute_however_many(people: People, database: Database):
    ada = people.one()
    urls = people.deployment.urls * 10
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda url: fail_to_log_in(url, ada.username), urls[:10]))
    fail_to_log_in(ada.url, f"{ada.username}@example.org")
    eventually(lambda: "auth.login_failed" in actions(ada))
    ada.second_device()
    assert actions(ada) == ["auth.registered", "auth.login_failed", "auth.login"]

    long_ago = "2020-01-01 00:00:00.000000"
    database.change("UPDATE audit_events SET at = :at WHERE target_id = :id", at=long_ago, id=ada.id)
    fail_to_log_in(people.deployment.urls[-1], ada.username)
    eventually(lambda: actions(ada).count("auth.login_failed") == 2)


def test_a_failed_log_in_of_nobody_is_not_noted(people: People, database: Database):
    name = f"u{uuid.uuid4().hex[:12]}"
    fail_to_log_in(people.deployment.url, name)
    ada = people.one(username=name)
    assert actions(ada) == ["auth.registered"]


def test_what_an_administrator_did_tells_nothing_about_them(people: People, database: Database):
    ada, chief = people.some(2)
    database.change("UPDATE users SET role = 'admin' WHERE id = :id", id=chief.id)
    chief.patch(f"/users/{ada.id}", {"role": "agent"}).must()
    newest = events(ada)[0]
    assert newest["action"] == "user.role_changed"
    assert (newest["address"], newest["user_agent"], newest["detail"]) == ("", "", {})
    seen_by_chief = next(event for event in events(chief) if event["id"] == newest["id"])
    assert seen_by_chief["address"] == "127.0.0.1"


def test_the_activity_of_others_is_not_shown(people: People):
    ada, grace = people.some(2)
    theirs = {event["id"] for event in events(ada)}
    assert theirs.isdisjoint(event["id"] for event in events(grace))


def test_activity_comes_in_pages(people: People):
    ada = people.one()
    for _ in range(4):
        ada.second_device()
    whole = [event["id"] for event in events(ada)]
    seen, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        page = ada.get("/auth/activity", limit=2, cursor=cursor).must()
        seen += [event["id"] for event in page["items"]]
        cursor, pages = page["next_cursor"], pages + 1
    assert (seen, len(seen), pages) == (whole, 5, 3)
    ada.get("/auth/activity", cursor="nonsense").error(422, "validation_failed")
