"""A chat server in memory that does not do what it is asked: `python -m tests.benchmarks.chat_liar PORT LIE`.

There is one conversation; a token is the id of its person. The lie "none" is an honest server.
"""

import sys
from typing import Any

import eventlet

eventlet.monkey_patch()

import eventlet.wsgi  # noqa: E402
from flask import Flask, request  # noqa: E402
from flask_socketio import emit, join_room  # noqa: E402

from chat_app.ids import new_id  # noqa: E402
from chat_app.realtime.transport import SocketIO  # noqa: E402

PORT, LIE = sys.argv[1:]
app = Flask(__name__)
socketio = SocketIO(app, async_mode="eventlet")
people: dict[str, str] = {}
stored: list[dict[str, Any]] = []


@socketio.on("connect", namespace="/chat")
def connect(auth: dict[str, str]) -> None:
    people[request.sid] = auth["token"]  # type: ignore[attr-defined]
    join_room("all")
    emit("ready", {"user_id": auth["token"]})


@socketio.on("send_message", namespace="/chat")
def send_message(data: dict[str, Any]) -> dict[str, Any]:
    if LIE == "refused":
        return {"ok": False, "error": {"code": "unavailable"}}
    seq = len(stored) + (2 if LIE == "a gap" and len(stored) > 2 else 1)
    message = {
        **{"id": new_id(), "seq": seq, "change": seq, "sender_id": people[request.sid], "type": "text"},  # type: ignore[attr-defined]
        **{"reply_to_id": None, "attachments": [], "reactions": [], "meta": {}, "created_at": "now", **data},
    }
    stored.append(message)
    if LIE == "another text":
        message["content"] = message["content"].replace("soup", "cake")
    for _ in range(2 if LIE == "twice" else 1):
        emit("message", message, to="all")
    if LIE == "another acknowledgement":
        return {"ok": True, "message": {**message, "id": new_id()}}
    return {"ok": True, "message": message}


def mark(data: dict[str, Any], read: bool) -> dict[str, Any]:
    if LIE != "no receipts":
        marks = {"delivered_seq": data["seq"], "read_seq": data["seq"] if read else 0}
        marks = {**marks, "delivered_seq": 10**6} if LIE == "an impossible receipt" else marks
        emit("receipt", {"conversation_id": data["conversation_id"], "user_id": people[request.sid], **marks}, to="all")  # type: ignore[attr-defined]
    return {"ok": True}


socketio.on_event("mark_read", lambda data: mark(data, read=True), namespace="/chat")
socketio.on_event("mark_delivered", lambda data: mark(data, read=False), namespace="/chat")
eventlet.wsgi.server(eventlet.listen(("127.0.0.1", int(PORT))), app, log_output=False)
