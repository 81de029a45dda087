from typing import Any

from flask import Response, request
from flask_openapi import Tag

from chat_app.auth import service, sessions
from chat_app.auth.current import bearer_token, identity, public, scope
from chat_app.auth.passwords import hash_password
from chat_app.auth.schemas import Login, Logout, PasswordChange, Refresh, RefreshHeaders, Register, TokenPair
from chat_app.db import transaction
from chat_app.documents.area import Area
from chat_app.errors import ChatError
from chat_app.extensions import db
from chat_app.limits import auth_limited, guessing
from chat_app.recovery.service import ask_to_verify
from chat_app.users.models import User
from chat_app.users.profile import update_profile
from chat_app.users.schemas import Me, ProfileUpdate

TAG = Tag(name="auth", description="Accounts, sessions, tokens and keys.")
bp = Area("auth", __name__, url_prefix="/auth", abp_tags=[TAG])


REFRESH: list[dict[str, list[Any]]] = [{"refreshToken": []}, {}]


def _device() -> tuple[str, str]:
    return request.headers.get("User-Agent", ""), request.remote_addr or ""


@bp.post("/register", responses={201: TokenPair, 403: None, 409: None})
@public
@auth_limited
def register(body: Register) -> tuple[dict[str, Any], int]:
    """Make an account and sign in; refused while REGISTRATION is closed."""
    service.require_open_registration()
    password_hash = hash_password(body.password)
    with transaction():
        user = service.create_user(body.username, body.email, password_hash, display_name=body.display_name)
        ask_to_verify(user.id)
        return sessions.open_session(user, *_device(), "auth.registered"), 201


@bp.post("/login", responses={200: TokenPair, 401: None, 403: None})
@public
@auth_limited
def login(body: Login) -> dict[str, Any]:
    """Sign in with the username or the e-mail address."""
    with guessing(body.username):
        user = service.log_in(body.username, body.password)
    with transaction():
        service.confirm_log_in(user)
        return sessions.open_session(user, *_device())


@bp.post("/token/refresh", responses={200: TokenPair, 401: None, 403: None}, security=REFRESH)
@bp.post("/refresh", responses={200: TokenPair, 401: None, 403: None}, security=REFRESH)
@public
def refresh(body: Refresh, header: RefreshHeaders) -> dict[str, Any]:
    """Swap the refresh token (in the body or as bearer) for a new pair; the old one counts no more.

    With a secret `Idempotency-Key` the same call may be repeated for a minute when its answer was lost.
    """
    token = body.refresh_token or bearer_token()
    if not token:
        raise ChatError("unauthorized", "Send the refresh token as bearer or as refresh_token.")
    return sessions.refresh(token, header.idempotency_key)


@bp.post("/logout", responses={204: None})
def logout(body: Logout) -> Response:
    """End this session, or all of one's sessions with `everywhere`."""
    caller = identity()
    with transaction():
        sessions.log_out(caller.user_id, caller.session_id, everywhere=body.everywhere)
    return Response(status=204)


@bp.get("/me", responses={200: Me})
@scope("profile:read")
def me() -> dict[str, Any]:
    """One's own profile."""
    return Me.model_validate(db.session.get_one(User, identity().user_id)).to_json()


@bp.put("/me", responses={200: Me, 409: None})
@bp.patch("/me", responses={200: Me, 409: None})
def update_me(body: ProfileUpdate) -> dict[str, Any]:
    """Change one's own profile; what is left out stays as it is."""
    caller = identity()
    with transaction():
        user = update_profile(caller.user_id, caller.session_id, body)
    return Me.model_validate(user).to_json()


@bp.post("/password", responses={204: None})
def change_password(body: PasswordChange) -> Response:
    """Set a new password; all other sessions end."""
    caller = identity()
    with guessing(caller.user_id):
        service.check_password(caller.user_id, body.current_password)
    service.check_new_password(caller.user_id, body.new_password)
    new_hash = hash_password(body.new_password)
    with transaction():
        service.change_password(caller.user_id, caller.session_id, new_hash)
    return Response(status=204)
