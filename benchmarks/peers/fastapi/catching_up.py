"""What somebody missed: their memberships with the counters, then the changed messages in one statement."""

from datetime import datetime
from typing import Any

from database import Conversation, Member, Message, ServerState
from schemas import ConversationOut, MessageOut, Sync
from sqlalchemy import ARRAY, BigInteger, Uuid, cast, func, select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, selectinload

Json = dict[str, Any]
RESET_AFTER = 10_000


async def current_epoch(session: AsyncSession) -> str:
    return await session.scalar(select(ServerState.value).where(ServerState.key == "epoch")) or ""


async def catch_up(session: AsyncSession, user_id: str, held: Sync) -> Json:
    epoch = await current_epoch(session)
    query = (
        select(Conversation, Member)
        .join(Member, Member.conversation_id == Conversation.id)
        .where(Member.user_id == user_id, Member.left_at.is_(None))
        .order_by(Conversation.id)
    )
    rows = (await session.execute(query)).all()
    known = {str(key): change for key, change in held.conversations.items()}
    changed, reset, behind = [], [], {}
    unchanged = {}
    for conversation, member in rows:
        had = known.get(conversation.id)
        if had == conversation.last_change:
            unchanged[conversation.id] = _own(conversation, member)
            continue
        changed.append((conversation, member))
        if had is None:
            continue
        if (held.epoch not in (None, epoch)) or not 0 <= conversation.last_change - had <= RESET_AFTER:
            reset.append(conversation.id)
        else:
            behind[conversation.id] = had
    messages = await _changed_since(session, behind, held.limit + 1) if behind else []
    last = await _last_messages(session, [conversation for conversation, _ in changed])
    return {
        "epoch": epoch,
        "conversations": [_view(one, member, last.get(one.id)) for one, member in changed],
        "messages": [MessageOut.model_validate(one).model_dump(mode="json") for one in messages[: held.limit]],
        "removed": sorted(known.keys() - {conversation.id for conversation, _ in rows}),
        "reset": reset,
        "more": len(messages) > held.limit,
        "changes": {conversation.id: conversation.last_change for conversation, _ in changed},
        "unchanged": unchanged,
    }


async def _changed_since(session: AsyncSession, behind: dict[str, int], limit: int) -> list[Message]:
    wanted = (
        func.unnest(cast(list(behind), ARRAY(Uuid(as_uuid=False))), cast(list(behind.values()), ARRAY(BigInteger)))
        .table_valued("conversation_id", "change")
        .render_derived(name="wanted")
    )
    newer = (
        select(Message)
        .where(Message.conversation_id == wanted.c.conversation_id, Message.change > wanted.c.change)
        .order_by(Message.change)
        .limit(limit)
        .lateral()
    )
    message = aliased(Message, newer)
    query = (
        select(message)
        .select_from(wanted)
        .join(newer, true())
        .options(selectinload(message.reactions))
        .order_by(message.conversation_id, message.change)
        .limit(limit)
    )
    return list(await session.scalars(query))


async def _last_messages(session: AsyncSession, conversations: list[Conversation]) -> dict[str, Message]:
    query = (
        select(Message)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(Conversation.id.in_([one.id for one in conversations]), Message.seq == Conversation.last_seq)
        .options(selectinload(Message.reactions))
    )
    return {message.conversation_id: message for message in await session.scalars(query)}


def _view(conversation: Conversation, member: Member, last: Message | None) -> Json:
    return {
        **ConversationOut.model_validate(conversation).model_dump(mode="json"),
        "my_role": member.role,
        "delivered_seq": member.delivered_seq,
        "read_seq": member.read_seq,
        "unread": max(0, conversation.last_seq - member.read_seq),
        "archived_at": _text(member.archived_at),
        "peer": None,
        "last_message": MessageOut.model_validate(last).model_dump(mode="json") if last else None,
    }


def _own(conversation: Conversation, member: Member) -> Json:
    return {
        "title": conversation.title,
        "my_role": member.role,
        "member_count": conversation.member_count,
        "archived_at": _text(member.archived_at),
        "delivered_seq": member.delivered_seq,
        "read_seq": member.read_seq,
    }


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
