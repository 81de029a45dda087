"""Flower beside the workers: who may look, and what it shows."""

import base64
import json
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.deployment import Deployment
from tests.services.process import ROOT, Process, free_port
from tests.services.server import environment
from tests.services.waiting import eventually


class Flower(Process):
    def __init__(self, directory: Path, settings: dict[str, str]) -> None:
        self.port = free_port()
        command = [sys.executable, "-m", "celery", "--app", "workers", "flower", "--address=127.0.0.1"]
        command += [f"--port={self.port}", "--basic-auth=watcher:a-password"]
        super().__init__(command, directory / "flower.log", env=environment(directory, settings), cwd=ROOT)

    def get(self, path: str, credentials: str = "watcher:a-password") -> tuple[int, str]:
        headers = {"Authorization": f"Basic {base64.b64encode(credentials.encode()).decode()}"} if credentials else {}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, ""


@pytest.fixture
def flower(tmp_path: Path, cluster: Deployment) -> Iterator[Flower]:
    server = Flower(tmp_path, cluster.settings)
    server.start()
    try:
        eventually(lambda: server.get("/healthcheck")[0] == 200, timeout=60)
        yield server
    finally:
        server.close()


def test_flower_shows_the_workers_and_their_queues_to_who_has_the_password(flower: Flower):
    assert flower.get("/api/workers", "")[0] == 401
    assert flower.get("/api/workers", "watcher:wrong")[0] == 401

    def workers() -> dict[str, dict[str, list[dict[str, str]]]]:
        status, body = flower.get("/api/workers?refresh=true")
        assert status == 200
        return json.loads(body)

    found = eventually(workers, timeout=60)
    (worker,) = [each for name, each in found.items() if name.startswith("test-")]
    assert {queue["name"] for queue in worker["active_queues"]} == {
        "chatsphere",
        *(f"chatsphere.{area}" for area in ("media", "receipts", "mail", "cleanup")),
    }
    assert {"media.process", "receipts.store", "cleanup.expired", "mail.verification"} <= set(worker["registered"])
