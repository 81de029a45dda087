"""Both deployments with a mail server: the embedded one signs in by STARTTLS, the cluster has a plain relay."""

import os
from collections.abc import Iterator

import pytest

from tests.conftest import a_redis
from tests.services import deployment as deployments
from tests.services.deployment import Deployment
from tests.services.mail import Certificate, MailServer
from tests.services.postgres import Postgres

PUBLIC_URL = "https://chat.example.org"
Mailed = tuple[Deployment, MailServer]


@pytest.fixture(scope="package")
def mailed_embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mailed]:
    directory = tmp_path_factory.mktemp("mailed-embedded")
    server = MailServer(certificate=Certificate.make(directory))
    with deployments.embedded(directory, {"PUBLIC_URL": PUBLIC_URL, **server.settings}) as deployment:
        server.start()
        yield deployment, server
        server.stop()


@pytest.fixture(scope="package")
def mailed_cluster(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres) -> Iterator[Mailed]:
    """With a Redis of its own: the jobs in another one would be taken by that one's worker."""
    directory = tmp_path_factory.mktemp("mailed-cluster")
    server = MailServer()
    settings = {"PUBLIC_URL": PUBLIC_URL, **server.settings}
    if os.environ.get("TEST_REDIS_URL"):
        pytest.skip("needs a Redis of its own, and TEST_REDIS_URL is set")
    with a_redis(directory) as redis, deployments.cluster(directory, postgres, redis, settings) as deployment:
        server.start()
        yield deployment, server
        server.stop()


@pytest.fixture(params=["embedded", "cluster"])
def mailed(request: pytest.FixtureRequest) -> Iterator[Mailed]:
    deployment, server = request.getfixturevalue(f"mailed_{request.param}")
    default = server.answer
    yield deployment, server
    server.answer = default


@pytest.fixture
def deployment(mailed: Mailed) -> Deployment:
    return mailed[0]


@pytest.fixture
def letters(mailed: Mailed) -> MailServer:
    """The letter boxes of everybody."""
    return mailed[1]


def logs(deployment: Deployment) -> str:
    """What all its processes said."""
    parts = [*deployment.servers, *([deployment.worker] if deployment.worker else [])]
    return "\n".join(part.log.read_text(errors="replace") for part in parts)
