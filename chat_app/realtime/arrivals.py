"""What a chat socket needs when it comes, in one reading: who holds its token, the epoch, the person's conversations.

After a restart everybody comes at once, and three readings cost three times as much.
"""

from collections import namedtuple
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import sqlalchemy as sa

from chat_app.auth.tokens import HOLDER, Identity, identified, read_token
from chat_app.conversations.models import Conversation, ConversationMember
from chat_app.db import read
from chat_app.driver import FastStatements
from chat_app.extensions import db
from chat_app.operations.epoch import STORED_EPOCH
from chat_app.realtime.turnstile import Turnstile
from chat_app.settings import Settings
from chat_app.users.models import User

AT_ONCE = 4
"""Readings at the same time, each on a connection that stays open; they take a millisecond."""


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
_BY_KEY = ("enable_hashjoin=off", "enable_mergejoin=off")
"""Each conversation by its key; PostgreSQL would read all that there are, as long as they are some thousands."""
_Row = namedtuple("_Row", [column.name for column in _ARRIVAL.selected_columns])  # type: ignore[misc]


class Arrivals:
    """Reads them; on PostgreSQL by the driver itself, on `AT_ONCE` connections of its own."""

    def __init__(self, settings: Settings) -> None:
        is_fast = settings.database_url.startswith("postgresql")
        self._statements = FastStatements(settings, *_BY_KEY) if is_fast else None
        self._turns = Turnstile(AT_ONCE)

    @cached_property
    def _compiled(self) -> tuple[bytes, dict[str, Any]]:
        """As the driver takes it: the text, and the values of the constants in it."""
        compiled = _ARRIVAL.compile(dialect=db.engine.dialect)
        expanded = compiled.construct_expanded_state(dict.fromkeys(("session_id", "user_id"), ""))
        return expanded.statement.encode(), dict(expanded.parameters)

    def read(self, token: str) -> Arrival:
        """Raises what :func:`chat_app.auth.tokens.authenticate` does."""
        claims = read_token(token, "access")
        values = {"session_id": claims["sid"], "user_id": claims["sub"]}
        found: Sequence[Any]
        if self._statements:
            text, constants = self._compiled
            with self._turns.place():
                rows = self._statements.run(text, {**constants, **values})
            found = [_Row(*row) for row in rows]
        else:
            found = read(_ARRIVAL, **values)
        identity = identified(claims, found)
        return Arrival(identity, found[0].epoch, _read_places(found[0].places or ""))


def _read_places(text: str) -> list[Place]:
    places = [place.split(" ") for place in text.split(",")] if text else []
    return [Place(id_, int(members_rev)) for id_, members_rev in places]
