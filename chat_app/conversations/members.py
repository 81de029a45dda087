"""Who belongs to a conversation. Every change locks the conversation's row and moves `members_rev`.

The lock puts membership changes and messages into one order, so that a removed person's message is
refused by the very next batch; `members_rev` travels with everything that is delivered (docs/membership.md).
"""

from collections.abc import Mapping

import sqlalchemy as sa

from chat_app.conversations.models import Conversation, ConversationMember
from chat_app.conversations.schemas import MemberOut
from chat_app.db import after_commit, now
from chat_app.errors import ChatError, conflict, forbidden, invalid, not_found
from chat_app.extensions import db
from chat_app.pagination import decode_cursor, encode_cursor
from chat_app.realtime.publish import conversation_changed, membership_changed
from chat_app.receipts.pending import pending_receipts
from chat_app.users.models import User
from chat_app.users.schemas import UserOut
from chat_app.users.service import visible_people

MAX_MEMBERS = 100_000
RANK = {"owner": 3, "moderator": 2, "member": 1, "read_only": 0}


def lock(user_id: str, conversation_id: str) -> tuple[Conversation, ConversationMember]:
    """Lock the conversation and return it with the caller's own place in it; `not_found` for others."""
    found = lock_if_member(user_id, conversation_id)
    if found is None:
        raise not_found("conversation")
    return found


def lock_if_member(user_id: str, conversation_id: str) -> tuple[Conversation, ConversationMember] | None:
    """The same; None for others. The place is read under the lock, so it is not that of somebody just removed."""
    conversation = db.session.scalar(
        sa.select(Conversation)
        .where(Conversation.id == conversation_id, Conversation.deleted_at.is_(None))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    member = _member(conversation_id, user_id) if conversation else None
    return (conversation, member) if conversation and member else None


def _member(conversation_id: str, user_id: str) -> ConversationMember | None:
    member = db.session.get(ConversationMember, (conversation_id, user_id), populate_existing=True)
    return member if member and member.left_at is None else None


def add(conversation: Conversation, roles: Mapping[str, str]) -> list[str]:
    """Put people in, with their roles; who is in already stays as they are. Returns those who are new.

    History is open to them, but nothing of it counts as unread.
    """
    known = {
        member.user_id: member
        for member in db.session.scalars(
            sa.select(ConversationMember)
            .where(
                ConversationMember.conversation_id == conversation.id,
                ConversationMember.user_id.in_(list(roles)),
            )
            .execution_options(populate_existing=True)
        )
    }
    joined = [user_id for user_id in roles if user_id not in known or known[user_id].left_at is not None]
    if conversation.member_count + len(joined) > MAX_MEMBERS:
        raise ChatError("quota_exceeded", f"A conversation holds at most {MAX_MEMBERS:,} people.")
    for user_id in joined:
        member = known.get(user_id) or ConversationMember(conversation_id=conversation.id, user_id=user_id)
        member.role = roles[user_id]
        member.joined_at, member.left_at, member.removed, member.archived_at = now(), None, False, None
        member.delivered_seq = member.read_seq = conversation.last_seq
        db.session.add(member)
    if joined:
        _changed(conversation, joined, present=True)
    return joined


def _changed(conversation: Conversation, user_ids: list[str], *, present: bool) -> None:
    conversation.members_rev += 1
    conversation.member_count += len(user_ids) if present else -len(user_ids)
    db.session.flush()
    after_commit(membership_changed, conversation.id, user_ids, conversation.members_rev, present=present)
    after_commit(conversation_changed, conversation.id)


def invite(user_id: str, conversation_id: str, user_ids: list[str], role: str) -> list[MemberOut]:
    """Add people: members may add members; only owners and moderators may give another role."""
    conversation, me = lock(user_id, conversation_id)
    if conversation.kind == "private":
        raise conflict("A private chat has two people for good; begin a group instead.")
    if me.role == "read_only":
        raise forbidden("With a read-only role one cannot add people.")
    if role != "member" and RANK[me.role] < RANK["moderator"]:
        raise forbidden("Only owners and moderators may add people with another role than member.")
    wanted = list(dict.fromkeys(user_ids))
    people = sa.select(User.id).where(User.id.in_(wanted), User.banned_at.is_(None))
    known = set(db.session.scalars(visible_people(user_id, people)))
    if unknown := [user_id for user_id in wanted if user_id not in known]:
        raise invalid("user_ids", f"there is no such person: {', '.join(unknown[:5])}")
    if RANK[me.role] < RANK["moderator"]:
        _refuse_removed(conversation.id, wanted)
    add(conversation, dict.fromkeys(wanted, role))
    return _members(conversation.id, sa.and_(ConversationMember.user_id.in_(wanted)), len(wanted))


def _refuse_removed(conversation_id: str, user_ids: list[str]) -> None:
    removed = db.session.scalar(
        sa.select(ConversationMember.user_id).where(
            ConversationMember.conversation_id == conversation_id,
            ConversationMember.user_id.in_(user_ids),
            ConversationMember.removed,
        )
    )
    if removed:
        raise forbidden("Somebody on the list was removed before; only an owner or moderator may add them again.")


def join_room(user_id: str, room_id: str) -> None:
    """Walk into a public room; who was removed from it needs an invitation."""
    room = db.session.scalar(
        sa.select(Conversation)
        .where(Conversation.id == room_id, Conversation.kind == "room", Conversation.deleted_at.is_(None))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if room is None:
        raise not_found("room")
    place = db.session.get(ConversationMember, (room_id, user_id), populate_existing=True)
    if place and place.removed:
        raise forbidden("You were removed from this room; ask one of its moderators to add you again.")
    add(room, {user_id: "member" if room.member_count else "owner"})


def change_role(user_id: str, conversation_id: str, member_id: str, role: str) -> None:
    """Owners give roles; a conversation keeps at least one owner."""
    conversation, me = lock(user_id, conversation_id)
    member = _member(conversation_id, member_id)
    if member is None:
        raise not_found("member")
    if conversation.kind == "private":
        raise conflict("In a private chat both people have the same role.")
    if me.role != "owner":
        raise forbidden("Only an owner may change roles.")
    if member.role == "owner" and role != "owner" and _owners(conversation_id) == 1:
        raise conflict("A conversation needs an owner: make somebody else an owner first.")
    member.role = role
    # Whether somebody may write is part of the membership: a batch that judged by the old role is held back.
    conversation.members_rev += 1
    after_commit(membership_changed, conversation_id, [member_id], conversation.members_rev, present=True)
    after_commit(conversation_changed, conversation_id, member_id)


def _owners(conversation_id: str) -> int:
    return db.session.scalars(
        sa.select(sa.func.count()).where(
            ConversationMember.conversation_id == conversation_id,
            ConversationMember.role == "owner",
            ConversationMember.left_at.is_(None),
        )
    ).one()


def remove(user_id: str, conversation_id: str, member_id: str) -> None:
    """Leave (one's own id), or remove somebody of a lower role. They hear nothing from the commit on."""
    conversation, me = lock(user_id, conversation_id)
    if conversation.kind == "private":
        raise conflict("A private chat cannot be left; archive it instead.")
    member = _member(conversation_id, member_id)
    if member is None:
        raise not_found("member")
    leaving = member_id == user_id
    if not leaving and (RANK[me.role] < RANK["moderator"] or RANK[me.role] <= RANK[member.role]):
        raise forbidden("Only an owner or a moderator may remove somebody, and only of a lower role.")
    member.left_at, member.removed = now(), not leaving
    _changed(conversation, [member_id], present=False)
    if member.role == "owner" and _owners(conversation_id) == 0:
        _pass_on_ownership(conversation_id)


def _pass_on_ownership(conversation_id: str) -> None:
    """The owner has left: a moderator, else the member who has been there longest, takes over."""
    heir = db.session.scalar(
        sa.select(ConversationMember)
        .where(ConversationMember.conversation_id == conversation_id, ConversationMember.left_at.is_(None))
        .order_by(ConversationMember.role != "moderator", ConversationMember.joined_at, ConversationMember.user_id)
        .limit(1)
    )
    if heir:
        heir.role = "owner"


def remove_all(conversation: Conversation) -> None:
    """Everybody is out: the conversation was deleted."""
    user_ids = list(
        db.session.scalars(
            sa.select(ConversationMember.user_id).where(
                ConversationMember.conversation_id == conversation.id, ConversationMember.left_at.is_(None)
            )
        )
    )
    db.session.execute(
        sa.update(ConversationMember)
        .where(ConversationMember.conversation_id == conversation.id, ConversationMember.left_at.is_(None))
        .values(left_at=now())
        .execution_options(synchronize_session=False)
    )
    _changed(conversation, user_ids, present=False)


def list_members(
    user_id: str, conversation_id: str, limit: int, cursor: str | None
) -> tuple[list[MemberOut], str | None]:
    """The people of a conversation one belongs to, in the order of their ids."""
    if _member(conversation_id, user_id) is None:
        raise not_found("conversation")
    after = ConversationMember.user_id > decode_cursor(cursor, str)[0] if cursor else sa.true()
    found = _members(conversation_id, after, limit + 1)
    return found[:limit], encode_cursor(found[limit - 1].user.id) if len(found) > limit else None


def _members(conversation_id: str, condition: sa.ColumnElement[bool], limit: int) -> list[MemberOut]:
    rows = db.session.execute(
        sa.select(ConversationMember, User)
        .join(User, User.id == ConversationMember.user_id)
        .where(
            ConversationMember.conversation_id == conversation_id,
            ConversationMember.left_at.is_(None),
            condition,
        )
        .order_by(ConversationMember.user_id)
        .limit(limit)
    )
    return [_shown(member, user) for member, user in rows]


def _shown(member: ConversationMember, user: User) -> MemberOut:
    delivered, read = pending_receipts().highest(
        member.conversation_id, member.user_id, member.delivered_seq, member.read_seq
    )
    return MemberOut(
        user=UserOut.model_validate(user),
        role=member.role,  # type: ignore[arg-type]
        delivered_seq=delivered,
        read_seq=read,
        joined_at=member.joined_at,
    )


def get_member(user_id: str, conversation_id: str, member_id: str) -> MemberOut:
    if _member(conversation_id, user_id) is None:
        raise not_found("conversation")
    found = _members(conversation_id, ConversationMember.user_id == member_id, 1)
    if not found:
        raise not_found("member")
    return found[0]
