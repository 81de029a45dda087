"""Runs the migrations on the application's own engine; two processes that start at once take turns."""

from alembic import context
from flask import current_app
from sqlalchemy import Connection, text
from sqlalchemy.types import TypeDecorator

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


with db.engine.connect().execution_options(writes=True) as connection:
    sqlite = connection.dialect.name == "sqlite"
    try:
        (migrate_sqlite if sqlite else migrate)(connection)
        connection.commit()
    finally:
        connection.invalidate()  # a connection without foreign keys must not go back into the pool
