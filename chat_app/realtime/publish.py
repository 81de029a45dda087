"""Everything that leaves the server for its clients leaves through :func:`publish`; grep for it.

Call these after the commit (`after_commit(publish_…, …)` inside a transaction). A push that is lost is no
failure of the write: clients see the gap and `sync`.
"""

from typing import Any

from flask import current_app

CHAT = "/chat"
PRESENCE = "/presence"
TOLD_RECEIPTS = 100
"""Members up to which everybody is told of everybody's receipts; beyond it only one's own devices are:
in a room of n people each message would cost n receipts to n people."""
Json = dict[str, Any]


def conversation_room(conversation_id: str) -> str:
    return f"c:{conversation_id}"


def user_room(user_id: str) -> str:
    return f"u:{user_id}"


def presence_room(user_id: str) -> str:
    return f"p:{user_id}"


def publish(
    event: str,
    payload: Json,
    room: str,
    *,
    namespace: str = CHAT,
    guard: tuple[str, int] | None = None,
    skip_sid: str | None = None,
) -> None:
    """Send `event` to the sockets of `room` in every process.

    `guard` is `(conversation_id, members_rev)`: a process whose picture of the members is older reads them
    anew before it delivers, so that nobody gets what was said after they were removed.
    """
    current_app.extensions["bus"].publish_event(
        event, payload, namespace=namespace, room=room, guard=guard, skip_sid=skip_sid
    )


def _tell(method: str, **fields: Any) -> None:
    """Have every process do something with its own sockets."""
    current_app.extensions["bus"].tell(method, **fields)


def publish_message(message: Json, members_rev: int) -> None:
    """A new message (or the same again) to its conversation."""
    _to_conversation("message", message, message["conversation_id"], members_rev)


def publish_message_change(message: Json, members_rev: int) -> None:
    """An edit, a deletion or a reaction: the message as it now is."""
    _to_conversation("message_changed", message, message["conversation_id"], members_rev)


def publish_upload(upload: Json, owner_id: str) -> None:
    """A file of theirs is ready, or has failed."""
    publish("upload_changed", upload, user_room(owner_id))


def publish_attachment(upload: Json, conversation_id: str, members_rev: int) -> None:
    """The same to those who see the message that holds it."""
    _to_conversation("upload_changed", upload, conversation_id, members_rev)


def publish_receipt(receipt: Json, member_count: int, members_rev: int) -> None:
    """Somebody's watermarks."""
    if member_count <= TOLD_RECEIPTS:
        _to_conversation("receipt", receipt, receipt["conversation_id"], members_rev)
    else:
        publish("receipt", receipt, user_room(receipt["user_id"]))


def receipts_stored(rows: list[list[Any]], since: float) -> None:
    """What a job has stored, for whoever connected since: `chat_app.receipts.newcomers`."""
    _tell("receipts_stored", rows=rows, since=since)


def publish_typing(
    conversation_id: str, user_id: str, members_rev: int, *, on: bool, skip_sid: str | None = None
) -> None:
    payload = {"conversation_id": conversation_id, "user_id": user_id, "on": on}
    guard = (conversation_id, members_rev)
    publish("typing", payload, conversation_room(conversation_id), guard=guard, skip_sid=skip_sid)


def presence_touched(user_ids: list[str]) -> None:
    """Devices of these people came, went or changed; whoever has watchers of theirs looks it up."""
    _tell("presence", user_ids=user_ids)


def membership_changed(conversation_id: str, user_ids: list[str], members_rev: int, *, present: bool) -> None:
    """People are in or out: every process moves their sockets, and tells those who are out."""
    _tell("membership", conversation_id=conversation_id, user_ids=user_ids, rev=members_rev, present=present)


def conversation_changed(conversation_id: str, user_id: str | None = None) -> None:
    """Its members (or one of them) get it anew; each process reads it for the people it holds."""
    _tell("conversation", conversation_id=conversation_id, user_id=user_id)


def user_changed(user_id: str) -> None:
    """Somebody's own account is not what it was (profile, role, plan): their devices read it anew."""
    publish("user_changed", {"id": user_id}, user_room(user_id))


def end_sessions(session_ids: list[str], code: str) -> None:
    """Close the sockets of these sessions, telling them `session_ended` `{code}` first."""
    _tell("end_sessions", session_ids=session_ids, code=code)


def _to_conversation(event: str, payload: Json, conversation_id: str, members_rev: int) -> None:
    publish(event, payload, conversation_room(conversation_id), guard=(conversation_id, members_rev))
