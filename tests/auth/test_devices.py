"""The devices on which somebody is signed in."""

import pytest

from chat_app.auth.devices import device_name
from tests.services.database import Database
from tests.services.people import People

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0"
LIKE_SAFARI = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0"


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (FIREFOX, "Firefox on Linux"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {LIKE_SAFARI} Safari/537.36 Edg/131.0.0.0", "Edge on Windows"),
        (f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {LIKE_SAFARI} Mobile Safari/537.36", "Chrome on Android"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
            "Version/18.1 Mobile/15E148 Safari/604.1",
            "Safari on iPhone",
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
            "Version/18.1 Safari/605.1.15",
            "Safari on macOS",
        ),
        ("curl/8.5.0", "curl"),
        ("x" * 200, "x" * 40),
        ("Mozilla/5.0", "Unknown device"),
        ("", "Unknown device"),
    ],
)
def test_a_device_is_called_by_its_browser_and_system(user_agent: str, name: str):
    assert device_name(user_agent) == name


def test_devices_are_listed_the_last_used_first(people: People):
    ada = people.one()
    body = {"username": ada.username, "password": ada.password}
    ada.post("/auth/login", body, headers={"User-Agent": FIREFOX}).must()
    page = ada.get("/auth/sessions").must()
    phone, mine = page["items"]
    assert sorted(mine) == [
        *("address", "created_at", "current", "device", "expires_at", "id", "last_used_at", "user_agent"),
    ]
    assert (phone["device"], phone["user_agent"], phone["current"]) == ("Firefox on Linux", FIREFOX, False)
    assert (mine["address"], mine["current"]) == ("127.0.0.1", True)

    ada.post("/auth/refresh", {"refresh_token": ada.refresh_token}).must()
    assert [session["current"] for session in ada.get("/auth/sessions").must()["items"]] == [True, False]


def test_devices_come_in_pages(people: People):
    ada = people.one()
    for _ in range(4):
        ada.second_device()
    whole = [session["id"] for session in ada.get("/auth/sessions").must()["items"]]
    seen, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        page = ada.get("/auth/sessions", limit=2, cursor=cursor).must()
        seen += [session["id"] for session in page["items"]]
        cursor, pages = page["next_cursor"], pages + 1
    assert (seen, len(seen), pages) == (whole, 5, 3)
    ada.get("/auth/sessions", cursor="WyJ4IiwieSJd").error(422, "validation_failed")


def test_a_device_is_signed_out_from_another_and_its_sockets_close_on_every_process(people: People):
    ada = people.one()
    phone = ada.second_device().at(people.deployment.urls[-1])
    open_sockets = [*people.everywhere(phone), people.presence(phone)]
    stays = people.chat(ada)
    (other,) = (session for session in ada.get("/auth/sessions").must()["items"] if not session["current"])

    ada.delete(f"/auth/sessions/{other['id']}").must(204)

    for socket in open_sockets:
        assert socket.wait_for("session_ended", timeout=1) == {"code": "token_revoked"}
        socket.wait_for("disconnect", timeout=1)
    phone.get("/auth/me").error(401, "token_revoked")
    phone.post("/auth/refresh", {"refresh_token": phone.refresh_token}).error(401, "token_revoked")
    assert stays.do("sync", {})
    assert [session["current"] for session in ada.get("/auth/sessions").must()["items"]] == [True]
    ada.delete(f"/auth/sessions/{other['id']}").error(404, "not_found")


def test_one_may_sign_out_the_device_that_asks(people: People):
    ada = people.one()
    (mine,) = ada.get("/auth/sessions").must()["items"]
    ada.delete(f"/auth/sessions/{mine['id']}").must(204)
    ada.get("/auth/me").error(401, "token_revoked")


def test_the_devices_of_others_are_neither_seen_nor_ended(people: People):
    ada, grace = people.some(2)
    (mine,) = ada.get("/auth/sessions").must()["items"]
    assert mine["id"] not in str(grace.get("/auth/sessions").must())
    grace.delete(f"/auth/sessions/{mine['id']}").error(404, "not_found")
    grace.delete("/auth/sessions/mine").error(422, "validation_failed")
    ada.get("/auth/me").must()


def test_a_session_past_its_time_is_not_listed(people: People, database: Database):
    ada = people.one()
    phone = ada.second_device()
    old = phone.get("/auth/sessions").must()["items"][0]["id"]
    database.change("UPDATE auth_sessions SET expires_at = :at WHERE id = :id", at="2020-01-01 00:00:00.000000", id=old)
    assert [session["id"] for session in ada.get("/auth/sessions").must()["items"] if session["id"] == old] == []
    ada.delete(f"/auth/sessions/{old}").error(404, "not_found")
