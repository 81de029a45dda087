"""Fixtures that every test may ask for. The parts behind them are real processes: see tests/services."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.databases import ON_MARIADB, Selection
from tests.services import deployment as deployments
from tests.services import once
from tests.services.browser import chromium
from tests.services.database import Database
from tests.services.deployment import Deployment
from tests.services.mariadb import Mariadb
from tests.services.node import Node
from tests.services.people import People
from tests.services.postgres import ExternalPostgres, Postgres
from tests.services.process import STARTED
from tests.services.redis import ExternalRedis, Redis
from tests.services.redis_cluster import RedisCluster
from tests.services.sockets import Bridge, Sockets
from tests.services.visitor import Site, Visitor, site
from tests.side_by_side import (  # noqa: F401  hooks
    pytest_collection_modifyitems,
    pytest_xdist_auto_num_workers,
    pytest_xdist_make_scheduler,
)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows what the running parts said."""
    report = yield
    if report.failed:
        for process in STARTED:
            report.sections.append((f"Log of {process.name}", process.log_tail()))
    return report


def pytest_configure(config: pytest.Config) -> None:
    once.folder()  # before there are workers, which inherit it
    config.pluginmanager.register(Selection())


@contextmanager
def a_redis(directory: Path) -> Iterator[Redis]:
    external = os.environ.get("TEST_REDIS_URL")
    server = ExternalRedis(external) if external else Redis(directory)
    try:
        server.start()
        yield server
    finally:
        server.close()


@contextmanager
def a_postgres() -> Iterator[Postgres | Mariadb]:
    if ON_MARIADB:
        with a_mariadb() as mariadb:
            yield mariadb
        return
    external = os.environ.get("TEST_DATABASE_URL")
    with tempfile.TemporaryDirectory(prefix="chatsphere-") as directory:
        server = ExternalPostgres(external) if external else Postgres(Path(directory))
        try:
            server.start()
            yield server
        finally:
            server.close()


@contextmanager
def a_mariadb() -> Iterator[Mariadb]:
    with tempfile.TemporaryDirectory(prefix="chatsphere-") as directory:
        server = Mariadb(Path(directory))
        try:
            server.start()
            yield server
        finally:
            server.close()


@pytest.fixture(scope="session")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    """A Redis for the whole session; do not stop it, take :func:`own_redis` for that."""
    with a_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[Redis]:
    """A Redis that this test may stop, pause and kill."""
    with a_redis(tmp_path) as server:
        yield server


@pytest.fixture
def redis_cluster(tmp_path: Path) -> Iterator[RedisCluster]:
    """A Redis Cluster whose nodes this test may stop, pause and kill (some three seconds to start)."""
    cluster = RedisCluster(tmp_path)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres | Mariadb]:
    """A PostgreSQL for the whole session; do not stop it, take :func:`own_postgres` for that.

    A MariaDB with TEST_DATABASE=mariadb: whoever asks it for more than databases works with PostgreSQL only.
    """
    with a_postgres() as server:
        yield server


@pytest.fixture
def own_postgres() -> Iterator[Postgres | Mariadb]:
    """A PostgreSQL that this test may stop, pause and kill (two seconds to start)."""
    with a_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def mariadb(request: pytest.FixtureRequest) -> Iterator[Mariadb]:
    """A MariaDB for the whole session; the tests that need one are skipped where it is not installed."""
    if ON_MARIADB:
        yield request.getfixturevalue("postgres")
        return
    with a_mariadb() as server:
        yield server


@pytest.fixture
def own_mariadb() -> Iterator[Mariadb]:
    """A MariaDB that this test may stop, pause and kill (four seconds to start)."""
    with a_mariadb() as server:
        yield server


@pytest.fixture(scope="module")
def database_url(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres) -> Iterator[str]:
    """A PostgreSQL database with all tables, of this test module alone."""
    url = deployments.fresh_database(postgres, tmp_path_factory.mktemp("database"))
    yield url
    postgres.drop_database(url)


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """One process, SQLite, nothing else; for the whole session."""
    with deployments.embedded(tmp_path_factory.mktemp("embedded")) as deployment:
        yield deployment


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres, redis: Redis) -> Iterator[Deployment]:
    """Two web processes, PostgreSQL, Redis and a Celery worker; for the whole session.

    Tests that disturb a part use `deployments.cluster(…)` with parts of their own.
    """
    with deployments.cluster(tmp_path_factory.mktemp("cluster"), postgres, redis) as deployment:
        yield deployment


@pytest.fixture(scope="session")
def mariadb_cluster(tmp_path_factory: pytest.TempPathFactory, mariadb: Mariadb) -> Iterator[Deployment]:
    """The cluster on MariaDB; with a Redis of its own, as jobs in that of the other would meet the wrong database."""
    directory = tmp_path_factory.mktemp("mariadb")
    with a_redis(directory) as redis, deployments.cluster(directory, mariadb, redis) as deployment:
        yield deployment


@pytest.fixture(params=["embedded", "cluster", "mariadb_cluster"])
def deployment(request: pytest.FixtureRequest) -> Deployment:
    """The ways of running the product, one after the other; for the whole session. See tests/databases.py."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """Runs scripts in Node.js, with the client library: see :class:`tests.services.node.Node`."""
    return Node(tmp_path)


@pytest.fixture(scope="session")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridge]:
    bridge = Bridge(tmp_path_factory.mktemp("sockets"))
    yield bridge
    bridge.close()


@pytest.fixture
def sockets(bridge: Bridge) -> Iterator[Sockets]:
    """Opens sockets with the official client, closed at the end of the test: `sockets.connect(url, token)`."""
    sockets = Sockets(bridge)
    yield sockets
    sockets.close()


@pytest.fixture
def people(deployment: Deployment, sockets: Sockets) -> People:
    """Fresh accounts and their sockets, in both deployments: see :class:`tests.services.people.People`."""
    return People(deployment, sockets)


@pytest.fixture(scope="session")
def site_with_providers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One process where people sign in with an OpenID Connect provider and with GitHub; for the whole session."""
    settings = {"OAUTH_REDIRECT_URIS": "com.example.chat:/callback"}
    with site(tmp_path_factory.mktemp("providers"), settings) as with_providers:
        yield with_providers


@pytest.fixture
def sso(site_with_providers: Site) -> Iterator[Site]:
    """The same, with a person at the provider who was never here before."""
    site_with_providers.openid.reset()
    yield site_with_providers
    site_with_providers.openid.reset()


@pytest.fixture
def visitor(sso: Site) -> Iterator[Visitor]:
    """A browser there."""
    visitor = Visitor(sso.url)
    yield visitor
    visitor.close()


@pytest.fixture
def database(deployment: Deployment) -> Database:
    return Database(deployment.database_url)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh window: no cookies, no storage."""
    context = browser.new_context()
    yield context.new_page()
    context.close()
