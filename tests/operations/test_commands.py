"""The operator's commands: create-admin, sample-data, new-epoch."""

import uuid

import pytest
from celery import Celery

from tests.services.api import Api
from tests.services.commands import flask
from tests.services.database import Database
from tests.services.deployment import Deployment
from tests.services.people import People
from tests.services.sockets import Sockets
from tests.services.waiting import eventually


def create_admin(deployment: Deployment, **changes: str):
    name = changes.get("username") or f"boss-{uuid.uuid4().hex[:8]}"
    options = {"username": name, "email": f"{name}@example.org", "password": "a long password", **changes}
    flags = [part for option, value in options.items() for part in (f"--{option}", value)]
    result = flask(deployment.data_dir, "create-admin", *flags, settings=deployment.settings)
    return name, result.returncode, result.stdout


def test_an_administrator_is_made(deployment: Deployment):
    name, status, said = create_admin(deployment)
    assert (status, said) == (0, f"Made {name} ({name}@example.org): admin.\n")
    assert Api(deployment.url).log_in(name, "a long password").get("/auth/me").must()["role"] == "admin"


def test_an_account_is_promoted_and_gets_the_password(deployment: Deployment):
    ada = Api(deployment.url).register()
    _, status, said = create_admin(deployment, username=ada.username, role="agent")
    assert (status, said) == (0, f"Promoted {ada.username} ({ada.username}@example.org): agent.\n")
    assert Api(deployment.url).log_in(ada.username, "a long password").get("/auth/me").must()["role"] == "agent"


@pytest.mark.parametrize("was_verified", [False, True])
def test_who_made_the_account_that_is_promoted_is_no_administrator_by_that(
    deployment: Deployment, people: People, was_verified: bool
):
    database = Database(deployment.database_url)
    ada = people.one()
    if was_verified:
        database.change("UPDATE users SET email_verified_at = CURRENT_TIMESTAMP WHERE id = :id", id=ada.id)
    key = ada.post("/auth/api-keys", {"name": "mine", "scopes": ["profile:read"]}).must(201)["key"]
    sockets = [] if was_verified else people.everywhere(ada)
    create_admin(deployment, username=ada.username)
    for url in deployment.urls:
        ada.at(url).get("/auth/me").error(401, "token_revoked")
        ada.at(url).post("/auth/refresh", {"refresh_token": ada.refresh_token}).error(401, "token_revoked")
        status = Api(url).get("/auth/me", headers={"X-API-Key": key}).status
        assert status == (200 if was_verified else 401)
    for socket in sockets:
        socket.wait_for("disconnect", timeout=20)
    ada.post("/auth/login", {"username": ada.username, "password": ada.password}).error(401, "invalid_credentials")


def test_a_banned_account_is_not_promoted(deployment: Deployment):
    ada = Api(deployment.url).register()
    database = Database(deployment.database_url)
    database.change("UPDATE users SET banned_at = CURRENT_TIMESTAMP WHERE id = :id", id=ada.id)
    _, status, said = create_admin(deployment, username=ada.username)
    assert status != 0
    assert "is banned" in said
    assert database.one("SELECT role FROM users WHERE id = :id", id=ada.id) == "member"


def test_a_bad_password_promotes_nobody(embedded: Deployment):
    ada = Api(embedded.url).register()
    for bad in ("short", "password123", ada.username):
        _, status, said = create_admin(embedded, username=ada.username, password=bad)
        assert (status, "password" in said) == (1, True)
    assert ada.get("/auth/me").must()["role"] == "member"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"password": "short"}, "password"),
        ({"username": "a b"}, "username"),
        ({"email": "nowhere"}, "email"),
        ({"role": "king"}, "role"),
    ],
)
def test_what_is_bad_is_named_and_nothing_is_made(embedded: Deployment, changes: dict[str, str], named: str):
    name, status, said = create_admin(embedded, **changes)
    assert status != 0
    assert named in said
    assert "Traceback" not in said
    api = Api(embedded.url)
    api.post("/auth/login", {"username": name, "password": "a long password"}).error(401, "invalid_credentials")


def test_an_account_with_another_address_is_not_taken_over(embedded: Deployment):
    ada = Api(embedded.url).register()
    _, status, said = create_admin(embedded, username=ada.username, email="somebody@example.org")
    assert status != 0
    assert "another e-mail address" in said
    assert ada.log_in(ada.username).get("/auth/me").must()["role"] == "member"


def test_sample_data_can_be_looked_around_in_and_is_added_once(deployment: Deployment):
    for _ in range(2):
        result = flask(deployment.data_dir, "sample-data", settings=deployment.settings)
        assert result.returncode == 0, result.stdout
    ada = Api(deployment.url).log_in("ada", "chatsphere")
    items = ada.get("/conversations").must()["items"]
    assert sorted((item["kind"], item["last_seq"]) for item in items) == [("group", 3), ("private", 2), ("room", 6)]
    room = next(item["id"] for item in items if item["kind"] == "room")
    assert [m["seq"] for m in ada.history(room)["items"]] == list(range(1, 7))
    assert ada.get("/users", q="陈美").must()["items"][0]["username"] == "mei"


def test_a_new_epoch_makes_clients_begin_afresh(people: People, sockets: Sockets):
    deployment = people.deployment
    ada = people.one()
    group = ada.group()
    ada.say(group, "hello")
    epoch = ada.post("/sync", {}).must()["epoch"]
    result = flask(deployment.data_dir, "new-epoch", settings=deployment.settings)
    assert result.returncode == 0, result.stdout
    for url in deployment.urls:
        answer = ada.at(url).post("/sync", {"epoch": epoch, "conversations": {group: 1}}).must()
        assert answer["epoch"] != epoch
        assert answer["epoch"] in result.stdout
        assert answer["reset"] == [group]
        assert sockets.connect(url, ada.token).wait_for("ready")["epoch"] == answer["epoch"]


def test_the_cleanup_job_removes_what_ended_long_ago(cluster: Deployment, sockets: Sockets):
    database = Database(cluster.database_url)
    ada = Api(cluster.url).register()
    kept, doomed = ada.group(title="kept"), ada.group(title="doomed")
    for group in (kept, doomed):
        ada.say(group, "hello")
    phone = ada.second_device()
    phone.post("/auth/logout").must(204)
    ada.delete(f"/conversations/{doomed}").must(204)
    long_ago = "2020-01-01 00:00:00"
    database.change("UPDATE conversations SET deleted_at = :at WHERE id = :id", at=long_ago, id=doomed)
    old = "UPDATE auth_sessions SET revoked_at = :at WHERE user_id = :id AND revoked_at IS NOT NULL"
    database.change(old, at=long_ago, id=ada.id)
    run_job(cluster, "cleanup.expired")
    assert eventually(lambda: database.rows("SELECT id FROM conversations WHERE id = :id", id=doomed) == [])
    assert database.one("SELECT count(*) FROM messages WHERE conversation_id = :id", id=doomed) == 0
    assert database.one("SELECT count(*) FROM auth_sessions WHERE user_id = :id", id=ada.id) == 1
    assert len(ada.history(kept)["items"]) == 1


def run_job(deployment: Deployment, name: str) -> None:
    """Have the Celery worker do it now, as beat does once an hour."""
    with Celery(broker=deployment.settings["REDIS_URL"]) as celery:
        celery.send_task(name, queue="chatsphere")
