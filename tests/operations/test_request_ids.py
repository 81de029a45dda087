"""One id follows an action through every log: from the request to the job that it asked for."""

import re
import uuid
from pathlib import Path

from tests.services.api import Api
from tests.services.deployment import Deployment
from tests.services.people import People
from tests.services.waiting import eventually


def lines_with(path: Path, identifier: str) -> list[str]:
    return [line for line in path.read_text(errors="replace").splitlines() if f"[{identifier}]" in line]


def test_a_job_carries_the_id_of_the_request_that_asked_for_it(people: People, deployment: Deployment):
    ada = people.one()
    identifier = f"r-{uuid.uuid4().hex}"
    answer = ada.post(
        "/auth/password/forgot", {"email": f"{ada.username}@example.org"}, headers={"X-Request-ID": identifier}
    )
    answer.must(202)
    assert answer.headers["X-Request-ID"] == identifier
    server = next(server for server in deployment.servers if server.url == ada.url)
    (line,) = [line for line in lines_with(server.log, identifier) if "chat_app.access" in line]
    assert "POST /api/v1/auth/password/forgot 202" in line
    job_log = deployment.worker.log if deployment.worker else server.log
    eventually(lambda: any("chat_app.mail" in line for line in lines_with(job_log, identifier)))
    if deployment.worker:
        eventually(lambda: any("succeeded in" in line for line in lines_with(job_log, identifier)))


def test_a_request_that_closes_sockets_keeps_its_id(people: People):
    ada = people.one()
    socket = people.chat(ada)
    identifier = f"r-{uuid.uuid4().hex}"
    answer = ada.post("/auth/logout", headers={"X-Request-ID": identifier})
    answer.must(204)
    socket.wait_for("disconnect")
    assert answer.headers["X-Request-ID"] == identifier


def test_a_job_that_nobody_asked_for_has_an_id_of_its_own(cluster: Deployment):
    assert cluster.worker
    log = cluster.worker.log
    ada = Api(cluster.url).register()
    ada.say(ada.group(), "What its sender has read is stored by a job")
    done = re.compile(r"\[([0-9a-f-]{36})\] Task receipts\.store\[\1\] succeeded")
    eventually(lambda: done.search(log.read_text(errors="replace")))
