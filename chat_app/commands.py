"""The commands: `flask --app wsgi create-admin | sample-data | replay | cleanup | new-epoch`."""

import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
from flask import Flask, current_app
from pydantic import ValidationError

from chat_app.db import transaction
from chat_app.errors import ChatError, from_validation


def register_commands(app: Flask) -> None:
    for command in (create_admin, sample_data, replay, cleanup, new_epoch):
        app.cli.add_command(command)


@click.command("create-admin")
@click.option("--username", required=True)
@click.option("--email", required=True)
@click.option("--password", required=True, help="At least 8 characters.")
@click.option("--role", type=click.Choice(["admin", "agent"]), default="admin", show_default=True)
def create_admin(username: str, email: str, password: str, role: str) -> None:
    """Make an account with a role, or promote the one of that name, which is signed out everywhere."""
    from chat_app.auth.passwords import hash_password
    from chat_app.auth.schemas import Register
    from chat_app.auth.service import make_admin

    try:
        data = Register(username=username, email=email, password=password)
        with current_app.app_context():
            password_hash = hash_password(password)
            with transaction():
                user, is_new = make_admin(data, password_hash, role)
    except ValidationError as error:
        raise click.ClickException(from_validation(error).detail) from None
    except ChatError as error:
        raise click.ClickException(error.detail) from None
    click.echo(f"{'Made' if is_new else 'Promoted'} {user.username} ({user.email}): {role}.")


@click.command("sample-data")
@click.option("--password", default="chatsphere", show_default=True, help="For all the sample people.")
def sample_data(password: str) -> None:
    """Add a few people who talk, to look around with. Not for a server that others can reach."""
    from chat_app.messages.batches import batches_for
    from chat_app.operations.sample_data import add_sample_data

    with current_app.app_context():
        names = add_sample_data(batches_for(current_app.config["SETTINGS"]), password)
    click.echo(f"Log in as {', '.join(names)} with the password {password!r}.")


@click.command("replay")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--url", "urls", multiple=True, help="Of the running server; repeat it for several processes.")
@click.option("--room", help="Title of the room to play in; the file's name if left out.")
@click.option(
    "--speed", type=click.FloatRange(0), default=0, help="1 as it was said, 60 for an hour a minute; 0 at once."
)
@click.option("--limit", type=click.IntRange(1), help="Play only so many messages.")
def replay(file: Path, urls: tuple[str, ...], room: str | None, speed: float, limit: int | None) -> None:
    """Play a transcript (JSON lines) into a running server, each of its people a real client."""
    from chat_app.operations.replay import Player, Row, play, prepare, read_transcript

    settings = current_app.config["SETTINGS"]
    targets = list(urls) or [f"http://{settings.host}:{settings.port}"]
    rows = read_transcript(file)[:limit]
    with current_app.app_context():
        cast = prepare(rows, room or file.stem)
        player = Player(cast, targets, file.stem)
        try:
            with click.progressbar(cast.people, label=f"{len(cast.people)} people connect") as people:
                for name in people:
                    player.connect(name)
            began = time.monotonic()

            def progress(todo: Iterable[Row]) -> Iterator[Row]:
                with click.progressbar(todo, label=f"{len(rows)} messages", length=len(rows), show_pos=True) as bar:
                    yield from bar

            play(rows, player, speed, progress)
        finally:
            player.close()
    seconds = time.monotonic() - began
    click.echo(f"{len(rows)} messages in {seconds:.1f} s, into the room {room or file.stem!r}.")


@click.command("cleanup")
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")
def cleanup(dry_run: bool) -> None:
    """Remove what has served its time, as the hourly job does: ended sessions, orphaned files, old messages …"""
    from chat_app.operations.cleanup import clean_up

    with current_app.app_context():
        for name, count in clean_up(dry_run=dry_run):
            click.echo(f"{count:8} {name}{' would be removed' if dry_run else ' removed'}")


@click.command("new-epoch")
def new_epoch() -> None:
    """Make every client start afresh; run it after you restored a backup of the database."""
    from chat_app.operations.epoch import renew_epoch

    with current_app.app_context(), transaction():
        epoch = renew_epoch()
    click.echo(f"The epoch is now {epoch}; clients start afresh when they reconnect.")
