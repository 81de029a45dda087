"""The usual project: FastAPI for HTTP, python-socketio for sockets, SQLAlchemy's async ORM on asyncpg, Redis between.

`uvicorn server:app`, with DATABASE_URL, REDIS_URL and SECRET_KEY in the environment.
"""

import os
from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

import socketio
from auth import Caller, Refused, authenticate
from chat import server
from database import Conversation, Member, Message, Session
from fastapi import Depends, FastAPI, HTTPException, Query
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from redis.asyncio import Redis
from schemas import Page
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

api = FastAPI()
redis = Redis.from_url(os.environ["REDIS_URL"])
# A window of a minute, as fastapi-limiter counts it.
count_call = redis.register_script(
    "local n = redis.call('INCR', KEYS[1]) if n == 1 then redis.call('PEXPIRE', KEYS[1], 60000) end return n"
)


async def a_session() -> AsyncIterator[AsyncSession]:
    async with Session() as session:
        yield session


Database = Annotated[AsyncSession, Depends(a_session)]


async def the_caller(
    session: Database, given: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]
) -> Caller:
    try:
        caller = await authenticate(session, given.credentials)
    except Refused as error:
        raise HTTPException(401, str(error)) from None
    if await count_call(keys=[f"calls:{caller.user_id}"]) > caller.requests_per_minute:
        raise HTTPException(429)
    return caller


@api.get("/health/live")
async def live() -> dict[str, str]:
    return {"status": "ok"}


@api.get("/api/v1/conversations/{conversation_id}/messages")
async def history(
    conversation_id: UUID,
    session: Database,
    caller: Annotated[Caller, Depends(the_caller)],
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    cursor: str | None = None,
    around_seq: int | None = None,
) -> Page:
    last_seq = await session.scalar(
        select(Conversation.last_seq)
        .join(Member, Member.conversation_id == Conversation.id)
        .where(Conversation.id == str(conversation_id), Member.user_id == caller.user_id, Member.left_at.is_(None))
    )
    if last_seq is None:
        raise HTTPException(404)
    way, _, seq = (cursor or f"before:{last_seq + 1}").partition(":")
    if around_seq is not None:
        older = await rows(session, conversation_id, Message.seq < around_seq, limit // 2, newest_first=True)
        newer = await rows(session, conversation_id, Message.seq >= around_seq, limit - limit // 2)
        found = older[::-1] + newer
    elif way == "after":
        found = await rows(session, conversation_id, Message.seq > int(seq), limit)
    else:
        found = (await rows(session, conversation_id, Message.seq < int(seq), limit, newest_first=True))[::-1]
    return Page(
        items=found,
        next_cursor=f"after:{found[-1].seq}" if found and found[-1].seq < last_seq else None,
        prev_cursor=f"before:{found[0].seq}" if found and found[0].seq > 1 else None,
    )


async def rows(
    session: AsyncSession, conversation_id: UUID, condition: object, limit: int, *, newest_first: bool = False
) -> list[Message]:
    order = Message.seq.desc() if newest_first else Message.seq
    query = select(Message).where(Message.conversation_id == str(conversation_id), condition).order_by(order)
    return list(await session.scalars(query.limit(limit).options(selectinload(Message.reactions))))


app = socketio.ASGIApp(server, api)
