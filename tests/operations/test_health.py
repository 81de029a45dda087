"""What a load balancer and an operator are told."""

from collections.abc import Iterator

import pytest

from tests.services import deployment as deployments
from tests.services.api import Api
from tests.services.deployment import Deployment
from tests.services.postgres import Postgres
from tests.services.redis import Redis
from tests.services.waiting import eventually


@pytest.mark.parametrize(
    "path", ["//health", "//health/live", "//health/ready", "//health/db", "//health/redis", "//api/health", "/health"]
)
def test_everything_is_well(deployment: Deployment, path: str):
    for url in deployment.urls:
        answer = Api(url).get(path).must()
        assert answer["status"] in ("ok", "disabled")


def test_the_whole_answer_counts_what_there_is(deployment: Deployment):
    api = Api(deployment.url)
    before = api.get("//health").must()
    assert before["database"] == deployment.database_url.split(":")[0].replace("mysql", "mariadb")
    assert before["redis"] == ("disabled" if deployment.kind == "embedded" else "ok")
    ada = api.register()
    ada.group()
    after = api.get("//health").must()
    assert after["users"] == before["users"] + 1
    assert after["conversations"] == before["conversations"] + 1
    assert ada.username not in str(after)


@pytest.fixture
def fragile(tmp_path, own_postgres: Postgres, own_redis: Redis) -> Iterator[Deployment]:
    with deployments.cluster(tmp_path, own_postgres, own_redis, size=1) as deployment:
        yield deployment


def test_a_lost_part_is_told_and_found_again(fragile: Deployment, own_postgres: Postgres, own_redis: Redis):
    api = Api(fragile.url)
    ada = api.register()
    own_redis.stop()
    assert api.get("//health/redis").must(503)["status"] == "unavailable"
    assert api.get("//health").must()["status"] == "degraded"
    assert api.get("//health/ready").must()["status"] == "ok"

    own_postgres.stop()
    assert api.get("//health/db").must(503)["status"] == "unavailable"
    assert api.get("//health/ready").must(503)["status"] == "unavailable"
    assert api.get("//health/live").must()["status"] == "ok"
    answer = ada.get("/auth/me")
    assert answer.error(503, "unavailable")["retry_after"] == 1.0
    assert answer.headers["Retry-After"] == "1"

    own_postgres.start()
    own_redis.start()
    eventually(lambda: api.get("//health").must()["status"] == "ok")
    assert ada.get("/auth/me").must()["id"] == ada.id
