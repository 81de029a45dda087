"""Runs the migrations on the application's own database; two processes that start at once take turns."""

from alembic import context
from flask import current_app
from sqlalchemy import Connection, Engine, NullPool, create_engine, text
from sqlalchemy.types import TypeDecorator

from chat_app import mariadb
from chat_app.db import writing

MIGRATION_LOCK = 4_701_223
"""A number of our own for PostgreSQL's advisory lock. SQLite locks the whole file by itself."""

db = current_app.extensions["migrate"].db


def render_item(kind: str, item: object, autogen_context: object) -> str | bool:
    """Migrations stand alone: they name the plain SQLAlchemy type, not our classes."""
    return f"sa.{item.impl_instance!r}" if kind == "type" and isinstance(item, TypeDecorator) else False


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=db.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=render_item,
        compare_type=True,
    )
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL lock_timeout = '60s'"))
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
        context.run_migrations()


def migrate_sqlite(connection: Connection) -> None:
    """SQLite changes a table by copying it and dropping the old one, which would delete, by `ON DELETE CASCADE`,
    whatever refers to it: foreign keys are off meanwhile and checked before the commit.
    """
    connection.connection.dbapi_connection.execute("PRAGMA foreign_keys=OFF")  # counts outside transactions only
    migrate(connection)
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if broken:
        raise RuntimeError(f"the migration would leave references to nothing: {broken[:5]}")


def migrate_mariadb(connection: Connection) -> None:
    """Every statement that changes a table commits by itself there: the lock is one of the session, for its whole life.

    New tables and columns take the collation of the database, so that is set first.
    """
    mariadb.refuse_old_server(connection)
    wait = mariadb.MIGRATION_LOCK_SECONDS
    if connection.scalar(text(f"SELECT GET_LOCK(CONCAT(DATABASE(), '.migration'), {wait})")) != 1:
        raise RuntimeError(f"another process has been migrating this database for more than {wait} seconds")
    collation = mariadb.exact_collation(connection)
    if connection.scalar(text("SELECT @@collation_database")) != collation:
        connection.execute(text(f"ALTER DATABASE CHARACTER SET utf8mb4 COLLATE {collation}"))
    migrate(connection)


def engine() -> Engine:
    """The application's own; on MariaDB one whose statements may take their time."""
    if db.engine.dialect.name == "mysql":
        return create_engine(db.engine.url, poolclass=NullPool, connect_args=mariadb.connect_args(migrating=True))
    return db.engine


WAYS = {"sqlite": migrate_sqlite, "postgresql": migrate, "mysql": migrate_mariadb}

with engine().connect().execution_options(**writing()) as connection:
    try:
        WAYS[connection.dialect.name](connection)
        connection.commit()
    finally:
        connection.invalidate()  # a connection without foreign keys must not go back into the pool
