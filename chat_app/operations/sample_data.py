"""A small company to look around in: `flask sample-data`. Running it again adds nothing."""

import sqlalchemy as sa

from chat_app.auth.passwords import hash_password
from chat_app.auth.service import create_user, key
from chat_app.conversations import service as conversations
from chat_app.conversations.models import Conversation, ConversationMember
from chat_app.conversations.schemas import NewConversation
from chat_app.db import transaction
from chat_app.extensions import db
from chat_app.messages.batches import Batches
from chat_app.messages.drafts import Draft
from chat_app.receipts import service as receipts
from chat_app.users.models import User

PEOPLE = {"ada": "Ada Lovelace", "grace": "Grace Hopper", "linus": "Linus Pauling", "mei": "陈美"}
ROOM = "General"
GROUP = "Launch"
ROOM_TALK = (
    ("ada", "Good morning, everybody!"),
    ("grace", "Morning! The new build is on the test server."),
    ("mei", "早上好。I will try it with the phone layout."),
    ("linus", "Found something: the list jumps when a long message arrives. Steps are in the ticket."),
    ("grace", "Thanks, I can see it. Fix is coming."),
    ("ada", "Take your time, we ship on Thursday."),
)
GROUP_TALK = (
    ("ada", "Who writes the release notes?"),
    ("mei", "I can, in English and in Chinese."),
    ("ada", "Lovely, thank you."),
)
PRIVATE_TALK = (("grace", "Do you have five minutes for the numbers?"), ("ada", "Of course, call me."))


def add_sample_data(batches: Batches, password: str) -> list[str]:
    """Make the people, a room, a group and a private chat with some talk. Returns the usernames."""
    password_hash = hash_password(password)
    with transaction():
        people = {name: _person(name, shown, password_hash) for name, shown in PEOPLE.items()}
        ids = {name: user.id for name, user in people.items()}
        room = _conversation(ids["ada"], NewConversation(kind="room", title=ROOM, member_ids=list(ids.values())))
        group_people = [ids["ada"], ids["mei"], ids["grace"]]
        group = _conversation(ids["ada"], NewConversation(kind="group", title=GROUP, member_ids=group_people))
        private, _ = conversations.create(ids["ada"], NewConversation(kind="private", member_ids=[ids["grace"]]))
    for conversation_id, talk in ((room, ROOM_TALK), (group, GROUP_TALK), (private, PRIVATE_TALK)):
        drafts = [Draft(conversation_id, ids[name], f"sample:{n}", text) for n, (name, text) in enumerate(talk)]
        marks = _said(batches, drafts)
        with transaction():
            receipts.store(marks)
    return list(people)


def _said(batches: Batches, drafts: list[Draft]) -> list[tuple[str, str, int, int]]:
    """Store the talk; returns the watermarks of those who talked: they have read up to their own words."""
    outcomes = [batches.store([draft])[0] for draft in drafts]
    return [(d.conversation_id, d.sender_id, o.seq, o.seq) for d, o in zip(drafts, outcomes, strict=True) if o.seq]


def _person(name: str, display_name: str, password_hash: str) -> User:
    known: User | None = db.session.scalar(sa.select(User).where(User.username_key == key(name)))
    if known:
        return known
    return create_user(name, f"{name}@example.com", password_hash, display_name=display_name)


def _conversation(owner_id: str, wanted: NewConversation) -> str:
    """The owner's conversation of this title, or a new one."""
    known = db.session.scalar(
        sa.select(Conversation.id)
        .join(ConversationMember, ConversationMember.conversation_id == Conversation.id)
        .where(
            Conversation.title == wanted.title,
            Conversation.kind == wanted.kind,
            ConversationMember.user_id == owner_id,
            ConversationMember.left_at.is_(None),
        )
    )
    return known or conversations.create(owner_id, wanted)[0]
