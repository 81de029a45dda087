from typing import Any

from flask import Response
from flask_openapi import Tag

from chat_app.auth.current import identity
from chat_app.db import transaction
from chat_app.documents.area import Area
from chat_app.limits import limiter
from chat_app.uploads import downloads, service
from chat_app.uploads.schemas import MediaPath, UploadOut, UploadPath

TAG = Tag(name="uploads", description="Files: sending them, what they are made into, getting them.")
bp = Area("uploads", __name__, abp_tags=[TAG])
Json = dict[str, Any]
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_FORM = {
    "schema": {
        "type": "object",
        "required": ["file"],
        "properties": {"file": {"type": "string", "format": "binary"}},
    }
}
_BODY = {
    "required": True,
    "description": "The file, at most MAX_FILE_SIZE bytes (10 MiB); its `filename` is the name that people see.",
    "content": {"multipart/form-data": _FORM},
}
_FILE = {"content": {"*/*": _BINARY}}


@bp.post("/uploads", responses={201: UploadOut, 400: None, 415: None}, request_body=_BODY)
@bp.post("/upload", responses={201: UploadOut, 400: None, 415: None}, request_body=_BODY)
@limiter.shared_limit("120/minute", scope="upload")
def upload() -> tuple[Json, int]:
    """Send a file, to be attached to a message by `attachment_ids`.

    What it is, its content tells. An image is made anew without metadata, upright, with two thumbnails: its `status` is
    `processing` until the event `upload_changed` says otherwise. It may be attached before that.
    """
    return service.receive(identity()), 201


@bp.get("/uploads/<uuid:upload_id>", responses={200: UploadOut})
def get_upload(path: UploadPath) -> Json:
    """One's own upload, or one attached in a conversation that one belongs to."""
    return service.get(identity().user_id, str(path.upload_id))


@bp.delete("/uploads/<uuid:upload_id>", responses={204: None, 409: None})
def discard_upload(path: UploadPath) -> Response:
    """Take back an upload that no message holds."""
    with transaction():
        service.discard(identity().user_id, str(path.upload_id))
    return Response(status=204)


@bp.get("/media/<uuid:upload_id>/<name>", responses={200: _FILE, 206: _FILE, 409: None, 416: None})
def get_media(path: MediaPath) -> Response:
    """The file itself, or `small.webp` or `large.webp` for a thumbnail. Takes `Range`, `If-Range` and `If-None-Match`.

    All but images come as attachments, and nothing as something that a browser would run.
    """
    return downloads.download(identity().user_id, str(path.upload_id), path.name)
