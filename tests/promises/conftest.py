import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.promises.crowd import Crowd
from tests.promises.truth import Truth
from tests.services import deployment as deployments
from tests.services.deployment import Deployment
from tests.services.postgres import Postgres
from tests.services.redis import Redis

SOAK = os.environ.get("SOAK") == "1"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "promise(id): which promise a test proves.")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if promise := item.get_closest_marker("promise"):
            item.user_properties.append(("promise", promise.args[0]))
            if SOAK:
                item.add_marker(pytest.mark.timeout(7200), append=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line per proof: `P1 pass …figure…` or `P1 FAIL …`."""
    lines = []
    for outcome, word in (("passed", "pass"), ("failed", "FAIL"), ("error", "FAIL")):
        for report in terminalreporter.getreports(outcome):
            told = dict(report.user_properties)
            if "promise" in told:
                said = told.get("figure") or report.nodeid.rpartition("::")[2]
                lines.append(f"{told['promise']:6} {word} {said}")
    if lines:
        terminalreporter.section("promises")
        for line in sorted(lines, key=lambda line: (len(line.split()[0]), line)):
            terminalreporter.write_line(line)


@pytest.fixture
def soak() -> bool:
    """Whether this is the long form."""
    return SOAK


@pytest.fixture
def crowd(tmp_path: Path) -> Iterator[Crowd]:
    """People in one process, so that one clock measures between any two of them."""
    crowd = Crowd(tmp_path)
    yield crowd
    crowd.close()


@pytest.fixture
def large_crowd(tmp_path: Path) -> Iterator[Crowd]:
    """People in two processes."""
    crowd = Crowd(tmp_path, halls=2)
    yield crowd
    crowd.close()


@pytest.fixture
def truth(cluster: Deployment) -> Truth:
    """The database of the cluster of the session."""
    return Truth(cluster)


@pytest.fixture(params=["cluster", "mariadb_cluster"])
def any_cluster(request: pytest.FixtureRequest) -> Deployment:
    """The cluster of the session on each database server, for promises that depend on it."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def any_truth(any_cluster: Deployment) -> Truth:
    return Truth(any_cluster)


@pytest.fixture
def own_cluster(tmp_path: Path, postgres: Postgres, own_redis: Redis) -> Iterator[Deployment]:
    """A cluster whose web processes, worker and Redis this test may disturb; the database is the session's."""
    with deployments.cluster(tmp_path, postgres, own_redis) as deployment:
        yield deployment


@pytest.fixture
def figure(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Prints what was measured; `pytest -rA` shows it, and it stands in the JUnit report."""

    def tell(text: str) -> None:
        record_property("figure", text)
        print(f"\n{request.node.name}: {text}")

    return tell
