"""`/openapi.json` (OpenAPI 3.1): the routes, and the schemas of the very models that validate."""

import re
from http import HTTPStatus
from typing import Any

from flask_openapi import OpenAPI
from flask_openapi.utils import normalize_name
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema

from chat_app import __version__
from chat_app.documents.answers import (
    HEADERS,
    RATE_LIMIT,
    error_statuses,
    header_refs,
    list_of_codes,
    problem_answer,
    problem_name,
)
from chat_app.documents.examples import illustrated
from chat_app.documents.operations import BASE, PARTS, Route, operation_ids, routes
from chat_app.documents.schemas import Problem
from chat_app.limits import is_free_path
from chat_app.schemas import OptionalInput

Json = dict[str, Any]
Keyed = tuple[type[BaseModel], JsonSchemaMode]
REF = "#/components/schemas/{model}"
VERSION = "3.1.1"
ABOUT = f"""The HTTP interface of ChatSphere. Everything below `{BASE}` is also served below `/api`. The events of the
sockets have [a page of their own](/redoc/events) (`/asyncapi.json`).

## Signing in
`POST {BASE}/auth/login` answers an access token, to be sent as `Authorization: Bearer …`, and a refresh token, which
`POST {BASE}/auth/token/refresh` swaps for a new pair. Programs send an API key as `X-API-Key`, which acts for its owner
within its scopes. What the caller may not see answers 404, as if it were not there.

## Requests and answers
Bodies are JSON; unknown fields are refused. Ids are UUIDs, times are UTC (`2026-11-21T08:37:52.123Z`). Lists are
pages: pass `next_cursor` as `cursor` to get the next one. A message is stored once for each `client_msg_id`, however
often it is sent. The answer's `X-Request-ID` names the request in the server's log.

## Limits
`X-RateLimit-Limit`, `X-RateLimit-Remaining` and `X-RateLimit-Reset` tell how many calls are left. Too many are answered
429, with `Retry-After`.

## Errors
Problem documents (RFC 9457, `application/problem+json`). Programs look at `code`, which is stable; people read
`detail`.

{list_of_codes()}"""
LICENCE = {"name": "MIT", "identifier": "MIT"}
LAST_TAGS = ("admin", "operations")
SECURITY_SCHEMES: Json = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The access token of a session, from `/auth/register`, `/auth/login` or `/auth/token/refresh`.",
    },
    "apiKey": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "A program's key. It acts for its owner, within the scopes that it was made with.",
    },
    "refreshToken": {
        "type": "http",
        "scheme": "bearer",
        "description": "The refresh token of a session; it may stand in the body instead.",
    },
}


def openapi_document(app: OpenAPI) -> Json:
    """The whole document. Takes a moment: call it once per process."""
    found = routes(app)
    ids = operation_ids(found)
    schemas = Schemas(app, found)
    paths: Json = {}
    for route in found:
        operation = _operation(route, ids[route.path, route.method], schemas)
        paths.setdefault(route.path, {})[route.method.lower()] = operation
    statuses = {status for route in found for status in error_statuses(route)}
    tags = {tag.name: tag.model_dump(mode="json", exclude_none=True) for route in found for tag in route.tags}
    return {
        "openapi": VERSION,
        "info": {"title": "ChatSphere", "version": __version__, "description": ABOUT, "license": LICENCE},
        "servers": [{"url": "/", "description": "This server."}],
        "tags": sorted(tags.values(), key=lambda tag: tag["name"] in LAST_TAGS),
        "paths": paths,
        "components": {
            "schemas": schemas.definitions,
            "responses": {problem_name(status): problem_answer(status) for status in sorted(statuses)},
            "headers": HEADERS,
            "securitySchemes": SECURITY_SCHEMES,
        },
    }


class Schema(GenerateJsonSchema):
    """Writes `UserPage`, where pydantic would write `Page_UserOut_`, and no titles that only repeat a field's name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def normalize_name(self, name: str) -> str:
        return super().normalize_name(re.sub(r"^Page\[(\w+?)(?:Out)?\]$", r"\1Page", name))


class Schemas:
    """The JSON schemas of all bodies and answers, made in one go so that their names are told apart."""

    def __init__(self, app: OpenAPI, found: list[Route]) -> None:
        self._by_name = {_name(model): model for model in _subclasses(BaseModel)}
        wanted: dict[Keyed, None] = {(Problem, "serialization"): None}
        for route in found:
            for model in (route.model("body"), route.model("form")):
                if model:
                    wanted[model, "validation"] = None
            for response in (route.declared.responses or {}).values():
                for name in _names_in(response):
                    wanted[self._by_name[name], "serialization"] = None
        self._refs, made = models_json_schema(list(wanted), ref_template=REF, schema_generator=Schema)
        self.definitions: Json = illustrated(made["$defs"])

    def of(self, model: type[BaseModel]) -> Json:
        """A reference to the schema of a body."""
        return self._refs[model, "validation"]

    def named(self, name: str) -> Json:
        """A reference to the schema of an answer, which flask-openapi knows by its name."""
        return self._refs[self._by_name[name], "serialization"]


def _subclasses(model: type[BaseModel]) -> set[type[BaseModel]]:
    ours = {sub for sub in model.__subclasses__() if not sub.__module__.startswith("flask_openapi")}
    return ours.union(*(_subclasses(sub) for sub in ours))


def _name(model: type[BaseModel]) -> str:
    return normalize_name(str(model.model_config.get("title") or model.__name__))


def _names_in(response: Any) -> list[str]:
    """The models that a declared answer refers to."""
    refs = [getattr(media.media_type_schema, "ref", None) for media in (response.content or {}).values()]
    return [ref.rpartition("/")[2] for ref in refs if ref]


def _operation(route: Route, operation_id: str, schemas: Schemas) -> Json:
    summary, description = route.prose
    operation: Json = {
        "operationId": operation_id,
        "tags": route.declared.tags or [],
        "summary": summary,
        "description": "\n\n".join([description, *_access(route)]),
        "security": _security(route),
    }
    if route.permission:
        operation["x-permission"] = route.permission
    if not route.is_public:
        operation["x-scope"] = route.scope or None
    if parameters := _parameters(route):
        operation["parameters"] = parameters
    if body := _request_body(route, schemas):
        operation["requestBody"] = body
    return operation | {"responses": _responses(route, schemas)}


def _access(route: Route) -> list[str]:
    """Who may call it, in words."""
    if route.is_public:
        return []
    told = [f"Needs the permission `{route.permission}`."] if route.permission else []
    return [" ".join([*told, f"API keys need the scope `{route.scope}`." if route.scope else "Not open to API keys."])]


def _security(route: Route) -> list[Json]:
    if route.declared.security is not None:
        return [dict(requirement) for requirement in route.declared.security]
    if route.is_public:
        return []
    return [{"bearer": []}, {"apiKey": [route.scope]}] if route.scope else [{"bearer": []}]


def _parameters(route: Route) -> list[Json]:
    return [
        parameter
        for part in PARTS
        if (model := route.model(part))
        for parameter in _parameters_of(model.model_json_schema(schema_generator=Schema), part)
    ]


def _parameters_of(schema: Json, part: str) -> list[Json]:
    required = schema.get("required", [])
    made = []
    for name, field in schema.get("properties", {}).items():
        field = _sendable(field)
        parameter = {"name": name, "in": part, "required": part == "path" or name in required}
        if description := field.pop("description", None):
            parameter["description"] = description
        made.append(parameter | {"schema": field})
    return made


def _sendable(schema: Json) -> Json:
    """The schema of a value that stands in an address, where nothing can be null: left out means that."""
    kept = {key: value for key, value in schema.items() if key != "anyOf"}
    if kept.get("default", 0) is None:
        del kept["default"]
    branches = [branch for branch in schema.get("anyOf", []) if branch != {"type": "null"}]
    return kept | (branches[0] if len(branches) == 1 else {"anyOf": branches} if branches else {})


def _request_body(route: Route, schemas: Schemas) -> Json | None:
    if route.declared.requestBody and not route.model("body"):
        return route.declared.requestBody.model_dump(mode="json", by_alias=True, exclude_none=True)
    for part, media_type in (("body", "application/json"), ("form", "multipart/form-data")):
        if model := route.model(part):
            content = {media_type: {"schema": schemas.of(model)}}
            return {"required": not issubclass(model, OptionalInput), "content": content}
    return None


def _responses(route: Route, schemas: Schemas) -> Json:
    answers: Json = {}
    for status, response in sorted((route.declared.responses or {}).items()):
        if int(status) < HTTPStatus.BAD_REQUEST or _names_in(response):
            answers[status] = _answer(route, response, schemas)
    for code in sorted(error_statuses(route)):
        answers.setdefault(str(code), {"$ref": f"#/components/responses/{problem_name(code)}"})
    return answers


def _answer(route: Route, response: Any, schemas: Schemas) -> Json:
    """An answer that is no problem document: success, or a state of health."""
    declared: Json = response.model_dump(mode="json", by_alias=True, exclude_none=True)
    headers = header_refs("X-Request-ID", *(() if is_free_path(route.path) else RATE_LIMIT))
    answer = {"description": declared.get("description", ""), "headers": headers | declared.get("headers", {})}
    for name in _names_in(response):
        declared["content"]["application/json"] = {"schema": schemas.named(name)}
    return answer | ({"content": declared["content"]} if "content" in declared else {})
