from pathlib import Path

import pymysql
import pytest

from tests.conftest import a_mariadb
from tests.services import deployment as deployments
from tests.services.mariadb import Mariadb


def query(url: str, mariadb: Mariadb, statement: str) -> tuple:
    with mariadb.connect(url.rsplit("/", 1)[1]) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def test_databases_are_apart_and_empty(mariadb: Mariadb):
    first, second = mariadb.create_database(), mariadb.create_database()
    query(first, mariadb, "CREATE TABLE note (text varchar(20))")
    assert query(second, mariadb, "SHOW TABLES") == ()
    mariadb.drop_database(first)
    mariadb.drop_database(second)


def test_a_fresh_database_is_a_copy_with_its_rows_and_references(mariadb: Mariadb, tmp_path: Path):
    url = deployments.fresh_database(mariadb, tmp_path)
    assert ("free",) in query(url, mariadb, "SELECT name FROM plans")
    assert query(url, mariadb, "SELECT @@collation_database") == (("utf8mb4_nopad_bin",),)
    with pytest.raises(pymysql.IntegrityError):
        query(url, mariadb, "INSERT INTO message_reactions VALUES ('nothing', 'x', 'nobody', now())")
    mariadb.drop_database(url)


def test_a_server_that_starts_beside_it_leaves_its_temporary_tables_alone(own_mariadb: Mariadb):
    with own_mariadb.connect("mysql") as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE note (text varchar(20)) ENGINE=Aria")
        with a_mariadb():
            cursor.execute("DROP TEMPORARY TABLE note")
    assert "Could not remove temporary table" not in own_mariadb.log.read_text()


def test_what_was_committed_survives_a_kill_and_a_stop(own_mariadb: Mariadb):
    url = own_mariadb.create_database()
    query(url, own_mariadb, "CREATE TABLE note (text varchar(20))")
    query(url, own_mariadb, "INSERT INTO note VALUES ('kept')")
    for end in (own_mariadb.kill, own_mariadb.stop):
        end()
        with pytest.raises(pymysql.OperationalError):
            query(url, own_mariadb, "SELECT 1")
        own_mariadb.start()
        assert query(url, own_mariadb, "SELECT text FROM note") == (("kept",),)
