"""The epoch: a name for this history of counters. Clients that hold another one start afresh.

It is made once and kept in the database. After a backup was restored, `flask new-epoch` changes it.
"""

import sqlalchemy as sa

from chat_app.db import insert_new, transaction
from chat_app.extensions import db
from chat_app.ids import new_id
from chat_app.operations.models import ServerState
from chat_app.reads import read

EPOCH = "epoch"
STORED_EPOCH = sa.select(ServerState.value).where(ServerState.key == EPOCH)


def current_epoch() -> str:
    """Read anew each time: it is one row by its key, and a cached one would outlive a restore."""
    found = read(STORED_EPOCH)
    return str(found[0].value) if found else _begin()


def _begin() -> str:
    with transaction() as session:
        insert_new(ServerState, key=EPOCH, value=new_id())
        return session.scalars(STORED_EPOCH).one()


def renew_epoch() -> str:
    """Make every client start afresh; to be called within a transaction, after a backup was restored."""
    epoch = new_id()
    db.session.merge(ServerState(key=EPOCH, value=epoch))
    return epoch
