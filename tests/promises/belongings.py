"""What people have that others must not reach: conversations, messages, sessions, keys, identities, pictures, files."""

import uuid
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from tests.promises.operations import PICTURE
from tests.services.api import Account, Api
from tests.services.database import Database, engine
from tests.services.deployment import Deployment
from tests.uploads.files import send_file

THINGS = {
    "actor_id": "person",
    "attachment_ids": "upload",
    "avatar_id": "avatar",
    "chat_id": "conversation",
    "conversation_id": "conversation",
    "conversations": "conversation",
    "identity_id": "identity",
    "ids": "person",
    "key_id": "key",
    "member_ids": "person",
    "message_id": "message",
    "reply_to_id": "message",
    "session_id": "session",
    "target_id": "person",
    "upload_id": "upload",
    "user_id": "person",
    "user_ids": "person",
}
"""Field that takes an id → the thing of `Belongings` that it names. A new field needs a line here."""


class Belongings(Mapping[str, Any]):
    """What one person has. As a mapping: the id for each field of :data:`THINGS`, made when first asked for.

    `kind` is that of the conversation; `word` stands in all that is nobody else's business.
    """

    def __init__(
        self, account: Account, friend: Account, database: Database, kind: str = "room", word: str = ""
    ) -> None:
        self.account = account
        self.friend = friend
        self.kind = kind
        self.word = word or uuid.uuid4().hex
        self._database = database

    def __getitem__(self, field: str) -> Any:
        if field == "chat_type":
            return self.kind
        thing = THINGS[field]
        return getattr(self, thing)

    def __iter__(self) -> Iterator[str]:
        return iter([*THINGS, "chat_type"])

    def __len__(self) -> int:
        return len(THINGS) + 1

    @property
    def person(self) -> str:
        """Somebody they share the conversation with."""
        assert self.conversation
        return self.friend.id

    @cached_property
    def conversation(self) -> str:
        if self.kind == "private":
            return self.account.private(self.friend)
        # A room is listed in the directory; what is said in it is not.
        make = self.account.room if self.kind == "room" else self.account.group
        return make(self.friend, title="A room" if self.kind == "room" else f"Title {self.word}")

    @cached_property
    def message(self) -> str:
        message = self.account.say(self.conversation, f"Content {self.word}")["id"]
        self.account.put(f"/messages/{message}/reactions/👍").must()
        return str(message)

    @cached_property
    def session(self) -> str:
        """Another device."""
        self.account.second_device()
        devices = self.account.get("/auth/sessions").must()["items"]
        return next(str(device["id"]) for device in devices if not device["current"])

    @cached_property
    def key(self) -> str:
        body = {"name": f"Key {self.word}", "scopes": ["messages:read"]}
        return str(self.account.post("/auth/api-keys", body).must(201)["id"])

    @cached_property
    def identity(self) -> str:
        """An account elsewhere; only providers make them, and there is none here."""
        number = str(uuid.uuid4())
        self._database.change(
            "INSERT INTO external_identities (id, user_id, provider, subject, email, created_at)"
            " VALUES (:id, :user, 'google', :subject, :email, CURRENT_TIMESTAMP)",
            id=number,
            user=self.account.id,
            subject=uuid.uuid4().hex,
            email=f"{self.word}@example.com",
        )
        return number

    @cached_property
    def avatar(self) -> str:
        headers = {"Content-Type": "image/png"}
        me = self.account.request("PUT", "/auth/me/avatar", headers=headers, data=PICTURE).must()
        return str(me["avatar_url"]).split("/")[-2]

    @cached_property
    def upload(self) -> str:
        """A file that no message holds."""
        answer = send_file(self.account, f"Content {self.word}".encode(), f"Title {self.word}.txt")
        return str(answer.must(201)["id"])

    def all_ids(self) -> set[str]:
        return {getattr(self, thing) for thing in set(THINGS.values())} | {self.account.id}


def somebody(deployment: Deployment, database: Database, kind: str = "room", word: str = "") -> Belongings:
    """A new person with a friend."""
    account, friend = (Api(deployment.url).register() for _ in range(2))
    return Belongings(account, friend, database, kind, word)


def give_role(database: Database, person: Account, role: str) -> None:
    database.change("UPDATE users SET role = :role WHERE id = :id", role=role, id=person.id)


VOLATILE = {"last_seen_at", "last_used_at"}
"""Columns that change because time passes."""


class Rows:
    """Every row of the database that names one of these ids in a column for ids."""

    def __init__(self, url: str, ids: set[str]) -> None:
        self.engine = engine(url)
        self._ids = sorted(ids)
        self.tables = sa.MetaData()
        self.tables.reflect(self.engine)

    def read(self) -> dict[str, list[str]]:
        """By table, in one order."""
        found = {}
        with self.engine.connect() as connection:
            for table in self.tables.sorted_tables:
                columns = [column for column in table.columns if column.name == "id" or column.name.endswith("_id")]
                if columns:
                    named = sa.or_(*(sa.cast(column, sa.Text).in_(self._ids) for column in columns))
                    shown = [column for column in table.columns if column.name not in VOLATILE]
                    rows = connection.execute(sa.select(*shown).where(named))
                    found[table.name] = sorted(map(str, rows))
        return found
