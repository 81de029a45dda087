"""Who is calling, and whether they may: decided before a request's body is looked at.

A route needs a signed-in caller unless it is marked `public`; it needs a permission when it says so with
`requires`. Its scope, which an API key must have, follows from its blueprint and method
(:func:`scope_of`); `scope` names another one.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import current_app, g, request

from chat_app.auth.api_keys import authenticate_key
from chat_app.auth.permissions import SESSION_ONLY
from chat_app.auth.tokens import Identity, authenticate
from chat_app.extensions import db

View = TypeVar("View", bound=Callable[..., object])
AREAS = {
    "users": "people",
    "conversations": "conversations",
    "rooms": "conversations",
    "messages": "messages",
    "uploads": "messages",
    "admin": "admin",
    "stats": "stats",
}
"""Blueprint → the area that its scopes name. The routes of other blueprints are for sessions only."""
MAX_STRANGERS_BODY = 64 * 1024
"""Bytes of the body of a request that needs no sign-in."""


def public(view: View) -> View:
    """Mark a view that anybody may call. Goes below the route decorator, like the two that follow."""
    view.is_public = True  # type: ignore[attr-defined]
    return view


def requires(permission: str) -> Callable[[View], View]:
    """Mark a view that needs this permission of the caller's role."""

    def mark(view: View) -> View:
        view.permission = permission  # type: ignore[attr-defined]
        return view

    return mark


def scope(name: str) -> Callable[[View], View]:
    """Mark a view whose scope is not the one that its blueprint and method imply."""

    def mark(view: View) -> View:
        view.scope = name  # type: ignore[attr-defined]
        return view

    return mark


def scope_of(view: Any, blueprint: str, method: str) -> str:
    """The scope that an API key needs for this view; `SESSION_ONLY` when no key will do.

    `blueprint` may be a nested one ("api.messages").
    """
    if hasattr(view, "scope"):
        return str(view.scope)
    area = AREAS.get(blueprint.rpartition(".")[2])
    if area is None:
        return SESSION_ONLY
    return f"{area}:read" if method in ("GET", "HEAD") else f"{area}:write"


def bearer_token() -> str | None:
    """The token of `Authorization: Bearer …`, or None."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else None


def require_identity() -> None:
    """Runs before each request of the API, ahead of validation: strangers learn nothing about bodies."""
    view: Any = current_app.view_functions.get(request.endpoint or "")
    if request.method == "OPTIONS" or view is None or getattr(view, "is_public", False):
        request.max_content_length = MAX_STRANGERS_BODY
        return
    key = request.headers.get("X-API-Key")
    caller = authenticate_key(key) if key is not None else authenticate(bearer_token())
    g.identity = caller
    if key is not None:
        db.session.rollback()  # gives the connection back: the request may wait for the message writer
    caller.require_scope(scope_of(view, request.blueprint or "", request.method))
    if permission := getattr(view, "permission", None):
        caller.require(permission)


def identity() -> Identity:
    """The caller of this request."""
    found: Identity = g.identity
    return found
