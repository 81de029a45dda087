from typing import Any

from flask import Response, request
from flask_openapi import Tag
from werkzeug.exceptions import RequestEntityTooLarge

from chat_app.auth.current import identity, public
from chat_app.db import transaction
from chat_app.documents.area import Area
from chat_app.errors import invalid
from chat_app.images import wrong_type
from chat_app.limits import limiter
from chat_app.users.avatars import picture_of, set_avatar
from chat_app.users.pictures import MAX_BYTES, make_picture, too_large
from chat_app.users.schemas import AvatarPath, Me

bp = Area("avatars", __name__, abp_tags=[Tag(name="users")])
_FORM_OVERHEAD = 16 * 1024
"""Bytes by which a multipart body may exceed the file in it."""
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_FORM = {
    "schema": {
        "type": "object",
        "required": ["file"],
        "properties": {"file": {"type": "string", "format": "binary"}},
    }
}
_PICTURE_BODY = {
    "required": True,
    "description": "The picture, at most 5 MiB and 25 megapixels (WebP: 9).",
    "content": {
        **{f"image/{kind}": _BINARY for kind in ("png", "jpeg", "webp", "gif")},
        "multipart/form-data": _FORM,
    },
}


@bp.put("/auth/me/avatar", responses={200: Me, 415: None}, request_body=_PICTURE_BODY)
@limiter.shared_limit("30/minute", scope="avatar")
def put_avatar() -> dict[str, Any]:
    """Set one's picture; it is cut to a square and stored as a WebP of 256×256 pixels without metadata."""
    picture = make_picture(_given_picture())
    with transaction():
        user = set_avatar(identity().user_id, picture)
    return Me.model_validate(user).to_json()


def _given_picture() -> bytes:
    """What was sent, as the body or as the `file` of a form. What kind it is, its content will tell."""
    request.max_content_length = MAX_BYTES + _FORM_OVERHEAD
    try:
        if request.mimetype == "multipart/form-data":
            file = request.files.get("file")
            if file is None:
                raise invalid("file", "is required: the picture")
            return file.read()
        if not request.mimetype.startswith("image/"):
            raise wrong_type()
        return request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise too_large() from None


@bp.delete("/auth/me/avatar", responses={200: Me})
def delete_avatar() -> dict[str, Any]:
    """Take one's picture away."""
    with transaction():
        user = set_avatar(identity().user_id, None)
    return Me.model_validate(user).to_json()


@bp.get("/media/<uuid:avatar_id>/avatar.webp", responses={200: {"content": {"image/webp": _BINARY}}})
@public
def get_avatar(path: AvatarPath) -> Response:
    """Somebody's picture. Its address is theirs alone and never changes content."""
    avatar_id = str(path.avatar_id)
    response = Response(picture_of(avatar_id), mimetype="image/webp")
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.set_etag(avatar_id)
    response.make_conditional(request)
    return response
