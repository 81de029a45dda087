"""Giving files out: to those who may have them, so that no browser runs what is in them, and no one asks twice."""

from http import HTTPStatus
from urllib.parse import quote

from flask import Response, current_app, request
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.wsgi import FileWrapper

from chat_app.errors import ChatError, conflict, not_found
from chat_app.extensions import db
from chat_app.uploads.kinds import IMAGE_TYPES
from chat_app.uploads.models import READY, Upload
from chat_app.uploads.names import THUMBNAIL_NAMES
from chat_app.uploads.service import find
from chat_app.uploads.storage import Folder, storage

BLOCK = 256 * 1024
"""Bytes that are read and sent at a time."""
KEPT_BY_BROWSERS = "private, max-age=31536000, immutable"
SANDBOX = "default-src 'none'; frame-ancestors 'none'; sandbox"
"""Content-Security-Policy of a file: should a browser show it all the same, it can do nothing."""


def download(user_id: str, upload_id: str, name: str) -> Response:
    """The file, or its thumbnail `small.webp` or `large.webp`. Ranges, ETag and If-Range as RFC 9110 has them.

    `conflict` while it is not ready; `not_found` for who may not have it.
    """
    upload = find(user_id, upload_id)
    if upload.status != READY:
        raise conflict(upload.error or "This file is still being worked on; `upload_changed` will tell.")
    digest, size, media_type = _wanted(upload, name)
    shown_as = upload.name
    db.session.rollback()  # gives the connection back: sending takes as long as the receiver likes
    response = Response(mimetype=media_type)
    if media_type.startswith("text/"):
        response.headers["Content-Type"] = f"{media_type}; charset=utf-8"
    response.headers["Cache-Control"] = KEPT_BY_BROWSERS
    response.headers["Content-Security-Policy"] = SANDBOX
    how = "inline" if media_type in IMAGE_TYPES else "attachment"
    response.headers["Content-Disposition"] = f"{how}; filename*=UTF-8''{quote(shown_as, safe='')}"
    response.set_etag(digest)
    return _with_body(response, digest, size)


def _wanted(upload: Upload, name: str) -> tuple[str, int, str]:
    if name not in THUMBNAIL_NAMES:
        return upload.content_digest, upload.content_size, upload.media_type
    for thumbnail in upload.thumbnails:
        if thumbnail.name == THUMBNAIL_NAMES[name]:
            return thumbnail.content_digest, thumbnail.size, "image/webp"
    raise not_found("thumbnail")


def _with_body(response: Response, digest: str, size: int) -> Response:
    store = storage()
    if (accel := current_app.config["SETTINGS"].media_accel) and isinstance(store, Folder):
        # nginx adds the body, and sees to ranges and conditions by itself.
        response.headers["X-Accel-Redirect"] = f"{accel}/{store.relative(digest)}"
        return response
    if digest in request.if_none_match:
        response.status_code = HTTPStatus.NOT_MODIFIED
        return response
    try:
        file = store.open(digest)
    except FileNotFoundError:
        raise not_found("file") from None
    response.response = FileWrapper(file, BLOCK)
    response.direct_passthrough = True
    response.content_length = size
    try:
        response.make_conditional(request, accept_ranges=_one_range(), complete_length=size)
    except RequestedRangeNotSatisfiable:
        file.close()
        raise ChatError("range_not_satisfiable", f"The file has {size:,} bytes.") from None
    return response


def _one_range() -> bool:
    """Several ranges at once are answered with the whole, as RFC 9110 (14.2) allows."""
    return request.range is None or len(request.range.ranges) == 1
