from typing import Any

from flask import Response
from flask_openapi import Tag

from chat_app.admin import service
from chat_app.admin.schemas import Ban, ManagedUser, ManagedUserList, NewUser, RoleList
from chat_app.audit.models import AuditEvent
from chat_app.audit.schemas import AuditEventOut, AuditQuery
from chat_app.audit.service import list_events
from chat_app.auth.current import identity, requires
from chat_app.auth.passwords import hash_password
from chat_app.auth.permissions import ROLES, permissions_of
from chat_app.db import transaction
from chat_app.documents.area import Area
from chat_app.plans import service as plans
from chat_app.plans.schemas import PlanList, PlanOut, PlanPath, PlanUpdate
from chat_app.schemas import Page
from chat_app.users.schemas import UserPath

TAG = Tag(name="admin", description="Accounts, plans and the audit log, for administrators.")
bp = Area("admin", __name__, url_prefix="/admin", abp_tags=[TAG])
Json = dict[str, Any]


@bp.get("/users", responses={200: Page[ManagedUser]})
@requires("people.manage")
def list_users(query: ManagedUserList) -> Json:
    """All accounts, by username; also those without an address and those that are banned."""
    users, next_cursor = service.list_users(query)
    items = [ManagedUser.model_validate(user) for user in users]
    return Page[ManagedUser](items=items, next_cursor=next_cursor).to_json()


@bp.post("/users", responses={201: ManagedUser, 409: None})
@requires("people.manage")
def create_user(body: NewUser) -> tuple[Json, int]:
    """Make an account for somebody; without a password they get a mail to choose one."""
    password_hash = hash_password(body.password) if body.password else None
    with transaction():
        user = service.create(identity().user_id, body, password_hash)
        if password_hash is None:
            service.invite(user)
    return ManagedUser.model_validate(user).to_json(), 201


@bp.get("/users/<user_id>", responses={200: ManagedUser})
@requires("people.manage")
def get_user(path: UserPath) -> Json:
    """One account, with what only administrators see."""
    return ManagedUser.model_validate(service.get_user(path.user_id)).to_json()


@bp.post("/users/<user_id>/ban", responses={200: ManagedUser, 409: None})
@requires("people.manage")
def ban(path: UserPath, body: Ban) -> Json:
    """Shut an account out: sessions and keys end at once, on every process."""
    with transaction():
        user = service.ban(identity().user_id, path.user_id, body.reason)
    return ManagedUser.model_validate(user).to_json()


@bp.delete("/users/<user_id>/ban", responses={200: ManagedUser})
@requires("people.manage")
def unban(path: UserPath) -> Json:
    """Let a banned account in again."""
    with transaction():
        user = service.unban(identity().user_id, path.user_id)
    return ManagedUser.model_validate(user).to_json()


@bp.delete("/users/<user_id>/sessions", responses={204: None})
@requires("people.manage")
def end_sessions(path: UserPath) -> Response:
    """Log somebody out on all devices."""
    with transaction():
        service.end_sessions(identity().user_id, path.user_id)
    return Response(status=204)


@bp.get("/roles", responses={200: RoleList})
@requires("people.manage")
def list_roles() -> Json:
    """Which role has which permissions."""
    return {"items": [{"role": role, "permissions": permissions_of(role)} for role in ROLES]}


@bp.get("/plans", responses={200: PlanList})
@requires("plans.manage")
def list_plans() -> Json:
    """The plans and what they allow."""
    return PlanList(items=[PlanOut.model_validate(plan) for plan in plans.list_plans()]).to_json()


@bp.patch("/plans/<name>", responses={200: PlanOut})
@requires("plans.manage")
def update_plan(path: PlanPath, body: PlanUpdate) -> Json:
    """Change what a plan allows, for everybody who has it, at once."""
    with transaction():
        plan = plans.update_plan(identity().user_id, path.name, body)
    return PlanOut.model_validate(plan).to_json()


@bp.get("/audit", responses={200: Page[AuditEventOut]})
@requires("audit.read")
def audit(query: AuditQuery) -> Json:
    """The audit log, newest first."""
    conditions = [
        column == value
        for column, value in (
            (AuditEvent.action, query.action),
            (AuditEvent.actor_id, query.actor_id),
            (AuditEvent.target_id, query.target_id),
        )
        if value
    ]
    if query.since:
        conditions.append(AuditEvent.at >= query.since)
    if query.until:
        conditions.append(AuditEvent.at < query.until)
    events, next_cursor = list_events(*conditions, limit=query.limit, cursor=query.cursor)
    items = [AuditEventOut.model_validate(event) for event in events]
    return Page[AuditEventOut](items=items, next_cursor=next_cursor).to_json()
