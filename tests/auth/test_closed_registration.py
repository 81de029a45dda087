"""REGISTRATION=closed over the API. With providers: tests/oauth/test_deployments.py; in the page: tests/web."""

import uuid
from collections.abc import Iterator

import pytest

from tests.services import deployment as deployments
from tests.services.api import PASSWORD, Api
from tests.services.commands import flask
from tests.services.deployment import Deployment


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployments.embedded(tmp_path_factory.mktemp("closed"), {"REGISTRATION": "closed"}) as deployment:
        yield deployment


@pytest.fixture(scope="module")
def root(closed: Deployment) -> Api:
    """The first account, made by the command."""
    options = ("--username", "root", "--email", "root@example.org", "--password", PASSWORD)
    assert flask(closed.data_dir, "create-admin", *options, settings=closed.settings).returncode == 0
    return Api(closed.url).log_in("root")


def test_strangers_make_no_account_and_do_not_learn_which_there_are(closed: Deployment, root: Api):
    assert Api(closed.url).get("//info").must()["registration"] == "closed"
    for name in ("root", f"u{uuid.uuid4().hex[:12]}"):
        body = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
        for base in ("//api/auth", "/auth"):
            Api(closed.url).post(f"{base}/register", body).error(403, "registration_closed")
        Api(closed.url).post("/auth/login", {"username": name, "password": "wrong"}).error(401, "invalid_credentials")


def test_administrators_and_back_ends_make_accounts_all_the_same(closed: Deployment, root: Api):
    name = f"u{uuid.uuid4().hex[:12]}"
    root.post("/admin/users", {"username": name, "email": f"{name}@example.org", "password": PASSWORD}).must(201)
    Api(closed.url).log_in(name)
    (ensured,) = root.post("/users/ensure", {"users": [{"id": "1", "role": "buyer"}]}).must()["items"]
    assert ensured["created"]
