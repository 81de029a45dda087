from flask import Flask


def register_commands(app: Flask) -> None:
    """The commands of `flask --app wsgi …`."""
