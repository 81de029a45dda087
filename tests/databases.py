"""On which databases a test runs: SQLite (embedded), PostgreSQL (a cluster) and, where it proves more, MariaDB."""

import os
from pathlib import Path

import pytest

from tests.services.mariadb import MISSING, installed

DATABASE = os.environ.get("TEST_DATABASE") or "postgresql"
ON_MARIADB = DATABASE == "mariadb"
"""The whole suite on MariaDB: then every cluster runs on it, in the place of PostgreSQL."""
MARIADB_TOO = ("auth", "conversations", "messages", "operations", "promises", "receipts", "users")
"""Folders whose tests depend on the database: they run on MariaDB in any case."""
POSTGRESQL_ONLY = {
    "runtime/test_database_wait.py": "it is about PostgreSQL's driver",
    "test_driver.py": "it is about PostgreSQL's driver",
    "test_fast_reads.py": "it is about reading by PostgreSQL's driver",
    "services/test_postgres.py": "it is about PostgreSQL's test server",
    "messages/batches/test_postgresql.py": "it is about PostgreSQL's batch",
    "promises/test_secrets_and_origins.py": "its database takes any password, and can refuse connections for a moment",
}
"""What stays out when the whole suite runs on MariaDB, and why."""
PARAMS = {"mariadb_cluster", "own_mariadb"}


class Selection:
    """A plugin that deselects what would prove nothing more on MariaDB, or would run on it twice."""

    def pytest_sessionstart(self) -> None:
        if DATABASE not in ("postgresql", "mariadb"):
            raise pytest.UsageError(f"TEST_DATABASE is postgresql or mariadb, not {DATABASE}")
        if ON_MARIADB and not installed():
            raise pytest.UsageError(MISSING)  # a suite that was skipped as a whole must not look like one that passed

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        needless = [item for item in items if is_needless(item)]
        if needless:
            config.hook.pytest_deselected(items=needless)
            items[:] = [item for item in items if item not in set(needless)]


def is_needless(item: pytest.Item) -> bool:
    place = item.path.relative_to(Path(__file__).parent)
    if ON_MARIADB and str(place) in POSTGRESQL_ONLY:
        return True
    call = getattr(item, "callspec", None)
    if call is None or PARAMS.isdisjoint(value for value in call.params.values() if isinstance(value, str)):
        return False
    return ON_MARIADB or place.parts[0] not in MARIADB_TOO
