"""The AsyncAPI document: complete, and valid by the official JSON schema."""

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from chat_app.documents.asyncapi import asyncapi_document
from tests.services.api import Api
from tests.services.catalogue import wrong_acknowledgement, wrong_event
from tests.services.deployment import Deployment

ROOT = Path(__file__).parents[2]
CLIENTS = {
    "chat": {
        *("send_message", "edit_message", "delete_message", "react", "mark_delivered", "mark_read", "typing"),
        *("sync", "authenticate"),
    },
    "presence": {"watch", "set_status", "authenticate"},
}
SERVERS = {
    "chat": {
        *("ready", "message", "message_changed", "receipt", "typing", "conversation_changed"),
        *("conversation_removed", "upload_changed", "user_changed", "session_ended"),
    },
    "presence": {"presence", "session_ended"},
}


@pytest.fixture(scope="module")
def document():
    return asyncapi_document()


@pytest.fixture(scope="module")
def official():
    schema = json.loads((ROOT / "tests/data/asyncapi/3.0.0.json").read_text())
    return Draft7Validator(schema)


def test_it_is_valid(document, official):
    assert list(official.iter_errors(document)) == []


def test_the_official_schema_notices_mistakes(document, official):
    assert list(official.iter_errors(document | {"surprise": 1}))
    assert list(official.iter_errors(document | {"operations": {"x": {"action": "shout"}}}))


def test_every_reference_leads_somewhere(document):
    for reference in re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document)):
        place = document
        for part in reference.split("/"):
            place = place[part]
        assert place


@pytest.mark.parametrize("channel", ["chat", "presence"])
def test_the_events_of_the_contract_stand_in_it(document, channel: str):
    def events(action: str) -> set[str]:
        return {
            name.rpartition(".")[2]
            for name, operation in document["operations"].items()
            if operation["action"] == action and operation["channel"]["$ref"] == f"#/channels/{channel}"
        }

    assert events("receive") >= CLIENTS[channel]
    assert events("send") >= SERVERS[channel]


def test_every_event_of_a_client_has_both_acknowledgements_and_says_what_it_does(document):
    for name, operation in document["operations"].items():
        assert operation["summary"], name
        if operation["action"] == "receive":
            done, refused = operation["reply"]["messages"]
            assert done["$ref"].endswith(".ok")
            assert refused["$ref"].endswith("/refusal")


def test_unknown_fields_of_clients_are_refused(document):
    for name, operation in document["operations"].items():
        if operation["action"] == "receive":
            key = operation["messages"][0]["$ref"].rpartition("/")[2]
            channel = operation["channel"]["$ref"].rpartition("/")[2]
            message = document["components"]["messages"][f"{channel}.{key}"]
            schema = document["components"]["schemas"][message["payload"]["$ref"].rpartition("/")[2]]
            assert schema["additionalProperties"] is False, name


def test_every_event_that_the_code_emits_is_in_it(document):
    """Read from the source: `publish("…"`, `_to_conversation("…"`, `emit("…"`, `_emit_here("…"`."""
    told = re.compile(r'(?:publish|publish_event|_to_conversation|_emit_here|\.emit)\(\s*"(\w+)"')
    source = "\n".join(path.read_text() for path in (ROOT / "chat_app").rglob("*.py"))
    emitted = set(told.findall(source))
    assert {"message", "session_ended", "presence", "ready"} <= emitted
    assert emitted <= SERVERS["chat"] | SERVERS["presence"] | set(document["operations"])


def test_what_differs_from_the_catalogue_is_noticed():
    typing = {"conversation_id": "c", "user_id": "u", "on": True}
    assert wrong_event("/chat", "typing", typing) is None
    assert wrong_event("/chat", "typing", typing | {"surprise": 1})
    assert wrong_event("/chat", "typing", typing | {"on": "yes"})
    assert wrong_event("/chat", "surprise", {})
    assert wrong_event("/presence", "typing", typing)
    assert wrong_acknowledgement("/chat", "mark_read", {"ok": True}) is None
    assert wrong_acknowledgement("/chat", "mark_read", {"ok": True, "surprise": 1})
    assert wrong_acknowledgement("/chat", "send_message", {"ok": True})
    assert wrong_acknowledgement("/chat", "surprise", {"ok": True})
    assert wrong_acknowledgement("/chat", "mark_read", {"ok": False, "error": {"code": "x"}})


def test_it_is_served_once_made(embedded: Deployment):
    api = Api(embedded.url)
    first = api.get("//asyncapi.json")
    assert first.must()["asyncapi"] == "3.0.0"
    again = api.request("GET", "//asyncapi.json", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status == 304
