"""Receipts for whoever connected after they were told and before they were stored, on whichever process.

Their `sync` and lists know what is stored and what their own process holds; this closes the second in between.
"""

from collections import defaultdict
from typing import Any

from flask import current_app

from chat_app.realtime.connections import Connection, connections
from chat_app.realtime.members import local_members
from chat_app.realtime.publish import CHAT, TOLD_RECEIPTS
from chat_app.receipts.service import receipt
from chat_app.receipts.watermarks import Raised

MARGIN = 30.0
"""Seconds by which clocks of machines may differ and a connection may take to be in its rooms."""


def tell_newcomers(message: dict[str, Any]) -> None:
    """From the bus: `{rows, since}`, what a job has stored; rows are those of :class:`Raised`."""
    rows = [Raised(*row) for row in message["rows"]]
    listening = _newcomers({row.conversation_id for row in rows}, message["since"] - MARGIN)
    for row in rows:
        here = listening.get(row.conversation_id)
        if here and local_members().refresh_if_older(row.conversation_id, row.members_rev):
            _tell(row, here)


def _newcomers(conversation_ids: set[str], since: float) -> dict[str, list[Connection]]:
    """The sockets opened since then, by conversation."""
    found: dict[str, list[Connection]] = defaultdict(list)
    for connection in connections().opened_since(since):
        if connection.namespace == CHAT:
            for conversation_id in connection.conversations & conversation_ids:
                found[conversation_id].append(connection)
    return found


def _tell(row: Raised, here: list[Connection]) -> None:
    told = receipt(row.conversation_id, row.user_id, row.delivered_seq, row.read_seq)
    for connection in here:
        # The reading of the members may just have taken somebody out.
        is_member = row.conversation_id in connection.conversations
        if is_member and (row.member_count <= TOLD_RECEIPTS or connection.user_id == row.user_id):
            current_app.extensions["bus"].emit("receipt", told, namespace=CHAT, room=connection.sid, ignore_queue=True)
