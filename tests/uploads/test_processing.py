"""Work on images: once, whatever is killed and lost meanwhile. On a cluster, with real workers."""

import json
import uuid
from pathlib import Path

import pytest

from tests.services import deployment as deployments
from tests.services.api import Api
from tests.services.database import Database
from tests.services.deployment import Deployment
from tests.services.postgres import Postgres
from tests.services.redis import Redis
from tests.services.waiting import eventually
from tests.uploads.files import photo, send_file, settled


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres, redis_of_its_own: Redis):
    folder = tmp_path_factory.mktemp("media-cluster")
    with deployments.cluster(folder, postgres, redis_of_its_own, size=1) as deployment:
        yield deployment


@pytest.fixture(scope="module")
def redis_of_its_own(tmp_path_factory: pytest.TempPathFactory):
    server = Redis(tmp_path_factory.mktemp("media-redis"))
    server.start()
    yield server
    server.close()


def test_a_job_that_ran_already_changes_nothing(own: Deployment):
    ada = Api(own.url).register()
    ready = settled(ada, send_file(ada, photo(), "beach.jpg").must(201)["id"])
    done = marker(own, "media.process", ready["id"])
    eventually(done)
    assert ada.get(f"/uploads/{ready['id']}").must() == ready


def test_a_job_that_was_lost_is_asked_for_again(own: Deployment):
    assert own.worker
    assert own.redis
    ada = Api(own.url).register()
    own.worker.terminate()
    upload = send_file(ada, photo(), "beach.jpg").must(201)
    with own.redis.client() as client:
        jobs = [json.loads(job)["headers"]["task"] for job in client.lrange("chatsphere.media", 0, -1)]
        assert "media.process" in jobs
        client.delete("chatsphere.media")
    own.worker.start()
    database = Database(own.database_url)
    database.change("UPDATE uploads SET touched_at = '2020-01-01' WHERE id = :id", id=upload["id"])
    send_job(own, "media.ask_again")
    assert settled(ada, upload["id"])["status"] == "ready"


def test_one_that_kills_its_worker_again_and_again_is_given_up(own: Deployment):
    ada = Api(own.url).register()
    assert own.worker
    own.worker.terminate()
    upload = send_file(ada, photo(), "beach.jpg").must(201)
    Database(own.database_url).change("UPDATE uploads SET attempts = 5 WHERE id = :id", id=upload["id"])
    own.worker.start()
    failed = settled(ada, upload["id"])
    assert failed["status"] == "failed"
    assert "send it again" in failed["error"]


def send_job(deployment: Deployment, name: str, *args: str) -> str:
    from celery import Celery

    with Celery(broker=deployment.settings["REDIS_URL"]) as celery:
        queue = f"chatsphere.{name.partition('.')[0]}"
        return str(celery.send_task(name, args=args, queue=queue, task_id=str(uuid.uuid4())).id)


def marker(deployment: Deployment, name: str, *args: str):
    """Send a job; what comes back tells whether the worker has done it."""
    assert deployment.worker
    log: Path = deployment.worker.log
    job = send_job(deployment, name, *args)
    return lambda: f"{name}[{job}] succeeded" in log.read_text(errors="replace")
