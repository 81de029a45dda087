"""One batch of messages into the database, in the way of each: one statement, or one short transaction.

All answer `{position: Outcome}`. A position that is missing was not stored because the membership of its
conversation changed in between: it belongs at the front of the next batch. Equal keys within a batch are
the writer's business: it never passes two.
"""

from collections.abc import Sequence
from typing import Protocol

from chat_app.mariadb import is_mariadb
from chat_app.messages.batches.mariadb import MariadbBatches
from chat_app.messages.batches.postgresql import PostgresqlBatches
from chat_app.messages.batches.sqlite import SqliteBatches
from chat_app.messages.drafts import Draft, Outcomes
from chat_app.settings import Settings


class Batches(Protocol):
    """Where batches go; `size` is the most that one may hold."""

    size: int

    def store(self, drafts: Sequence[Draft]) -> Outcomes: ...


def batches_for(settings: Settings) -> Batches:
    if settings.database_url.startswith("sqlite"):
        return SqliteBatches(settings)
    return MariadbBatches(settings) if is_mariadb(settings.database_url) else PostgresqlBatches(settings)
