"""What load balancers, clients and operators ask of a server. What is open to everybody tells nothing of anybody."""

from hmac import compare_digest
from ipaddress import IPv6Address, ip_address
from typing import Any

import redis
import sqlalchemy as sa
from flask import Response, current_app, request
from flask_openapi import Tag

from chat_app import __version__
from chat_app.auth.current import bearer_token, identity, public
from chat_app.db import database_name
from chat_app.documents.area import Area
from chat_app.errors import ChatError
from chat_app.extensions import db
from chat_app.http import MAX_BODY
from chat_app.oauth.providers import get_providers
from chat_app.oauth.schemas import ProviderOut
from chat_app.operations import stats
from chat_app.operations.metrics import CONTENT_TYPE
from chat_app.operations.schemas import Health, Info, InfoLimits, InfoLinks, State, Stats
from chat_app.realtime.connections import connections

TAG = Tag(name="operations", description="Health and figures, for load balancers and operators.")
bp = Area("operations", __name__, abp_tags=[TAG])
api_bp = Area("api_operations", __name__, abp_tags=[TAG])
stats_bp = Area("stats", __name__, url_prefix="/stats", abp_tags=[TAG])
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
    if not current_app.extensions["bus"].is_up:
        return "The bus is interrupted; each process serves its own clients only."
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
        "version": __version__,
        "database": database_name(),
        "redis": ("unavailable" if redis_problem else "ok") if has_redis else "disabled",
        "connections": len(connections()),
        "users": stats.count_users(),
        "conversations": stats.count_conversations(),
    }, 200


@bp.get("/info", responses={200: Info})
@public
def info() -> dict[str, Any]:
    """What a client wants to know before anybody signs in."""
    settings = current_app.config["SETTINGS"]
    return Info(
        name="ChatSphere",
        version=__version__,
        registration=settings.registration,
        providers=[ProviderOut.model_validate(provider) for provider in get_providers()],
        password_reset=True,
        limits=InfoLimits(message_length=settings.max_message_length, sync=settings.sync_limit, request_bytes=MAX_BODY),
        api=InfoLinks(openapi="/openapi.json", asyncapi="/asyncapi.json", docs="/docs"),
    ).to_json()


@stats_bp.get("", responses={200: Stats})
def own_and_server_stats() -> dict[str, Any]:
    """Numbers about one's own use; `server` adds those of the whole server for who may read them."""
    caller = identity()
    own = stats.own_stats(caller.user_id).to_json()
    return own | {"server": stats.server_stats().to_json()} if caller.may("stats.read") else own


@bp.get("/metrics", responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}})
@public
def metrics() -> Response:
    """Numbers in the text format of Prometheus, for METRICS_TOKEN as bearer or, without it, private addresses."""
    if not _may_scrape():
        raise ChatError("not_found", "There is nothing at /metrics.")
    return Response(current_app.extensions["metrics"].text(), content_type=CONTENT_TYPE)


def _may_scrape() -> bool:
    settings = current_app.config["SETTINGS"]
    if settings.metrics_token:
        return compare_digest((bearer_token() or "").encode(), settings.metrics_token.encode())
    if not settings.trusted_proxies and "X-Forwarded-For" in request.headers:
        return False  # it comes through a proxy that we were not told of, and its address says nothing
    return is_private(request.remote_addr or "")


def is_private(text: str) -> bool:
    """Whether this is an address of this machine or of a private network."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return (address.is_private or address.is_loopback) and not address.is_unspecified


api_bp.register_api(stats_bp)
