"""The security of one's own account: its devices, its API keys, and what happened to it. For sessions only."""

from typing import Any

from flask import Response
from flask_openapi import Tag

from chat_app.auth import activity, api_keys, devices
from chat_app.auth.current import identity
from chat_app.auth.models import AuthSession
from chat_app.auth.schemas import (
    ActivityOut,
    ApiKeyOut,
    ApiKeyPath,
    MadeApiKey,
    NewApiKey,
    SessionOut,
    SessionPath,
)
from chat_app.db import transaction
from chat_app.documents.area import Area
from chat_app.schemas import Page, PageQuery

bp = Area("security", __name__, url_prefix="/auth", abp_tags=[Tag(name="auth")])
Json = dict[str, Any]


@bp.get("/sessions", responses={200: Page[SessionOut]})
def list_sessions(query: PageQuery) -> Json:
    """The devices on which one is signed in, the last used first."""
    caller = identity()
    found, next_cursor = devices.list_devices(caller.user_id, query.limit, query.cursor)
    items = [_session_out(session, caller.session_id) for session in found]
    return Page[SessionOut](items=items, next_cursor=next_cursor).to_json()


def _session_out(session: AuthSession, current_id: str) -> SessionOut:
    return SessionOut(
        id=session.id,
        device=devices.device_name(session.user_agent),
        user_agent=session.user_agent,
        address=session.address,
        created_at=session.created_at,
        last_used_at=session.refreshed_at,
        expires_at=session.expires_at,
        current=session.id == current_id,
    )


@bp.delete("/sessions/<session_id>", responses={204: None})
def end_session(path: SessionPath) -> Response:
    """Sign a device out: its tokens count no more and its sockets close at once."""
    with transaction():
        devices.revoke_device(identity().user_id, path.session_id)
    return Response(status=204)


@bp.get("/api-keys", responses={200: Page[ApiKeyOut]})
def list_api_keys() -> Json:
    """One's own keys, newest first: those not revoked, and those that expired within the last week."""
    items = [ApiKeyOut.model_validate(key) for key in api_keys.list_keys(identity().user_id)]
    return Page[ApiKeyOut](items=items).to_json()


@bp.post("/api-keys", responses={201: MadeApiKey})
def make_api_key(body: NewApiKey) -> tuple[Json, int]:
    """A key for a program, which acts for oneself within these scopes; sent as `X-API-Key`."""
    with transaction():
        key, secret = api_keys.make_key(identity(), body.name, body.scopes, body.expires_at)
    return MadeApiKey(**ApiKeyOut.model_validate(key).model_dump(), key=secret).to_json(), 201


@bp.delete("/api-keys/<key_id>", responses={204: None})
def revoke_api_key(path: ApiKeyPath) -> Response:
    """End a key at once."""
    with transaction():
        api_keys.revoke_key(identity().user_id, path.key_id)
    return Response(status=204)


@bp.get("/activity", responses={200: Page[ActivityOut]})
def list_activity(query: PageQuery) -> Json:
    """Security events of one's own account, newest first."""
    items, next_cursor = activity.own_events(identity().user_id, query.limit, query.cursor)
    return Page[ActivityOut](items=items, next_cursor=next_cursor).to_json()
