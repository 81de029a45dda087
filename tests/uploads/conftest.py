from collections.abc import Iterator

import pytest

from tests.services import deployment as deployments
from tests.services.deployment import Deployment
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


@pytest.fixture(params=["embedded", "cluster", "embedded_on_s3"])
def deployment(request: pytest.FixtureRequest) -> Deployment:
    """Every way of keeping files: in a folder of one process or of several with a Celery worker, and in S3."""
    return request.getfixturevalue(request.param)
