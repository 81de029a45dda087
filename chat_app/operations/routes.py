"""Health: what a load balancer and an operator ask. Open to everybody, so it tells nothing of anybody."""

from typing import Any

import redis
import sqlalchemy as sa
from flask import current_app
from flask_openapi import APIBlueprint, Tag

from chat_app.auth.current import public
from chat_app.conversations.models import Conversation
from chat_app.extensions import db
from chat_app.operations.schemas import Health, State
from chat_app.realtime.connections import connections
from chat_app.users.models import User

TAG = Tag(name="operations", description="Health and figures, for load balancers and operators.")
bp = APIBlueprint("operations", __name__, abp_tags=[TAG])
api_bp = APIBlueprint("api_operations", __name__, abp_tags=[TAG])
Answer = tuple[dict[str, Any], int]


def _database() -> str | None:
    """What is wrong with the database, or None."""
    try:
        db.session.execute(sa.text("SELECT 1"))
    except sa.exc.SQLAlchemyError:
        return "The database does not answer."
    return None


def _redis() -> str | None:
    try:
        current_app.extensions["redis"].ping()
    except redis.RedisError:
        return "Redis does not answer; each process serves its own clients only."
    return None


def _answer(problem: str | None) -> Answer:
    return ({"status": "ok"}, 200) if problem is None else ({"status": "unavailable", "detail": problem}, 503)


@bp.get("/health/live", responses={200: State})
@public
def live() -> Answer:
    """The process runs."""
    return _answer(None)


@bp.get("/health/db", responses={200: State, 503: State})
@public
def database_health() -> Answer:
    """The database answers."""
    return _answer(_database())


@bp.get("/health/redis", responses={200: State, 503: State})
@public
def redis_health() -> Answer:
    """Redis answers; `disabled` where the server runs without it."""
    if current_app.extensions["redis"] is None:
        return {"status": "disabled", "detail": "Embedded: one process, without Redis."}, 200
    return _answer(_redis())


@bp.get("/health/ready", responses={200: State, 503: State})
@public
def ready() -> Answer:
    """The process can do its work: a load balancer sends it traffic. Redis may be away (it degrades)."""
    return _answer(_database())


@bp.get("/health", responses={200: Health, 503: State})
@api_bp.get("/health", responses={200: Health, 503: State})
@public
def health() -> Answer:
    """Everything at once, with the number of connections, users and conversations."""
    problem = _database()
    if problem:
        return _answer(problem)
    has_redis = current_app.extensions["redis"] is not None
    redis_problem = _redis() if has_redis else None
    return {
        "status": "degraded" if redis_problem else "ok",
        "detail": redis_problem,
        "database": db.engine.dialect.name,
        "redis": ("unavailable" if redis_problem else "ok") if has_redis else "disabled",
        "connections": len(connections()),
        "users": db.session.scalar(sa.select(sa.func.count()).select_from(User)),
        "conversations": db.session.scalar(
            sa.select(sa.func.count()).select_from(Conversation).where(Conversation.deleted_at.is_(None))
        ),
    }, 200
