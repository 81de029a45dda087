"""The clean-up: what goes, what stays, and the dry run that only counts."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services import deployment as deployments
from tests.services.api import Account, Api
from tests.services.commands import flask
from tests.services.database import Database
from tests.services.deployment import Deployment
from tests.uploads.files import PDF, TEXT, fetch, photo, send_file, uploaded

LONG_AGO = "2020-01-01 00:00:00"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployments.embedded(tmp_path_factory.mktemp("cleanup"), {"RETENTION_DAYS": "30"}) as deployment:
        yield deployment


@pytest.fixture
def ada(server: Deployment) -> Account:
    return Api(server.url).register()


@pytest.fixture
def database(server: Deployment) -> Database:
    return Database(server.database_url)


def clean_up(server: Deployment, *options: str) -> dict[str, int]:
    result = flask(server.data_dir, "cleanup", *options, settings=server.settings)
    assert result.returncode == 0, result.stdout
    lines = re.findall(r"^ *(\d+) ([\w ]+?)(?: would be)? removed$", result.stdout, re.MULTILINE)
    return {name: int(count) for count, name in lines}


def stored(server: Deployment) -> list[Path]:
    return [path for path in (server.data_dir / "media/files").rglob("*") if path.is_file()]


def test_files_that_no_message_came_to_hold_go_and_their_bytes_with_them(
    server: Deployment, ada: Account, database: Database
):
    orphan, kept = uploaded(ada, PDF, "orphan.pdf"), uploaded(ada, photo(), "kept.jpg")
    young = uploaded(ada, TEXT, "young.txt")
    ada.say(ada.group(), "", attachment_ids=[kept["id"]])
    database.change(
        "UPDATE uploads SET created_at = :at WHERE id IN (:a, :b)", at=LONG_AGO, a=orphan["id"], b=kept["id"]
    )
    assert clean_up(server, "--dry-run")["files in no message"] == 1
    assert fetch(ada, orphan["url"])[:2] == (200, PDF)

    assert clean_up(server)["files in no message"] == 1
    assert fetch(ada, orphan["url"])[0] == 404
    assert fetch(ada, young["url"])[:2] == (200, TEXT)
    before = stored(server)

    database.change("UPDATE contents SET used_at = :at", at=LONG_AGO)
    # What the orphan held, and the photo as it came, before it was made anew.
    assert clean_up(server, "--dry-run")["unused contents"] == 2
    assert clean_up(server)["unused contents"] == 2
    assert len(stored(server)) == len(before) - 2
    assert fetch(ada, kept["url"])[0] == fetch(ada, young["url"])[0] == 200
    again = send_file(ada, PDF, "again.pdf").must(201)
    assert fetch(ada, again["url"])[:2] == (200, PDF)


def test_a_content_that_somebody_is_about_to_use_stays(server: Deployment, ada: Account, database: Database):
    upload = uploaded(ada, b"spoken for", "a.txt")
    ada.delete(f"/uploads/{upload['id']}").must(204)
    assert clean_up(server)["unused contents"] == 0
    assert any(path.read_bytes() == b"spoken for" for path in stored(server))


def test_messages_past_their_time_become_tombstones(server: Deployment, ada: Account, database: Database):
    group = ada.group()
    upload = uploaded(ada, b"of long ago", "a.txt")
    old = ada.say(group, "old", attachment_ids=[upload["id"]])
    new = ada.say(group, "new")
    epoch = ada.post("/sync", {}).must()["epoch"]
    database.change("UPDATE messages SET created_at = :at WHERE id = :id", at=LONG_AGO, id=old["id"])
    assert clean_up(server, "--dry-run")["messages past their time"] == 1
    assert clean_up(server)["messages past their time"] == 1
    gone, stays = ada.history(group)["items"]
    assert (gone["content"], gone["attachments"], bool(gone["deleted_at"])) == ("", [], True)
    assert stays == new
    missed = ada.post("/sync", {"epoch": epoch, "conversations": {group: 2}}).must()["messages"]
    assert [message["id"] for message in missed] == [old["id"]]
    assert fetch(ada, upload["url"])[0] == 404
    assert clean_up(server)["messages past their time"] == 0


def test_without_a_policy_messages_stay(embedded: Deployment):
    ada = Api(embedded.url).register()
    group = ada.group()
    message = ada.say(group, "old")
    Database(embedded.database_url).change(
        "UPDATE messages SET created_at = :at WHERE id = :id", at=LONG_AGO, id=message["id"]
    )
    result = flask(embedded.data_dir, "cleanup", "--dry-run", settings=embedded.settings)
    assert "0 messages past their time would be removed" in " ".join(result.stdout.split())
