"""Accounts for the people of another system: its trusted back end names them by its own ids, as often as it likes.

An id belongs to the account whose key (or session) calls: two back ends may use the same ids. What the back end says of
name, picture and description counts anew each time; the role counts when the account is made, and never after.
"""

import re
from hashlib import sha256

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from chat_app.audit.service import record
from chat_app.auth.models import ExternalIdentity
from chat_app.db import insert_new
from chat_app.errors import invalid
from chat_app.extensions import db
from chat_app.ids import new_id
from chat_app.users.models import User
from chat_app.users.schemas import EnsuredUser, EnsureUser, UserOut

_NOT_IN_USERNAMES = re.compile(r"[^A-Za-z0-9_.-]+")


def ensure_users(caller_id: str, people: list[EnsureUser]) -> list[EnsuredUser]:
    """Make those who are not there yet; answers all of them, in the order given."""
    wanted = {person.id: person for person in people}
    if len(wanted) < len(people):
        raise invalid("users", "names somebody twice; each id may stand there once")
    provider = f"ensure:{caller_id}"
    known = _known(provider, list(wanted))
    made = {}
    # In one order for everybody: two calls that make the same people wait for each other, not in a ring.
    for external_id in sorted(wanted.keys() - known.keys()):
        made[external_id] = _make(provider, wanted[external_id])
    overtaken = [external_id for external_id, user in made.items() if user is None]
    found = known | _known(provider, overtaken) | {key: user for key, user in made.items() if user}
    for external_id in known.keys() | overtaken:
        _describe(found[external_id], wanted[external_id])
    db.session.flush()
    created = {external_id for external_id, user in made.items() if user}
    if created:
        record("users.ensured", actor_id=caller_id, created=len(created))
    return [
        EnsuredUser(
            **UserOut.model_validate(found[external_id]).model_dump(),
            external_id=external_id,
            created=external_id in created,
        )
        for external_id in wanted
    ]


def _known(provider: str, external_ids: list[str]) -> dict[str, User]:
    rows = db.session.execute(
        sa.select(ExternalIdentity.subject, User)
        .join(User, User.id == ExternalIdentity.user_id)
        .where(ExternalIdentity.provider == provider, ExternalIdentity.subject.in_(external_ids))
    )
    return {row.subject: row.User for row in rows}


def _make(provider: str, person: EnsureUser) -> User | None:
    """A new account, or None when another call made it meanwhile."""
    user = _insert(_username(provider, person), person)
    if insert_new(ExternalIdentity, user_id=user.id, provider=provider, subject=person.id):
        return user
    db.session.delete(user)
    db.session.flush()
    return None


def _insert(username: str, person: EnsureUser) -> User:
    """With the wished username if it is free, else with one made from the id."""
    for name in (username, f"u-{new_id().replace('-', '')[:28]}"):
        user = User(
            username=name,
            username_key=name.casefold(),
            display_name=person.username or f"{person.role.capitalize()} {sha256(person.id.encode()).hexdigest()[:4]}",
            avatar_url=person.avatar,
            description=person.description,
            role=person.role,
        )
        try:
            with db.session.begin_nested():
                db.session.add(user)
            return user
        except IntegrityError:
            continue
    raise invalid("users", "no free username was found; please try again")


def _username(provider: str, person: EnsureUser) -> str:
    digest = sha256(f"{provider}/{person.id}".encode()).hexdigest()
    wished = _NOT_IN_USERNAMES.sub("-", person.username or "").strip("-_.")[:32].rstrip("-_.")
    return wished if len(wished) >= 3 else f"{person.role}-{digest[:12]}"


def _describe(user: User, person: EnsureUser) -> None:
    """Take over what the back end says today; what it leaves out stays as it is."""
    user.display_name = person.username or user.display_name
    user.avatar_url = person.avatar or user.avatar_url
    user.description = person.description or user.description
