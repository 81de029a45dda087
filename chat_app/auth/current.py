"""Who is calling: every route of the API needs a signed-in caller unless it is marked `public`."""

from collections.abc import Callable
from typing import TypeVar

from flask import current_app, g, request

from chat_app.auth.tokens import Identity, authenticate
from chat_app.extensions import db

View = TypeVar("View", bound=Callable[..., object])


def public(view: View) -> View:
    """Mark a view that anybody may call. Goes below the route decorator."""
    view.is_public = True  # type: ignore[attr-defined]
    return view


def bearer_token() -> str | None:
    """The token of `Authorization: Bearer …`, or None."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def require_identity() -> None:
    """Runs before each request of the API, ahead of validation: strangers learn nothing about bodies."""
    view = current_app.view_functions.get(request.endpoint or "")
    if request.method == "OPTIONS" or view is None or getattr(view, "is_public", False):
        return
    g.identity = authenticate(bearer_token())
    db.session.rollback()  # gives the connection back: the request may wait for the message writer


def identity() -> Identity:
    """The caller of this request."""
    found: Identity = g.identity
    return found
