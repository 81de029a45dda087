"""Which passwords are refused: by length, because everybody tries them first, or because they are one's name."""

import uuid

import pytest

from chat_app.auth.passwords import is_common, is_own_name
from tests.operations.test_commands import create_admin
from tests.services.api import PASSWORD, Api
from tests.services.deployment import Deployment


@pytest.mark.parametrize("password", ["PassWord1", "12345678", "qwertyuiop", "TRUSTNO1", "iloveyou"])
def test_common_ones_are_refused_whatever_their_case(embedded: Deployment, password: str):
    assert is_common(password)
    name = f"u{uuid.uuid4().hex[:12]}"
    body = {"username": name, "email": f"{name}@example.org", "password": password}
    (error,) = Api(embedded.url).post("/auth/register", body).error(422, "validation_failed")["errors"]
    assert error["field"] == "password"
    assert "choose a rarer one" in error["message"]
    assert password not in str(error)


@pytest.mark.parametrize(
    "password", [PASSWORD, "chatsphere", "a long password", "a better battery", "正確的馬電池釘書針"]
)
def test_rare_ones_are_not(password: str):
    assert not is_common(password)


@pytest.mark.parametrize(
    "password", ["ada-lovelace", "ADA-Lovelace", " ada-lovelace ", "countess@Example.org", "COUNTESS"]
)
def test_ones_own_names_are_known(password: str):
    assert is_own_name(password, "ada-lovelace", "countess@example.org")
    assert not is_own_name(password + "1", "ada-lovelace", "countess@example.org")


def test_ones_own_name_is_refused_wherever_a_password_is_set(embedded: Deployment):
    name = f"u{uuid.uuid4().hex[:12]}"
    address = f"mail-of-{name}@example.org"
    for password in (name.upper(), address, address.partition("@")[0]):
        body = {"username": name, "email": address, "password": password}
        (error,) = Api(embedded.url).post("/auth/register", body).error(422, "validation_failed")["errors"]
        assert error["field"] == "password"
        assert "neither your username nor your address" in error["message"]

    ada = Api(embedded.url).register(name, email=address)
    for password in (name.upper(), address, "password123"):
        body = {"current_password": PASSWORD, "new_password": password}
        (error,) = ada.post("/auth/password", body).error(422, "validation_failed")["errors"]
        assert error["field"] == "new_password"
    ada.log_in(name, PASSWORD)


def test_the_command_refuses_the_same_for_a_known_account(embedded: Deployment):
    ada = Api(embedded.url).register()
    for password in ("x" * 73, ada.username):
        _, status, said = create_admin(embedded, username=ada.username, password=password)
        assert status != 0
        assert "password" in said
        assert "Traceback" not in said
    assert ada.log_in(ada.username).get("/auth/me").must()["role"] == "member"
