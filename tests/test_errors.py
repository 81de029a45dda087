"""What goes wrong is told alike everywhere: RFC 9457 over HTTP, the same words over a socket."""

import pytest
from sqlalchemy.exc import DataError, OperationalError

from chat_app.errors import STATUS, ChatError, as_chat_error, invalid
from tests.services.api import Api


@pytest.fixture
def api(embedded) -> Api:
    return Api(embedded.url)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "//nothing", 404, "not_found"),
        ("GET", "//nothing/at/all.html", 404, "not_found"),
        ("PUT", "/auth/login", 405, "method_not_allowed"),
        ("DELETE", "//health", 405, "method_not_allowed"),
    ],
)
def test_an_address_that_does_not_exist(api: Api, method: str, path: str, status: int, code: str):
    api.request(method, path).error(status, code)


def test_an_error_is_a_problem_document(api: Api):
    answer = api.get("/auth/me")
    body = answer.error(401, "unauthorized")
    assert sorted(body) == ["code", "detail", "request_id", "status", "title", "type"]
    assert (body["type"], body["title"], body["status"]) == ("about:blank", "Unauthorized", 401)
    assert body["request_id"] == answer.headers["X-Request-ID"]


def test_the_request_id_of_the_caller_is_kept_when_it_is_harmless(api: Api):
    assert api.get("/auth/me", headers={"X-Request-ID": "abc-1"}).json["request_id"] == "abc-1"
    for bad in ("x" * 65, "a b", "<script>", "ü".encode().decode("latin-1")):
        assert api.get("/auth/me", headers={"X-Request-ID": bad}).json["request_id"] != bad


def test_a_body_that_is_too_large_is_refused(api: Api):
    ada = api.register()
    answer = ada.request("POST", "/sync", data=b'{"epoch": "' + b"x" * 3_000_000 + b'"}')
    answer.error(413, "payload_too_large")


def test_a_stranger_may_send_less(api: Api):
    body = {"username": "ada", "password": "x" * 100_000}
    api.post("/auth/login", body).error(413, "payload_too_large")
    api.register().post("/auth/login", body).error(413, "payload_too_large")


def test_a_body_of_another_type_is_refused(api: Api):
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/xml"):
        answer = api.request("POST", "/auth/login", data=b"username=ada", headers={"Content-Type": kind})
        assert answer.status in (400, 415, 422), answer
        assert answer.json["code"] in ("bad_request", "unsupported_media_type", "validation_failed")


@pytest.mark.parametrize(
    "nested", [b"[" * 500_000, b'{"username":' * 100_000, b'{"username": ' + b"[" * 5000 + b"]" * 5000 + b"}"]
)
def test_a_body_that_is_nested_too_deeply_is_refused(api: Api, nested: bytes):
    api.register().request("PATCH", "/auth/me", data=nested).error(422, "validation_failed")


def test_a_body_with_a_hundred_thousand_mistakes_is_refused_without_naming_them(api: Api):
    answer = api.register().patch("/auth/me", {f"field{number}": 1 for number in range(100_000)})
    told = answer.error(422, "validation_failed")
    assert "errors" not in told
    assert "100000 things are wrong" in told["detail"]


def test_values_never_appear_in_an_error(api: Api):
    secret = "my secret password " * 10
    answer = api.post("/auth/register", {"username": "!", "email": "x", "password": secret, "token": secret})
    assert "secret" not in str(answer.error(422, "validation_failed"))


def test_what_the_database_does_not_answer_is_unavailable():
    error = as_chat_error(OperationalError("SELECT", {}, Exception("connection refused")))
    assert (error.code, error.status, error.retry_after) == ("unavailable", 503, 1.0)


def test_what_cannot_be_stored_is_the_caller_s_mistake():
    assert as_chat_error(DataError("INSERT", {}, Exception("out of range"))).code == "validation_failed"


def test_what_nobody_expected_tells_nothing():
    error = as_chat_error(ZeroDivisionError("a secret"))
    assert (error.code, error.status) == ("internal_error", 500)
    assert "secret" not in str(error.to_dict())


def test_every_code_has_a_status():
    assert all(ChatError(code, "x").status == status for code, status in STATUS.items())
    assert invalid("title", "is too long").to_dict()["errors"] == [{"field": "title", "message": "is too long"}]
