"""The devices on which somebody is signed in: their sessions, to look at and to end."""

from datetime import datetime

import sqlalchemy as sa

from chat_app.audit.service import record
from chat_app.auth.models import AuthSession
from chat_app.auth.sessions import revoke_sessions
from chat_app.db import now
from chat_app.errors import not_found
from chat_app.extensions import db
from chat_app.pagination import checked_id, decode_cursor, encode_cursor, foreign_cursor
from chat_app.schemas import in_utc

# What a user agent says of itself → what it is. The first that fits: many claim to be several.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrom", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
_LONGEST_PRODUCT = 40


def device_name(user_agent: str) -> str:
    """What a person would call the device, e.g. "Firefox on Linux"; the program's own name if it is no browser.

    For display: anybody may send any user agent.
    """
    browser = _first(_BROWSERS, user_agent)
    system = _first(_SYSTEMS, user_agent)
    if browser is None:
        product = user_agent.partition("/")[0].strip()
        browser = product[:_LONGEST_PRODUCT] if product and product != "Mozilla" else None
    return " on ".join(part for part in (browser, system) if part) or "Unknown device"


def _first(names: tuple[tuple[str, str], ...], user_agent: str) -> str | None:
    return next((name for sign, name in names if sign in user_agent), None)


def list_devices(user_id: str, limit: int, cursor: str | None) -> tuple[list[AuthSession], str | None]:
    """The person's living sessions, the last used first."""
    query = sa.select(AuthSession).where(*_living(user_id))
    if cursor:
        query = query.where(_used_before(*decode_cursor(cursor, str, str)))
    query = query.order_by(AuthSession.refreshed_at.desc(), AuthSession.id.desc()).limit(limit + 1)
    found = list(db.session.scalars(query))
    if len(found) <= limit:
        return found, None
    last = found[limit - 1]
    return found[:limit], encode_cursor(last.refreshed_at.isoformat(), last.id)


def _living(user_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    return AuthSession.user_id == user_id, AuthSession.revoked_at.is_(None), AuthSession.expires_at > now()


def _used_before(refreshed_at: str, session_id: str) -> sa.ColumnElement[bool]:
    try:
        moment = in_utc(datetime.fromisoformat(refreshed_at))
    except ValueError:
        raise foreign_cursor() from None
    last_id = checked_id(session_id)
    return sa.or_(
        AuthSession.refreshed_at < moment,
        sa.and_(AuthSession.refreshed_at == moment, AuthSession.id < last_id),
    )


def revoke_device(user_id: str, session_id: str) -> None:
    """End one of one's own sessions; its sockets close."""
    session = db.session.scalar(sa.select(AuthSession).where(AuthSession.id == session_id, *_living(user_id)))
    if session is None or not revoke_sessions([session_id], "token_revoked"):
        raise not_found("session")
    record(
        "auth.session_revoked",
        actor_id=user_id,
        target_id=user_id,
        session_id=session_id,
        device=device_name(session.user_agent),
    )
