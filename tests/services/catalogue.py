"""Holds what a socket receives against the models that `/asyncapi.json` is made of; unknown fields are not allowed."""

import json
from typing import Any

from pydantic import ValidationError

from chat_app.documents.schemas import Refusal
from chat_app.realtime.catalogue import INBOUND, OUTBOUND

OWN = {"connect", "connect_error", "disconnect"}
"""What the client itself tells."""


def wrong_event(namespace: str, event: str, data: Any) -> str | None:
    """What is wrong with something that the server sent, or None."""
    if event in OWN or namespace not in OUTBOUND:
        return None
    if event not in OUTBOUND[namespace]:
        return f"{namespace} {event} is not in the catalogue"
    return _mismatch(f"{namespace} {event}", OUTBOUND[namespace][event].model, data)


def wrong_acknowledgement(namespace: str, event: str, answer: Any) -> str | None:
    """What is wrong with an acknowledgement, or None."""
    if namespace not in INBOUND:
        return None
    if not (isinstance(answer, dict) and answer.get("ok")):
        return _mismatch(f"the refusal of {namespace} {event}", Refusal, answer)
    declared = INBOUND[namespace].handlers.get(event)
    if declared is None:
        return f"{namespace} {event} is not declared, and was answered"
    return _mismatch(f"the acknowledgement of {namespace} {event}", declared.answer, answer)


def _mismatch(what: str, model: Any, data: Any) -> str | None:
    try:
        model.model_validate_json(json.dumps(data), strict=True, extra="forbid")
    except ValidationError as error:
        return f"{what}: {error}"
    return None
