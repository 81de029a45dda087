"""What is really stored: the rows of the database, read past the server."""

import hashlib
from typing import Any

from tests.promises.crowd import Crowd, Person
from tests.services.database import Database
from tests.services.deployment import Deployment
from tests.services.waiting import eventually

COLUMNS = (
    'CAST(id AS CHAR(36)) AS id, seq, "change", CAST(sender_id AS CHAR(36)) AS sender_id, client_msg_id, content,'
    " CAST(reply_to_id AS CHAR(36)) AS reply_to_id"
)


class Truth:
    """The database of a cluster."""

    def __init__(self, deployment: Deployment) -> None:
        self.database = Database(deployment.database_url)

    def query(self, statement: str, **values: Any) -> list[dict[str, Any]]:
        return [dict(row._mapping) for row in self.database.rows(statement, **values)]

    def messages(self, conversation: str) -> list[dict[str, Any]]:
        return self.query(f"SELECT {COLUMNS} FROM messages WHERE conversation_id = :id ORDER BY seq", id=conversation)

    def marks(self, conversation: str, user_id: str) -> tuple[int, int]:
        """Stored `(delivered_seq, read_seq)`."""
        statement = (
            "SELECT delivered_seq, read_seq FROM conversation_members WHERE conversation_id = :id AND user_id = :user"
        )
        row = self.query(statement, id=conversation, user=user_id)[0]
        return row["delivered_seq"], row["read_seq"]

    def digest(self, conversation: str) -> str:
        """All messages of a conversation in their order, bytes of the content included, as one word."""
        digest = hashlib.sha256()
        for row in self.messages(conversation):
            content = row["content"].encode().hex()
            line = f"{row['seq']} {row['id']} {row['sender_id']} {row['reply_to_id'] or '-'} {content}\n"
            digest.update(line.encode())
        return digest.hexdigest()


def fresh_history(person: Person, conversation: str) -> list[Any]:
    """All messages of a conversation, fetched anew over REST, page by page."""
    messages: list[Any] = []
    for _ in range(1000):
        page = person.api.history(conversation, limit=100, after_seq=messages[-1]["seq"] if messages else 0)
        messages += page["items"]
        if page["next_cursor"] is None:
            return messages
    raise AssertionError("the history does not end")


def differing(crowd: Crowd, conversation: str, truth: Truth) -> list[int]:
    """Who of the crowd does not hold exactly the messages of the database, in their order."""
    stored = truth.digest(conversation)
    return [number for number, held in crowd.digests(conversation).items() if held != stored]


def everybody_holds_the_truth(crowd: Crowd, conversation: str, truth: Truth, timeout: float) -> None:
    """Fails with what the first who differs holds instead."""
    try:
        eventually(lambda: not differing(crowd, conversation, truth), timeout)
    except AssertionError:
        wrong = differing(crowd, conversation, truth)
        if not wrong:
            return
        person = crowd.people[wrong[0]]
        held = person.held(conversation)
        rows = truth.messages(conversation)
        shown = [{name: message[name] for name in rows[0]} for message in held.pop("messages")]
        raise AssertionError(
            f"{len(wrong)} of {len(crowd.people)} differ; {person.number} holds {len(shown)} of {len(rows)}: {held}\n"
            f"{_first_difference(shown, rows)}"
        ) from None


def _first_difference(shown: list[Any], rows: list[Any]) -> str:
    for position, row in enumerate(rows):
        if position >= len(shown) or shown[position] != row:
            return f"at {position}: {shown[position : position + 1]} instead of {row}"
    return f"{shown[len(rows) :][:1]} should not be there"
