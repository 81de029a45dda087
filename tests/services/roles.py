"""People with another role than `member`, as an operator makes them."""

from tests.services.api import Account
from tests.services.database import Database


def give_role(database: Database, person: Account, role: str) -> Account:
    """Takes effect with the person's next call."""
    database.change("UPDATE users SET role = :role WHERE id = :id", role=role, id=person.id)
    return person
