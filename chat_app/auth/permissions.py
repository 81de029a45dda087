"""Who may do what. Inside a conversation the member's role there decides (`conversations/members.py`); this is
about the server as a whole.

A person has one role; :data:`PERMISSIONS` is the whole table. A program has an API key, which acts for its owner:
it may do what its *scopes* name and its owner is permitted, nothing else.
"""

from typing import Literal, get_args

ServerRole = Literal["member", "buyer", "merchant", "agent", "admin"]
ROLES: tuple[str, ...] = get_args(ServerRole)

_EVERYBODY = frozenset(ROLES)
_TEAM = frozenset({"member", "agent", "admin"})
_ADMIN = frozenset({"admin"})

PERMISSIONS: dict[str, frozenset[str]] = {
    "people.find": _TEAM,  # search the directory and see everybody; others see whom they share a conversation with
    "groups.create": _TEAM | {"merchant"},
    "rooms.use": _TEAM,  # the directory of public rooms, joining, making one
    "api_keys.create": _TEAM | {"merchant"},
    "people.ensure": _ADMIN,  # make accounts for the people of another system (`users/ensure`)
    "people.manage": _ADMIN,  # roles, plans, bans, sessions of others
    "plans.manage": _ADMIN,
    "audit.read": _ADMIN,
    "stats.read": _ADMIN,  # numbers about the whole server
}
"""Permission → the roles that have it."""

SCOPES: dict[str, str] = {
    "profile:read": "Read one's own profile.",
    "people:read": "Find people, read profiles, see who is online.",
    "people:write": "Make accounts by users/ensure (administrators' keys only).",
    "conversations:read": "List conversations, rooms and members.",
    "conversations:write": "Begin, change, join and leave conversations; invite and remove.",
    "messages:read": "Read messages and the files in them, and sync.",
    "messages:write": "Send, edit, delete and react; upload files.",
    "stats:read": "Read statistics.",
    "admin:read": "Read what administrators read (administrators' keys only).",
    "admin:write": "Change roles, bans and plans (administrators' keys only).",
}
"""What an API key may be allowed. Accounts themselves (passwords, sessions, keys) are never open to keys."""

SESSION_ONLY = ""
"""The scope of a route that no API key may call."""


def permissions_of(role: str) -> list[str]:
    return [permission for permission, roles in PERMISSIONS.items() if role in roles]


def permits(role: str, permission: str) -> bool:
    """Whether somebody of this role has the permission."""
    return role in PERMISSIONS[permission]
