"""The sockets of this process: who they belong to, and until when."""

import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from flask import current_app


@dataclass(eq=False, slots=True)
class Connection:
    """One socket in one namespace. `expires_at` is that of its access token, seconds since 1970."""

    sid: str
    namespace: str
    user_id: str
    session_id: str
    expires_at: float
    ended: str | None = None
    """The code with which the session ended, once it has."""
    conversations: set[str] = field(default_factory=set)
    """In /chat: the conversations whose rooms this socket is in."""
    watched: set[str] = field(default_factory=set)
    """In /presence: the people whose presence this socket is told of."""
    epoch: str | None = None
    """In /chat: the one that was read when the socket came, until `ready` has told it."""
    opened_at: float = field(default_factory=time.time)
    """Seconds since 1970."""


class Connections:
    """All connections of the process, found by socket, by person and by session."""

    def __init__(self) -> None:
        self._by_sid: dict[str, Connection] = {}
        self._by_user: dict[str, set[Connection]] = defaultdict(set)
        self._by_session: dict[str, set[Connection]] = defaultdict(set)

    def add(self, connection: Connection) -> None:
        self._by_sid[connection.sid] = connection
        self._by_user[connection.user_id].add(connection)
        self._by_session[connection.session_id].add(connection)

    def remove(self, connection: Connection) -> None:
        self._by_sid.pop(connection.sid, None)
        for index, key in ((self._by_user, connection.user_id), (self._by_session, connection.session_id)):
            index[key].discard(connection)
            if not index[key]:
                del index[key]

    def get(self, sid: str) -> Connection | None:
        return self._by_sid.get(sid)

    def of_user(self, user_id: str, namespace: str) -> list[Connection]:
        return [c for c in self._by_user.get(user_id, ()) if c.namespace == namespace]

    def of_session(self, session_id: str) -> list[Connection]:
        return list(self._by_session.get(session_id, ()))

    def opened_since(self, moment: float) -> Iterator[Connection]:
        """The youngest ones, the last first."""
        for connection in reversed(list(self._by_sid.values())):
            if connection.opened_at < moment:
                return
            yield connection

    def session_ids(self) -> list[str]:
        return list(self._by_session)

    def __iter__(self) -> Iterator[Connection]:
        return iter(list(self._by_sid.values()))

    def __len__(self) -> int:
        return len(self._by_sid)


def connections() -> Connections:
    """Those of the running application."""
    found: Connections = current_app.extensions["connections"]
    return found
