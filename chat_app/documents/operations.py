"""The operations of the HTTP interface: what Flask's map of addresses and the views themselves tell of each."""

import inspect
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, get_type_hints

from flask import Flask
from flask_openapi import OpenAPI
from flask_openapi.models import Operation, Tag
from pydantic import BaseModel

from chat_app.auth.current import scope_of
from chat_app.documents.area import Area

BASE = "/api/v1"
PARTS = ("header", "cookie", "path", "query")
UNDOCUMENTED = {"page", "documents"}
"""Blueprints that serve people's browsers, not programs."""
_PARAMETER = re.compile(r"\{[^}]*\}")
_WORDS = re.compile(r"[A-Za-z0-9]+")


@dataclass(frozen=True)
class Route:
    """One method of one address. `declared` is what its decorator told flask-openapi."""

    path: str
    """As OpenAPI writes it: ``/api/v1/users/{user_id}``."""
    method: str
    blueprint: str
    view: Callable[..., Any]
    declared: Operation
    tags: tuple[Tag, ...]

    @property
    def is_public(self) -> bool:
        return getattr(self.view, "is_public", False)

    @property
    def permission(self) -> str | None:
        return getattr(self.view, "permission", None)

    @property
    def scope(self) -> str:
        return scope_of(self.view, self.blueprint, self.method)

    @property
    def below_base(self) -> bool:
        return self.path.startswith(BASE + "/")

    def model(self, part: str) -> type[BaseModel] | None:
        """The model of the request's `path`, `query`, `header`, `form` or `body`."""
        return get_type_hints(self.view).get(part)

    @property
    def prose(self) -> tuple[str, str]:
        return told_by(self.view)


def told_by(function: Callable[..., Any]) -> tuple[str, str]:
    """Summary and description: the first clause of a docstring, without Markdown, and all of it."""
    paragraphs = [" ".join(part.split()) for part in (inspect.getdoc(function) or "").split("\n\n")]
    return re.split(r"[;:] |\.(?: |$)", paragraphs[0])[0].replace("`", ""), "\n\n".join(paragraphs)


def routes(app: OpenAPI) -> list[Route]:
    """Every route that programs call, once: not those of the page, and not the alias of the base."""
    found = list(_routes(app))
    return sorted(found, key=lambda route: (not route.below_base, route.path, route.method))


def _routes(app: OpenAPI) -> Iterator[Route]:
    for rule in app.url_map.iter_rules():
        blueprint = rule.endpoint.rpartition(".")[0]
        is_alias = rule.rule.startswith("/api/") and not rule.rule.startswith(BASE + "/")
        if is_alias or not blueprint or blueprint.split(".")[0] in UNDOCUMENTED:
            continue
        path = re.sub(r"<(?:[^<:]+:)?([^>]+)>", r"{\1}", rule.rule)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            view = app.view_functions[rule.endpoint]
            yield Route(path, method, blueprint, view, *_declaration(app, blueprint, path, method))


def _declaration(app: Flask, blueprint: str, path: str, method: str) -> tuple[Operation, tuple[Tag, ...]]:
    """What the decorator of the route declared; nothing for a route of a plain Flask blueprint."""
    owner = app.blueprints[blueprint]
    if not isinstance(owner, Area):
        return Operation(), ()
    owner.describe()
    item = owner.paths.get(path.removeprefix(BASE)) or owner.paths.get(path)
    operation = getattr(item, method.lower(), None) or Operation()
    return operation, tuple(owner.tags)


def operation_ids(found: list[Route]) -> dict[tuple[str, str], str]:
    """(path, method) → `authRegister`: noun and view; a view's further addresses add what sets them apart."""
    named: dict[tuple[str, str], str] = {}
    taken: Counter[str] = Counter()
    for route in sorted(found, key=lambda route: (route.method == "PUT", len(route.path), route.path)):
        noun = (route.declared.tags or [route.blueprint.rpartition(".")[2]])[0]
        name = f"{noun}_{route.view.__name__}"
        if taken[name]:
            extra = [word for word in _WORDS.findall(_PARAMETER.sub("", route.path)) if word not in name]
            new = [word for word in extra if word not in BASE] or ([] if route.method == "PUT" else extra)
            name = "_".join([name, *(new or [route.method.lower()])])
        taken[name] += 1
        first, *others = name.split("_")
        named[route.path, route.method] = first + "".join(word.capitalize() for word in others)
    return named
