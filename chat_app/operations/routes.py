"""Health: what a load balancer and an operator ask. Open to everybody, so it tells nothing of anybody."""

from typing import Any

import redis
import sqlalchemy as sa
from flask import Blueprint, current_app

from chat_app.auth.current import public
from chat_app.conversations.models import Conversation
from chat_app.extensions import db
from chat_app.realtime.connections import connections
from chat_app.users.models import User

bp = Blueprint("operations", __name__)
api_bp = Blueprint("api_operations", __name__)
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


@bp.get("/health/live")
@public
def live() -> Answer:
    """The process runs."""
    return _answer(None)


@bp.get("/health/db")
@public
def database_health() -> Answer:
    return _answer(_database())


@bp.get("/health/redis")
@public
def redis_health() -> Answer:
    if current_app.extensions["redis"] is None:
        return {"status": "disabled", "detail": "Embedded: one process, without Redis."}, 200
    return _answer(_redis())


@bp.get("/health/ready")
@public
def ready() -> Answer:
    """The process can do its work: a load balancer sends it traffic. Redis may be away (it degrades)."""
    return _answer(_database())


@bp.get("/health")
@api_bp.get("/health")
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
