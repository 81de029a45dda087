"""The OpenAPI document: complete, valid, and true to what the server answers."""

import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from chat_app.auth.permissions import PERMISSIONS, SCOPES
from chat_app.documents.answers import MEANING
from chat_app.documents.openapi import openapi_document
from chat_app.errors import STATUS
from chat_app.factory import create_app
from chat_app.settings import Settings
from tests.services.api import Api
from tests.services.deployment import Deployment

METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
NOT_FOR_PROGRAMS = re.compile(r"/|/assets/.*|/docs.*|/redoc.*|/(openapi|asyncapi)\.json|/<any.*")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory):
    directory = tmp_path_factory.mktemp("app")
    settings = Settings(
        _env_file=None, data_dir=directory, secret_key="x" * 40, database_url=f"sqlite:///{directory}/x.sqlite3"
    )
    return create_app(settings, "command")


@pytest.fixture(scope="module")
def document(app):
    return openapi_document(app)


@pytest.fixture(scope="module")
def operations(document):
    return [
        (method.upper(), path, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]


def test_it_is_valid(document):
    assert document["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(document).validate()


def test_every_route_stands_in_it_once(app, operations):
    routes = {
        (method, re.sub(r"<(?:[^<:]+:)?([^>]+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in rule.methods & METHODS
        if rule.rule.startswith("/api/v1/") or not rule.rule.startswith("/api/")
        if not NOT_FOR_PROGRAMS.fullmatch(rule.rule)
    }
    assert {(method, path) for method, path, _ in operations} == routes


def test_what_is_served_below_the_alias_is_the_same(app):
    rules = {rule.rule for rule in app.url_map.iter_rules()}
    versioned = {rule.removeprefix("/api/v1") for rule in rules if rule.startswith("/api/v1/")}
    alias = {rule.removeprefix("/api") for rule in rules if rule.startswith("/api/") and "/v1/" not in rule}
    assert alias - {"/docs"} == versioned


def test_every_operation_says_what_it_does(operations):
    silent = [(method, path) for method, path, it in operations if not (it["summary"] and it["description"])]
    assert silent == []


def test_every_operation_has_a_name_of_its_own(operations):
    names = [operation["operationId"] for _, _, operation in operations]
    assert sorted(set(names)) == sorted(names)
    assert [name for name in names if not re.fullmatch(r"[a-z]+[A-Za-z0-9]*", name)] == []


def test_every_operation_has_a_tag_with_a_description(document, operations):
    described = {tag["name"] for tag in document["tags"] if tag.get("description")}
    assert [(method, path) for method, path, it in operations if not set(it["tags"]) & described] == []
    assert {tag["name"] for tag in document["tags"]} == described


def test_every_operation_says_what_success_looks_like(operations):
    """A body with a schema, or no body (204, a redirect)."""

    def tells(operation) -> bool:
        success = {status: answer for status, answer in operation["responses"].items() if status < "4"}
        return bool(success) and all(
            status in ("202", "204", "302") or all("schema" in media for media in answer["content"].values())
            for status, answer in success.items()
        )

    assert [(method, path) for method, path, operation in operations if not tells(operation)] == []


def test_every_error_is_a_problem_document(document, operations):
    answers = document["components"]["responses"]
    assert {
        (answer["content"]["application/problem+json"]["schema"]["$ref"], *answer["content"])
        for answer in answers.values()
    } == {("#/components/schemas/Problem", "application/problem+json")}
    for method, path, operation in operations:
        errors = {status: answer for status, answer in operation["responses"].items() if status >= "4"}
        own = {status for status, answer in errors.items() if "$ref" not in answer}
        assert own <= {"503"}, (method, path)  # the health checks answer with a state


def test_every_code_of_an_error_is_explained(document):
    assert list(MEANING) == list(STATUS)
    page = (Path(__file__).parents[2] / "docs/api.md").read_text()
    for code in STATUS:
        assert f"`{code}`" in document["info"]["description"]
        assert f"`{code}`" in page


def test_examples_fit_their_fields(document):
    tried = 0
    for name, schema in document["components"]["schemas"].items():
        for field, part in schema.get("properties", {}).items():
            for example in part.get("examples", ()):
                errors = Draft202012Validator(part | {"components": document["components"]}).iter_errors(example)
                assert not [error.message for error in errors], (name, field)
                tried += 1
    assert tried > 100


def test_every_field_of_a_body_has_an_example_or_says_what_to_write(document, operations):
    """A default, a list of words, a format."""
    for method, path, operation in operations:
        for media in operation.get("requestBody", {}).get("content", {}).values():
            model = media["schema"].get("$ref", "").rpartition("/")[2]
            for name, field in document["components"]["schemas"].get(model, {}).get("properties", {}).items():
                assert {"examples", "enum", "const", "default", "format", "items"} & set(field), (method, path, name)


def test_the_example_of_each_error_fits_its_schema(document):
    schema = {"$ref": "#/components/schemas/Problem", "components": document["components"]}
    for answer in document["components"]["responses"].values():
        Draft202012Validator(schema).validate(answer["content"]["application/problem+json"]["example"])


def test_an_operation_is_open_only_where_its_view_says_so(app, document, operations):
    """`@public` and nothing else opens an operation; the refresh has its own token."""
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:[^<:]+:)?([^>]+)>", r"{\1}", rule.rule)
        for method in rule.methods & METHODS & {m.upper() for m in document["paths"].get(path, ())}:
            operation = document["paths"][path][method.lower()]
            view = app.view_functions[rule.endpoint]
            if not getattr(view, "is_public", False):
                assert {"bearer": []} in operation["security"], (method, path)
                assert {} not in operation["security"], (method, path)
                assert operation.get("x-permission") == getattr(view, "permission", None)
            else:
                assert {"bearer": []} not in operation["security"], (method, path)


def test_scopes_and_permissions_are_known_ones(operations):
    assert {it["x-scope"] for _, _, it in operations if it.get("x-scope")} <= set(SCOPES)
    assert {it["x-permission"] for _, _, it in operations if "x-permission" in it} <= set(PERMISSIONS)


def test_a_key_is_offered_where_it_has_a_scope(document):
    read = document["paths"]["/api/v1/messages/{message_id}"]["get"]
    assert read["x-scope"] == "messages:read"
    assert read["security"] == [{"bearer": []}, {"apiKey": ["messages:read"]}]
    assert document["paths"]["/api/v1/auth/password"]["post"]["security"] == [{"bearer": []}]
    assert document["paths"]["/api/v1/auth/login"]["post"]["security"] == []


def test_bodies_that_may_be_left_out_say_so(document):
    for path in ("/auth/logout", "/auth/refresh", "/auth/token/refresh"):
        assert document["paths"]["/api/v1" + path]["post"]["requestBody"]["required"] is False
    assert document["paths"]["/api/v1/auth/login"]["post"]["requestBody"]["required"] is True


def test_unknown_fields_are_refused_in_every_body(document, operations):
    for method, path, operation in operations:
        for media in operation.get("requestBody", {}).get("content", {}).values():
            if "$ref" in media["schema"]:
                schema = document["components"]["schemas"][media["schema"]["$ref"].rpartition("/")[2]]
                assert schema["additionalProperties"] is False, (method, path)


def test_it_is_served_once_made(embedded: Deployment):
    api = Api(embedded.url)
    first = api.get("//openapi.json")
    assert first.must()["info"]["title"] == "ChatSphere"
    assert "/api/v1/auth/login" in first.json["paths"]
    again = api.request("GET", "//openapi.json", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status == 304
