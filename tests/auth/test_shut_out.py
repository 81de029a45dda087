"""Who is shut out of an account is out: what they had under way at that moment is not done after it."""

import uuid
from collections.abc import Callable

import pytest

from tests.services.api import PASSWORD, Account, Answer, Api
from tests.services.database import Database
from tests.services.deployment import Deployment
from tests.services.roles import give_role

NEW = "a much better battery"
INTRUSIONS: dict[str, Callable[[Account], Answer]] = {
    "a password": lambda thief: thief.post("/auth/password", {"current_password": PASSWORD, "new_password": "i" * 12}),
    "an address": lambda thief: thief.patch("/auth/me", {"email": f"{uuid.uuid4().hex}@example.org"}),
    "an API key": lambda thief: thief.post("/auth/api-keys", {"name": "mine", "scopes": ["profile:read"]}),
}


@pytest.fixture
def database(cluster: Deployment) -> Database:
    return Database(cluster.database_url)


@pytest.mark.parametrize("intrusion", INTRUSIONS)
def test_an_intruder_leaves_nothing_behind(cluster: Deployment, database: Database, intrusion: str):
    ada = Api(cluster.url).register()
    thief = ada.second_device().at(cluster.urls[-1])
    shut_out, tried = database.in_turn(
        "users",
        ada.id,
        lambda: ada.post("/auth/password", {"current_password": PASSWORD, "new_password": NEW}),
        lambda: INTRUSIONS[intrusion](thief),
    )
    shut_out.must(204)
    tried.error(401, "token_revoked")
    assert ada.get("/auth/me").must()["email"] == f"{ada.username}@example.org"
    assert ada.get("/auth/api-keys").must()["items"] == []
    ada.log_in(ada.username, NEW)


def test_a_demoted_administrator_makes_no_account_any_more(cluster: Deployment, database: Database):
    root, second = (give_role(database, Api(cluster.url).register(), "admin") for _ in range(2))
    name = f"u{uuid.uuid4().hex[:12]}"
    body = {"username": name, "email": f"{name}@example.org", "password": PASSWORD, "role": "admin"}
    demoted, made = database.in_turn(
        "users",
        second.id,
        lambda: root.patch(f"/users/{second.id}", {"role": "member"}),
        lambda: second.at(cluster.urls[-1]).post("/admin/users", body),
    )
    demoted.must()
    made.error(403, "forbidden")
    assert root.get("/admin/users", q=name).must()["items"] == []


def test_seventy_thousand_sessions_end_at_once(cluster: Deployment, database: Database):
    """A database takes 65,535 parameters in one statement, and anybody may log in again and again."""
    ada, root = Api(cluster.url).register(), give_role(database, Api(cluster.url).register(), "admin")
    columns = "id, user_id, refresh_id, user_agent, address, created_at, refreshed_at, expires_at"
    database.change_each(
        f"INSERT INTO auth_sessions ({columns}) VALUES (:id, :user, :id, :none, :none, :now, :now, :later)",
        [
            {"id": str(uuid.uuid4()), "user": ada.id, "none": "", "now": "2026-01-01", "later": "2126-01-01"}
            for _ in range(70_000)
        ],
    )
    root.post(f"/admin/users/{ada.id}/ban", {"reason": "Spam"}).must()
    living = "SELECT count(*) FROM auth_sessions WHERE user_id = :id AND revoked_at IS NULL"
    assert database.one(living, id=ada.id) == 0
