"""Both ways of running the product start, answer and stop."""

import json
import urllib.request
from pathlib import Path

import pytest

from tests.services import deployment as deployments
from tests.services.deployment import Deployment
from tests.services.postgres import Postgres
from tests.services.process import ProcessFailed
from tests.services.redis import Redis
from tests.services.server import Server
from tests.services.waiting import eventually


def call(url: str, body: dict[str, str] | None = None) -> dict[str, object]:
    data = json.dumps(body).encode() if body else None
    request = urllib.request.Request(url, data, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def test_every_process_is_ready(deployment: Deployment):
    for url in deployment.urls:
        assert call(f"{url}/health/ready")


def test_an_account_made_on_one_process_works_on_every_other(deployment: Deployment):
    account = {"username": f"ada-{deployment.kind}", "password": "correct horse battery"}
    call(f"{deployment.urls[0]}/api/v1/auth/register", {**account, "email": f"{account['username']}@example.org"})
    for url in deployment.urls:
        assert call(f"{url}/api/v1/auth/login", account)["access_token"]


def test_a_killed_process_comes_back_on_its_port(tmp_path: Path):
    with deployments.embedded(tmp_path) as deployment:
        server = deployment.servers[0]
        server.kill()
        assert not server.running
        server.start()
        assert call(f"{deployment.url}/health/live")
        server.restart()
        assert call(f"{deployment.url}/health/live")
        assert server.terminate() == 0


def test_a_cluster_stops_without_force(tmp_path: Path, postgres: Postgres, redis: Redis):
    with deployments.cluster(tmp_path, postgres, redis) as deployment:
        assert [server.terminate(timeout=6) for server in deployment.servers] == [0, 0]
        assert deployment.worker.terminate() == 0


def test_bad_settings_end_the_start_with_their_names(tmp_path: Path):
    server = Server(tmp_path, {"SECRET_KEY": "short"})
    with pytest.raises(ProcessFailed, match="SECRET_KEY"):
        server.start()
    eventually(lambda: not server.running)
    server.close()
