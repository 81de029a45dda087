import psycopg
import pytest

from tests.services.postgres import Postgres


def test_a_copied_database_has_the_rows_of_its_template(postgres: Postgres):
    template = postgres.create_database()
    with postgres.connect(template) as connection:
        connection.execute("CREATE TABLE note (text text)")
        connection.execute("INSERT INTO note VALUES ('grüße')")
    copy = postgres.create_database(template)
    with postgres.connect(copy) as connection:
        assert connection.execute("SELECT text FROM note").fetchall() == [("grüße",)]
    postgres.drop_database(copy)
    postgres.drop_database(template)


def test_it_has_the_extensions_of_search(postgres: Postgres):
    url = postgres.create_database()
    with postgres.connect(url) as connection:
        for extension in ("pg_trgm", "unaccent", "citext"):
            connection.execute(f"CREATE EXTENSION {extension}")
        assert connection.execute("SELECT unaccent('Hôtel')").fetchone() == ("Hotel",)
    postgres.drop_database(url)


def test_what_was_committed_survives_a_kill_and_a_stop(own_postgres: Postgres):
    with own_postgres.connect() as connection:
        connection.execute("CREATE TABLE note (text text)")
        connection.execute("INSERT INTO note VALUES ('kept')")
        own_postgres.kill()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    own_postgres.start()
    own_postgres.stop()
    own_postgres.start()
    with own_postgres.connect() as connection:
        assert connection.execute("SELECT text FROM note").fetchall() == [("kept",)]


def test_a_paused_one_does_not_answer_until_it_is_resumed(own_postgres: Postgres):
    with own_postgres.connect() as connection:
        own_postgres.pause()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(own_postgres.url(), connect_timeout=2)
        own_postgres.resume()
        assert connection.execute("SELECT 1").fetchone() == (1,)
