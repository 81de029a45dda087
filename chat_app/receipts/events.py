from typing import Any

from chat_app.realtime.connections import Connection
from chat_app.realtime.namespaces import chat
from chat_app.receipts import service
from chat_app.receipts.schemas import Mark


@chat.on_event("mark_delivered", Mark)
def mark_delivered(connection: Connection, data: Mark) -> dict[str, Any]:
    """This device has everything up to `seq`."""
    service.mark(connection.user_id, data.conversation_id, data.seq, read=False)
    return {}


@chat.on_event("mark_read", Mark)
def mark_read(connection: Connection, data: Mark) -> dict[str, Any]:
    """Everything up to `seq` was read; never backwards."""
    service.mark(connection.user_id, data.conversation_id, data.seq, read=True)
    return {}
