"""Who is calling: the token's signature, then the session and the account."""

import os
from dataclasses import dataclass

import jwt
from database import AuthSession, Plan, User
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

SECRET = os.environ["SECRET_KEY"]


@dataclass(frozen=True)
class Caller:
    user_id: str
    session_id: str
    requests_per_minute: int


class Refused(Exception):
    pass


async def authenticate(session: AsyncSession, token: str) -> Caller:
    try:
        claims = jwt.decode(token, SECRET, algorithms=["HS256"], options={"require": ["exp", "sub", "sid"]})
    except jwt.PyJWTError:
        raise Refused("unauthorized") from None
    query = (
        select(Plan.requests_per_minute)
        .select_from(AuthSession)
        .join(User, User.id == AuthSession.user_id)
        .join(Plan, Plan.name == User.plan)
        .where(
            AuthSession.id == claims["sid"],
            AuthSession.user_id == claims["sub"],
            AuthSession.revoked_at.is_(None),
            User.banned_at.is_(None),
        )
    )
    allowed = await session.scalar(query)
    if allowed is None:
        raise Refused("token_revoked")
    return Caller(claims["sub"], claims["sid"], allowed)
