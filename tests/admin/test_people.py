"""What administrators do to accounts, and what it does to open sockets."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.services.api import Account, Api
from tests.services.database import Database
from tests.services.people import People
from tests.services.roles import give_role

NOBODY = str(uuid.uuid4())


@pytest.fixture
def root(people: People, database: Database) -> Account:
    """An administrator."""
    return give_role(database, people.one(), "admin")


def actions(root: Account, person: Account) -> list[str]:
    return [event["action"] for event in root.get("/admin/audit", target_id=person.id).must()["items"]]


def test_an_administrator_finds_accounts_and_sees_their_address(people: People, root: Account):
    ada = people.one(display_name=f"Ada {uuid.uuid4().hex}")
    found = root.get("/admin/users", q=ada.username).must()["items"]
    assert [(user["id"], user["email"], user["plan"], user["banned_at"]) for user in found] == [
        (ada.id, f"{ada.username}@example.org", "free", None)
    ]
    assert root.get(f"/admin/users/{ada.id}").must() == found[0]
    root.get(f"/admin/users/{NOBODY}").error(404, "not_found")


def test_accounts_are_listed_by_role_and_by_ban_in_pages(people: People, root: Account, database: Database):
    word = uuid.uuid4().hex[:10]
    agents = [give_role(database, people.one(username=f"{word}-{number}"), "agent") for number in range(3)]
    root.post(f"/admin/users/{agents[1].id}/ban", {"reason": "spam"}).must()

    def listed(**query: object) -> list[str]:
        return [user["username"] for user in root.get("/admin/users", q=word, **query).must()["items"]]

    assert listed(role="agent") == [agent.username for agent in agents]
    assert listed(role="buyer") == []
    assert listed(banned=True) == [agents[1].username]
    assert listed(banned=False) == [agents[0].username, agents[2].username]
    first = root.get("/admin/users", q=word, limit=2).must()
    rest = root.get("/admin/users", q=word, limit=2, cursor=first["next_cursor"]).must()
    assert len(first["items"]) == 2
    assert [user["id"] for user in rest["items"]] == [agents[2].id]
    assert rest["next_cursor"] is None


def test_a_new_role_counts_from_the_next_call_on_with_the_tokens_one_has(people: People, root: Account):
    ada = people.one()
    ada.get("/admin/users").error(403, "forbidden")
    root.patch(f"/users/{ada.id}", {"role": "admin"}).must()
    assert ada.get("/auth/me").must()["role"] == "admin"
    ada.get("/admin/users").must()
    root.patch(f"/users/{ada.id}", {"role": "member"}).must()
    ada.at(people.deployment.urls[-1]).get("/admin/users").error(403, "forbidden")
    assert actions(root, ada)[:2] == ["user.role_changed", "user.role_changed"]


def test_somebody_hears_of_their_new_role_at_once_and_their_peers_of_a_new_name(people: People, root: Account):
    ada, grace = people.some(2)
    grace.private(ada)
    devices, peer = people.everywhere(ada), people.chat(grace)
    root.patch(f"/users/{ada.id}", {"role": "buyer", "display_name": "Countess"}).must()
    for device in devices:
        assert device.wait_for("user_changed", timeout=1) == {"id": ada.id}
    peer.wait_for("conversation_changed", lambda row: row["peer"]["display_name"] == "Countess")


def test_nobody_changes_their_own_role_or_bans_themselves(root: Account):
    root.patch(f"/users/{root.id}", {"role": "member"}).error(409, "conflict")
    root.post(f"/admin/users/{root.id}/ban", {"reason": "tired"}).error(409, "conflict")


def test_of_two_administrators_who_demote_each_other_one_stays(people: People, root: Account, database: Database):
    other = give_role(database, people.one(), "admin")
    pairs = [(root, other), (other, root)]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda pair: pair[0].patch(f"/users/{pair[1].id}", {"role": "member"}), pairs))
    assert sorted(answer.status for answer in answers) == [200, 403]
    assert sorted(person.get("/auth/me").must()["role"] for person in (root, other)) == ["admin", "member"]


@pytest.mark.parametrize(
    "body", [{"role": "owner"}, {"role": 1}, {"plan": "gold"}, {"email": "x@example.org"}, {"password": "x" * 12}]
)
def test_what_an_administrator_may_not_set_is_refused(people: People, root: Account, body: dict[str, object]):
    ada = people.one()
    before = root.get(f"/admin/users/{ada.id}").must()
    root.patch(f"/users/{ada.id}", body).error(422, "validation_failed")
    assert root.get(f"/admin/users/{ada.id}").must() == before


def test_a_ban_ends_sessions_sockets_and_keys_at_once_and_everywhere(people: People, root: Account):
    ada = people.one()
    key = ada.post("/auth/api-keys", {"name": "bot", "scopes": ["people:read"]}).must(201)["key"]
    phone = ada.second_device()
    sockets = [*people.everywhere(ada), people.chat(phone)]
    banned = root.post(f"/admin/users/{ada.id}/ban", {"reason": "spam"}).must()
    assert (banned["ban_reason"], bool(banned["banned_at"])) == ("spam", True)
    for socket in sockets:
        assert socket.wait_for("session_ended", timeout=1) == {"code": "banned"}
        socket.wait_for("disconnect", timeout=1)
    for url in people.deployment.urls:
        ada.at(url).get("/auth/me").error(403, "banned")
        Api(url).get("/users", headers={"X-API-Key": key}).error(403, "banned")
    body = {"username": ada.username, "password": ada.password}
    Api(ada.url).post("/auth/login", body).error(403, "banned")
    ada.post("/auth/refresh", {"refresh_token": ada.refresh_token}).error(401, "token_revoked")

    root.delete(f"/admin/users/{ada.id}/ban").must()
    ada.log_in(ada.username).get("/auth/me").must()
    ada.get("/auth/me").error(401, "token_revoked")
    assert {"user.unbanned", "user.banned"} <= set(actions(root, ada))


def test_an_administrator_logs_somebody_out(people: People, root: Account):
    ada = people.one()
    socket = people.chat(ada)
    root.delete(f"/admin/users/{ada.id}/sessions").must(204)
    assert socket.wait_for("session_ended", timeout=1) == {"code": "token_revoked"}
    ada.log_in(ada.username)


def test_an_account_is_made_for_somebody(people: People, root: Account):
    name = f"made-{uuid.uuid4().hex[:8]}"
    body = {"username": name, "email": f"{name}@example.org", "password": "a battery of horses", "role": "agent"}
    made = root.post("/admin/users", body).must(201)
    assert (made["role"], made["has_password"]) == ("agent", True)
    assert Api(root.url).log_in(name, "a battery of horses").get("/auth/me").must()["id"] == made["id"]
    root.post("/admin/users", body).error(409, "conflict")


def test_plans_are_listed_and_changed(root: Account, database: Database):
    plans = root.get("/admin/plans").must()["items"]
    assert [plan["name"] for plan in plans] == ["free", "vip"]
    try:
        changed = root.patch("/admin/plans/vip", {"requests_per_minute": 9000}).must()
        assert changed == plans[1] | {"requests_per_minute": 9000}
    finally:
        root.patch("/admin/plans/vip", {"requests_per_minute": plans[1]["requests_per_minute"]}).must()
    root.patch("/admin/plans/gold", {"tokens_per_day": 1}).error(404, "not_found")
    for wrong in ({"requests_per_minute": 0}, {"tokens_per_day": -1}, {"name": "gold"}):
        root.patch("/admin/plans/vip", wrong).error(422, "validation_failed")


def test_a_plan_is_given(people: People, root: Account):
    ada = people.one()
    assert root.patch(f"/users/{ada.id}", {"plan": "vip"}).must()["plan"] == "vip"
    assert ada.get("/auth/me").must()["plan"] == "vip"


def test_the_table_of_permissions_can_be_read(root: Account):
    roles = {role["role"]: role["permissions"] for role in root.get("/admin/roles").must()["items"]}
    assert sorted(roles) == ["admin", "agent", "buyer", "member", "merchant"]
    assert "people.manage" in roles["admin"]
    assert roles["buyer"] == []


def test_the_audit_log_is_searched_and_paged(people: People, root: Account):
    ada = people.one()
    for plan in ("vip", "free", "vip"):
        root.patch(f"/users/{ada.id}", {"plan": plan}).must()

    def changes(**query: object) -> dict[str, object]:
        return root.get("/admin/audit", action="user.plan_changed", target_id=ada.id, **query).must()

    newest, *older = changes()["items"]
    assert (newest["actor_id"], newest["detail"]) == (root.id, {"before": "free", "after": "vip"})
    assert newest["request_id"]
    assert newest["address"] == "127.0.0.1"
    first = changes(limit=1)
    assert first["items"] == [newest]
    assert changes(cursor=first["next_cursor"])["items"] == older
    assert changes(since=newest["at"])["items"] in ([newest], [])
    assert newest not in changes(until="2026-01-01T00:00:00Z")["items"]
    root.get("/admin/audit", since="soon").error(422, "validation_failed")
    root.get("/admin/audit", since="0001-01-01T00:00:00+14:00").error(422, "validation_failed")


@pytest.mark.parametrize("role", ["member", "buyer", "merchant", "agent"])
def test_nobody_else_may_do_any_of_it(people: People, database: Database, role: str):
    ada, grace = people.some(2)
    give_role(database, ada, role)
    for method, path, body in [
        ("GET", "/admin/users", None),
        ("GET", f"/admin/users/{grace.id}", None),
        ("POST", "/admin/users", {}),
        ("POST", f"/admin/users/{grace.id}/ban", {"reason": "envy"}),
        ("DELETE", f"/admin/users/{grace.id}/ban", None),
        ("DELETE", f"/admin/users/{grace.id}/sessions", None),
        ("PATCH", f"/users/{grace.id}", {"role": "admin"}),
        ("GET", "/admin/roles", None),
        ("GET", "/admin/plans", None),
        ("PATCH", "/admin/plans/free", {"requests_per_minute": 1}),
        ("GET", "/admin/audit", None),
        ("POST", "/users/ensure", {"users": [{"id": "1", "role": "buyer"}]}),
    ]:
        ada.request(method, path, body).error(403, "forbidden")
    grace.get("/auth/me").must()
