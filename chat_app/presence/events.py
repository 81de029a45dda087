from typing import Any

from chat_app.presence import service
from chat_app.presence.schemas import SetStatus, Watch, WatchAcknowledgement
from chat_app.realtime.connections import Connection
from chat_app.realtime.namespaces import chat, presence

chat.on_ready(service.arrive)
chat.on_close(service.depart)


@presence.on_event("watch", Watch, WatchAcknowledgement)
def watch(connection: Connection, data: Watch) -> dict[str, Any]:
    """Be told of these people too, from now on."""
    return {"presence": service.watch(connection, data.user_ids)}


@presence.on_event("set_status", SetStatus)
def set_status(connection: Connection, data: SetStatus) -> dict[str, Any]:
    """Say of the devices of this session that their person is there, or away."""
    service.set_status(connection, data.status)
    return {}
