from typing import Any

from flask_openapi import Tag

from chat_app.admin import service as admin
from chat_app.admin.schemas import ManagedUser, UserUpdate
from chat_app.auth.current import identity, requires, scope
from chat_app.db import transaction
from chat_app.documents.area import Area
from chat_app.presence import service as presence
from chat_app.schemas import Page
from chat_app.users import service
from chat_app.users.ensure import ensure_users
from chat_app.users.schemas import EnsuredUsers, EnsureUsers, UserOut, UserPath, UserSearch

TAG = Tag(name="users", description="People: finding them, their profiles, who is online.")
bp = Area("users", __name__, url_prefix="/users", abp_tags=[TAG])
Json = dict[str, Any]


@bp.get("", responses={200: Page[UserOut]})
def search(query: UserSearch) -> Json:
    """Find people to talk to, or read the profiles of several."""
    caller = identity()
    if query.ids:
        known = service.get_users(caller.user_id, query.ids)
        return Page[UserOut](items=[UserOut.model_validate(user) for user in known]).to_json()
    users, next_cursor = service.search_users(caller.user_id, query.q, query.limit, query.cursor)
    return Page[UserOut](items=[UserOut.model_validate(user) for user in users], next_cursor=next_cursor).to_json()


@bp.get("/online", responses={200: Page[UserOut]})
def online() -> Json:
    """Who of the people that one shares a conversation with is online or away (100 at most)."""
    people = presence.online_people(identity().user_id)
    return Page[UserOut](items=[UserOut.model_validate(user) for user in people]).to_json()


@bp.post("/ensure", responses={200: EnsuredUsers})
@requires("people.ensure")
def ensure(body: EnsureUsers) -> Json:
    """Make accounts for the people of another system, by its own ids; repeating it changes nothing twice.

    For trusted back ends, with an administrator's API key that has the scope `people:write`.
    """
    with transaction():
        items = ensure_users(identity().user_id, body.users)
    return EnsuredUsers(items=items).to_json()


@bp.get("/<user_id>", responses={200: UserOut})
def get(path: UserPath) -> Json:
    """Somebody's profile; `not_found` for people whom one may not know of."""
    return UserOut.model_validate(service.get_user(identity().user_id, path.user_id)).to_json()


@bp.patch("/<user_id>", responses={200: ManagedUser, 409: None})
@requires("people.manage")
@scope("admin:write")
def update(path: UserPath, body: UserUpdate) -> Json:
    """Change somebody's role, plan or display name (administrators). It counts from the next call or event on."""
    with transaction():
        user = admin.update(identity().user_id, path.user_id, body)
    return ManagedUser.model_validate(user).to_json()
