"""P29: Schemathesis calls every operation of the OpenAPI document, as different people.

No 5xx, no answer of another status, type or form than the document says.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services import commands
from tests.services import deployment as deployments
from tests.services.api import PASSWORD, Account, Api
from tests.services.deployment import Deployment

pytestmark = pytest.mark.promise("P29")

HOOKS = Path(__file__).parents[1] / "services" / "schemathesis_hooks.py"
CHECKS = ("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance")
GROWTH = 8.0
"""MiB; see `test_fuzzing_sockets.py`."""
SCOPES = ["profile:read", "people:read", "conversations:read", "conversations:write", "messages:read", "messages:write"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A server of its own: thousands of odd names would disturb other tests."""
    with deployments.embedded(tmp_path_factory.mktemp("fuzzed")) as deployment:
        yield deployment


def known_ids(person: Account, other: Account) -> dict[str, str]:
    """By the names of parameters and fields: things that exist."""
    group = person.group(other)
    message = person.say(group, "hello")["id"]
    named = {"conversation_id": group, "chat_id": group, "message_id": message, "reply_to_id": message}
    return named | {"user_id": other.id, "target_id": other.id, "actor_id": other.id}


def fuzz(url: str, directory: Path, *options: str, header: tuple[str, str] | None, ids: dict[str, str]) -> Counter[str]:
    """Run Schemathesis; returns how often each status was answered."""
    report, config = directory / "statuses.json", directory / "schemathesis.toml"
    config.write_text("[auth]\nauto-signup = false\n")
    told = {"url": url, "header": header, "ids": ids}
    result = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run", f"{url}/openapi.json"),
            *("--checks", ",".join(CHECKS)),
            *("--generation-deterministic", "--no-shrink", "--continue-on-failure"),
            *("--suppress-health-check", "all", "--warnings", "off", "--no-color"),
            *("--generation-with-security-parameters", "false", *options),
        ],
        cwd=directory,
        env={**os.environ, "SCHEMATHESIS_HOOKS": str(HOOKS), "FUZZED": json.dumps({**told, "report": str(report)})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=3600,
    )
    assert result.returncode == 0, "\n".join(line[:500] for line in result.stdout.splitlines()[-200:])
    return Counter(json.loads(report.read_text()))


def told(statuses: Counter[str], who: str) -> str:
    done = sum(count for status, count in statuses.items() if status < "4")
    return f"{statuses.total():,} calls {who}, {done:,} of them done, no 5xx, all as documented"


def bearer(person: Account) -> tuple[str, str]:
    return "Authorization", f"Bearer {person.token}"


def test_a_member_who_sends_anything(server: Deployment, tmp_path: Path, soak: bool, figure):
    ada, grace = (Api(server.url).register() for _ in range(2))
    options = ("--phases", "examples,coverage,fuzzing", "--max-examples", "500" if soak else "10")
    statuses = fuzz(server.url, tmp_path, *options, header=bearer(ada), ids=known_ids(ada, grace))
    assert ada.get("/auth/me").must()["id"] == ada.id, "it logged itself out"
    assert statuses["200"] > statuses["401"]
    figure(told(statuses, "as a member"))


def test_an_administrator_who_sends_anything(server: Deployment, tmp_path: Path, soak: bool, figure):
    grace = Api(server.url).register()
    made = commands.flask(
        server.data_dir,
        *("create-admin", "--username", "boss", "--email", "boss@example.org", "--password", PASSWORD),
    )
    assert made.returncode == 0, made.stdout
    boss = Api(server.url).log_in("boss")
    options = ("--phases", "coverage,fuzzing", "--max-examples", "300" if soak else "8")
    if not soak:
        options += ("--include-path-regex", "/admin/|/users|/stats|/metrics")
    statuses = fuzz(server.url, tmp_path, *options, header=bearer(boss), ids=known_ids(boss, grace))
    assert boss.get("/admin/users").status == 200, "it logged itself out"
    figure(told(statuses, "as an administrator"))


def test_a_program_with_a_key_that_sends_anything(server: Deployment, tmp_path: Path, soak: bool, figure):
    ada, grace = (Api(server.url).register() for _ in range(2))
    ids = known_ids(ada, grace)
    key = ada.post("/auth/api-keys", {"name": "fuzzer", "scopes": SCOPES}).must(201)["key"]
    options = ("--phases", "fuzzing", "--max-examples", "100" if soak else "5")
    fuzz(server.url, tmp_path, *options, header=("X-API-Key", key), ids=ids)
    before = server.servers[0].memory
    statuses = fuzz(server.url, tmp_path, *options, header=("X-API-Key", key), ids=ids)
    grown = server.servers[0].memory - before
    assert statuses["200"]
    assert grown < GROWTH
    figure(f"{told(statuses, 'with an API key')}; the second time {grown:+.1f} MiB")


def test_a_stranger_who_sends_anything(server: Deployment, tmp_path: Path, soak: bool, figure):
    options = ("--phases", "fuzzing", "--max-examples", "100" if soak else "5")
    statuses = fuzz(server.url, tmp_path, *options, header=None, ids={})
    assert statuses["401"] > 50
    figure(told(statuses, "by a stranger"))
