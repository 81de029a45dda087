from typing import Any

from chat_app.presence import service
from chat_app.presence.schemas import SetStatus, Watch
from chat_app.realtime.connections import Connection
from chat_app.realtime.namespaces import chat, presence

chat.on_ready(service.arrive)
chat.on_close(service.depart)


@presence.on_event("watch", Watch)
def watch(connection: Connection, data: Watch) -> dict[str, Any]:
    return {"presence": service.watch(connection, data.user_ids)}


@presence.on_event("set_status", SetStatus)
def set_status(connection: Connection, data: SetStatus) -> dict[str, Any]:
    service.set_status(connection, data.status)
    return {}
