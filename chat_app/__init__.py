"""ChatSphere: team chat on one Python server.

Nothing is imported here: `chat_app.runtime` has to be importable before everything else, in order to patch it.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from chat_app.factory import Role
    from chat_app.settings import Settings

__version__ = "0.1.0"


def create_app(settings: "Settings | None" = None, role: "Role | None" = None) -> "Flask":
    """The application; see :func:`chat_app.factory.create_app`."""
    from chat_app import factory

    return factory.create_app(settings, role)
