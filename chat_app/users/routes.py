from typing import Any

from flask_openapi import APIBlueprint, Tag

from chat_app.auth.current import identity
from chat_app.presence import service as presence
from chat_app.schemas import Page
from chat_app.users import service
from chat_app.users.schemas import UserOut, UserPath, UserSearch

bp = APIBlueprint("users", __name__, url_prefix="/users", abp_tags=[Tag(name="users")])


@bp.get("", responses={200: Page[UserOut]})
def search(query: UserSearch) -> dict[str, Any]:
    """Find people to talk to, or read the profiles of several."""
    if query.ids:
        known = service.get_users(query.ids)
        return Page[UserOut](items=[UserOut.model_validate(user) for user in known]).to_json()
    users, next_cursor = service.search_users(query.q, query.limit, query.cursor)
    return Page[UserOut](items=[UserOut.model_validate(user) for user in users], next_cursor=next_cursor).to_json()


@bp.get("/online", responses={200: Page[UserOut]})
def online() -> dict[str, Any]:
    """Who of the people that one shares a conversation with is online or away (100 at most)."""
    people = presence.online_people(identity().user_id)
    return Page[UserOut](items=[UserOut.model_validate(user) for user in people]).to_json()


@bp.get("/<user_id>", responses={200: UserOut})
def get(path: UserPath) -> dict[str, Any]:
    return UserOut.model_validate(service.get_user(path.user_id)).to_json()
