"""The namespace /chat. Each send is a transaction: permission, known key, counters, insert; told after the commit."""

import asyncio
import os
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Any
from weakref import WeakValueDictionary

import socketio
from auth import Caller, Refused, authenticate
from catching_up import catch_up, current_epoch
from database import Conversation, Member, Message, Session
from pydantic import ValidationError
from schemas import Mark, MessageOut, SendMessage, Sync
from sqlalchemy import select
from sqlalchemy.orm import selectinload

TOLD_RECEIPTS = 100
Json = dict[str, Any]


def room_of(conversation_id: str) -> str:
    return f"c:{conversation_id}"


class Chat(socketio.AsyncNamespace):
    def __init__(self) -> None:
        super().__init__("/chat")
        self._callers: dict[str, Caller] = {}
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def on_connect(self, sid: str, environ: Json, auth: Any = None) -> None:
        try:
            async with Session() as session:
                caller = await authenticate(session, auth["token"])
                query = select(Member.conversation_id).where(Member.user_id == caller.user_id, Member.left_at.is_(None))
                conversations = (await session.scalars(query)).all()
                epoch = await current_epoch(session)
        except (Refused, TypeError, KeyError) as error:
            raise socketio.exceptions.ConnectionRefusedError(str(error), {"code": "unauthorized"}) from None
        self._callers[sid] = caller
        await self.enter_room(sid, f"u:{caller.user_id}")
        for conversation_id in conversations:
            await self.enter_room(sid, room_of(conversation_id))
        ready = {
            "user_id": caller.user_id,
            "session_id": caller.session_id,
            "epoch": epoch,
            "server_time": datetime.now(UTC).isoformat(),
        }
        await self.emit("ready", ready, to=sid)

    async def on_disconnect(self, sid: str, reason: str) -> None:
        self._callers.pop(sid, None)

    async def on_send_message(self, sid: str, payload: Any) -> Json:
        return await answered(self._send(self._callers[sid].user_id, payload))

    async def on_mark_read(self, sid: str, payload: Any) -> Json:
        return await answered(self._mark(self._callers[sid].user_id, payload, read=True))

    async def on_mark_delivered(self, sid: str, payload: Any) -> Json:
        return await answered(self._mark(self._callers[sid].user_id, payload, read=False))

    async def on_sync(self, sid: str, payload: Any) -> Json:
        return await answered(self._sync(self._callers[sid].user_id, payload))

    async def _sync(self, user_id: str, payload: Any) -> Json:
        held = Sync.model_validate(payload)
        async with Session() as session:
            return await catch_up(session, user_id, held)

    async def _send(self, user_id: str, payload: Any) -> Json:
        data = SendMessage.model_validate(payload)
        conversation_id = str(data.conversation_id)
        turn = self._turns.setdefault(conversation_id, asyncio.Lock())
        async with turn:  # what was committed first is told first
            message = await store(user_id, conversation_id, data)
            told = MessageOut.model_validate(message).model_dump(mode="json")
            await self.emit("message", told, room=room_of(conversation_id))
        return {"message": told}

    async def _mark(self, user_id: str, payload: Any, *, read: bool) -> Json:
        data = Mark.model_validate(payload)
        async with Session.begin() as session:
            member = await session.scalar(
                select(Member)
                .where(
                    Member.conversation_id == str(data.conversation_id),
                    Member.user_id == user_id,
                    Member.left_at.is_(None),
                )
                .options(selectinload(Member.conversation))
                .with_for_update()
            )
            if member is None:
                raise Refused("not_found")
            reached = min(data.seq, member.conversation.last_seq)
            member.delivered_seq = max(member.delivered_seq, reached)
            if read:
                member.read_seq = max(member.read_seq, reached)
        receipt = {
            "conversation_id": member.conversation_id,
            "user_id": user_id,
            "delivered_seq": member.delivered_seq,
            "read_seq": member.read_seq,
        }
        to_all = member.conversation.member_count <= TOLD_RECEIPTS
        await self.emit("receipt", receipt, room=room_of(member.conversation_id) if to_all else f"u:{user_id}")
        return {}


async def store(user_id: str, conversation_id: str, data: SendMessage) -> Message:
    """The message as stored; the first one when its key is known."""
    async with Session.begin() as session:
        found = await session.execute(
            select(Conversation, Member)
            .join(Member, Member.conversation_id == Conversation.id)
            .where(Conversation.id == conversation_id, Member.user_id == user_id, Member.left_at.is_(None))
            .with_for_update(of=Conversation)
        )
        row = found.first()
        if row is None:
            raise Refused("not_found")
        conversation, member = row
        known = await session.scalar(
            select(Message)
            .where(
                Message.conversation_id == conversation_id,
                Message.sender_id == user_id,
                Message.client_msg_id == data.client_msg_id,
            )
            .options(selectinload(Message.reactions))
        )
        if known is not None:
            if known.content != data.content:
                raise Refused("conflict")
            return known
        conversation.last_seq += 1
        conversation.last_change += 1
        member.delivered_seq = member.read_seq = conversation.last_seq
        message = Message(
            conversation_id=conversation_id,
            seq=conversation.last_seq,
            change=conversation.last_change,
            sender_id=user_id,
            client_msg_id=data.client_msg_id,
            type="text",
            content=data.content,
            reply_to_id=str(data.reply_to_id) if data.reply_to_id else None,
            meta={},
            edited_at=None,
            deleted_at=None,
            reactions=[],
        )
        session.add(message)
    return message


async def answered(work: Awaitable[Json]) -> Json:
    try:
        return {"ok": True, **await work}
    except (Refused, ValidationError) as error:
        code = "validation_failed" if isinstance(error, ValidationError) else str(error)
        return {"ok": False, "error": {"code": code, "detail": str(error)}}


server = socketio.AsyncServer(
    async_mode="asgi",
    always_connect=True,  # so that what the connect handler emits comes after the confirmation
    namespaces=["/chat"],
    client_manager=socketio.AsyncRedisManager(os.environ["REDIS_URL"]),
)
server.register_namespace(Chat())
