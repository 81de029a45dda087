"""Loaded by Schemathesis (SCHEMATHESIS_HOOKS): makes its calls reach further than random ids would, and keeps what
ends a session from ending the session of all other calls.

The environment variable FUZZED holds JSON: `url`, `header` (name and value of what authenticates), `ids` (name of a
parameter or field → an id that exists), and `report`, a file for the statuses.
"""

import atexit
import json
import os
import re
import urllib.request
import uuid
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import schemathesis

FUZZED = json.loads(os.environ["FUZZED"])
ENDS_A_SESSION = {("POST", "/auth/logout"), ("POST", "/auth/password"), ("DELETE", "/auth/sessions/{session_id}")}
ENDS_A_CONVERSATION = {
    ("DELETE", "/conversations/{conversation_id}"),
    ("DELETE", "/conversations/{conversation_id}/members/{user_id}"),
    ("POST", "/rooms/{conversation_id}/leave"),
}
UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_http = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_statuses: Counter[str] = Counter()


def _post(path: str, body: dict[str, Any], headers: dict[str, str]) -> Any:
    request = urllib.request.Request(
        f"{FUZZED['url']}/api/v1{path}",
        json.dumps(body).encode(),
        {"Content-Type": "application/json", **headers},
        method="POST",
    )
    with _http.open(request, timeout=30) as response:
        return json.load(response)


def _token_of_somebody_new() -> str:
    name = f"u{uuid.uuid4().hex[:12]}"
    body = {"username": name, "email": f"{name}@example.org", "password": "correct horse battery"}
    return str(_post("/auth/register", body, {})["access_token"])


def _known_id(name: str, operation: tuple[str, str]) -> str | None:
    if name == "conversation_id" and operation in ENDS_A_CONVERSATION:
        group = {"kind": "group", "title": "To be left"}
        return str(_post("/conversations", group, dict([FUZZED["header"]]))["id"])
    known: str | None = FUZZED["ids"].get(name)
    return known


def _put_known_ids(values: Any, operation: tuple[str, str]) -> None:
    if not isinstance(values, dict):
        return
    for name, value in list(values.items()):
        if isinstance(value, str) and UUID.fullmatch(value) and (known := _known_id(name, operation)):
            values[name] = known


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    operation = (case.method.upper(), case.operation.path.removeprefix("/api/v1"))
    if FUZZED["header"]:
        name, value = FUZZED["header"]
        if operation in ENDS_A_SESSION:
            name, value = "Authorization", f"Bearer {_token_of_somebody_new()}"
        case.headers[name] = value
        # Two calls of three, always the same ones: the others have ids of nothing.
        if zlib.crc32(repr((operation, case.path_parameters, case.body)).encode()) % 3:
            _put_known_ids(case.path_parameters, operation)
            _put_known_ids(case.body, operation)


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    _statuses[str(response.status_code)] += 1


@atexit.register
def _report() -> None:
    Path(FUZZED["report"]).write_text(json.dumps(_statuses))
