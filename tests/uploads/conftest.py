import os
from collections.abc import Iterator

import pytest

from tests.conftest import a_redis
from tests.services import deployment as deployments
from tests.services.deployment import Deployment
from tests.services.mariadb import Mariadb
from tests.services.postgres import Postgres
from tests.services.s3 import S3Server


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """An S3-compatible server for the whole session."""
    server = S3Server(tmp_path_factory.mktemp("s3"))
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture(scope="session")
def embedded_on_s3(tmp_path_factory: pytest.TempPathFactory, s3: S3Server) -> Iterator[Deployment]:
    """One process that keeps files in the S3-compatible server."""
    with deployments.embedded(tmp_path_factory.mktemp("embedded-s3"), s3.settings) as deployment:
        yield deployment


@pytest.fixture(scope="session")
def cluster_on_s3(
    tmp_path_factory: pytest.TempPathFactory, postgres: Postgres | Mariadb, s3: S3Server
) -> Iterator[Deployment]:
    """Two processes and a Celery worker that share nothing but the S3-compatible server."""
    directory = tmp_path_factory.mktemp("cluster-s3")
    if os.environ.get("TEST_REDIS_URL"):
        pytest.skip("needs a Redis of its own, and TEST_REDIS_URL is set")
    with a_redis(directory) as redis, deployments.cluster(directory, postgres, redis, s3.settings) as deployment:
        yield deployment


@pytest.fixture(params=["embedded", "cluster", "embedded_on_s3", "cluster_on_s3"])
def deployment(request: pytest.FixtureRequest) -> Deployment:
    """Every way of keeping files: in a folder and in S3, of one process and of several with a Celery worker."""
    return request.getfixturevalue(request.param)
