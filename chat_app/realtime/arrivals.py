"""What a chat socket needs when it comes, in one reading: who holds its token, the epoch, the person's conversations.

After a restart everybody comes at once, and three readings cost three times as much.
"""

from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa

from chat_app.auth.tokens import HOLDER, Identity, identified, read_token
from chat_app.conversations.models import Conversation, ConversationMember
from chat_app.operations.epoch import STORED_EPOCH
from chat_app.reads import read
from chat_app.users.models import User


class Place(NamedTuple):
    """A conversation that the person is in."""

    id: str
    members_rev: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """`epoch` is None on a database that has none yet."""

    identity: Identity
    epoch: str | None
    places: list[Place]


_PLACE = sa.cast(Conversation.id, sa.String(36)) + " " + sa.cast(Conversation.members_rev, sa.String(20))
_PLACES = (
    sa.select(sa.func.aggregate_strings(_PLACE, ","))
    .join(ConversationMember, ConversationMember.conversation_id == Conversation.id)
    .where(ConversationMember.user_id == User.id, ConversationMember.left_at.is_(None))
    .correlate(User)
)
_ARRIVAL = HOLDER.add_columns(
    STORED_EPOCH.scalar_subquery().label("epoch"),
    _PLACES.scalar_subquery().label("places"),
)
"""The conversations come as one text: fifty rows would cost more than all the rest."""


def read_arrival(token: str) -> Arrival:
    """Raises what :func:`chat_app.auth.tokens.authenticate` does."""
    claims = read_token(token, "access")
    found = read(_ARRIVAL, session_id=claims["sid"], user_id=claims["sub"])
    identity = identified(claims, found)
    return Arrival(identity, found[0].epoch, _read_places(found[0].places or ""))


def _read_places(text: str) -> list[Place]:
    places = [place.split(" ") for place in text.split(",")] if text else []
    return [Place(id_, int(members_rev)) for id_, members_rev in places]
