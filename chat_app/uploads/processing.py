"""Work on an image that was uploaded: from `processing` to `ready` or `failed`, once, whatever is killed meanwhile.

A job may run twice, late, or on two machines: what it makes of the same bytes is the same, it is stored under its
hash, and only the first one that concludes counts. A job that was lost is asked for again by :func:`ask_again`.
These functions are an edge: they open transactions, short ones, and hold none while they work.
"""

import logging
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from chat_app.db import after_commit, now, touched, transaction
from chat_app.errors import ChatError, invalid
from chat_app.extensions import db
from chat_app.images import place_to_work
from chat_app.jobs import enqueue
from chat_app.messages.attachments import attachment_changed
from chat_app.realtime.publish import publish_upload
from chat_app.runtime import run_blocking
from chat_app.uploads.contents import keep
from chat_app.uploads.models import FAILED, PROCESSING, READY, Thumbnail, Upload
from chat_app.uploads.names import renamed
from chat_app.uploads.renditions import Renditions, render
from chat_app.uploads.storage import storage, workshop
from chat_app.uploads.views import to_wire

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 5
"""Times that work on one image is begun: one that kills its worker does not do so for ever."""
STALE = timedelta(minutes=3)
"""Longer than a job may take. Who was not touched for so long is asked for again."""
ASKED_AGAIN = 100
"""At most, in one run."""
_REFUSED = ("validation_failed", "unsupported_media_type")
"""Errors that are the file's fault: trying again would not help."""


def process(upload_id: str) -> None:
    """Work on the image, if that is still to be done. Raises what passes by itself: the job is to be run again."""
    digest = _begin(upload_id)
    if digest is None:
        return
    try:
        _work(upload_id, digest)
    except Exception:
        # The process lives: it is not the image that ended it, so this attempt does not count.
        with transaction():
            touched(sa.update(Upload).where(Upload.id == upload_id).values(attempts=Upload.attempts - 1))
        raise


def _work(upload_id: str, digest: str) -> None:
    with workshop().place() as folder:
        try:
            made = _render(digest, folder)
        except ChatError as error:
            if error.code not in _REFUSED:
                raise
            log.info("the image %s is refused: %r", upload_id, error.__cause__ or error)
            _conclude(upload_id, None, (error.errors or [{"message": error.detail}])[0]["message"])
            return
        for file in (made.main, *made.thumbnails.values()):
            keep(file.digest, file.size, file.path)
    _conclude(upload_id, made, None)


def _begin(upload_id: str) -> str | None:
    """The digest of what to work on; None when there is nothing to do (any more)."""
    with transaction():
        upload = _locked(upload_id)
        if upload is None or upload.status != PROCESSING:
            return None
        upload.attempts += 1
        upload.touched_at = now()
        digest, attempts = upload.content_digest, upload.attempts
    if attempts <= MAX_ATTEMPTS:
        return digest
    _conclude(upload_id, None, "could not be worked on; please send it again")
    return None


def _locked(upload_id: str) -> Upload | None:
    query = sa.select(Upload).where(Upload.id == upload_id).with_for_update()
    return db.session.scalar(query.execution_options(populate_existing=True))


def _render(digest: str, folder: Path) -> Renditions:
    try:
        with storage().local(digest) as source, place_to_work():
            return run_blocking(render, source, folder)
    except FileNotFoundError:
        raise invalid("file", "is lost; please send it again") from None


def _conclude(upload_id: str, made: Renditions | None, error: str | None) -> None:
    """Store the outcome and tell it: to the owner, and to those who see the message that holds it."""
    while True:
        message_id = _message_of(upload_id)
        with transaction():
            # The conversation before the upload, as who sends a message locks them: else the two could wait in a ring.
            tell = attachment_changed(message_id) if message_id else None
            upload = _locked(upload_id)
            if upload is None or upload.status != PROCESSING:
                db.session.rollback()
                return
            if upload.message_id != message_id:
                db.session.rollback()  # a message took it just now: once more, with its conversation
                continue
            _store(upload, made, error)
            told = to_wire(upload)
            after_commit(publish_upload, told, upload.owner_id)
            if tell:
                tell(told)
            return


def _message_of(upload_id: str) -> str | None:
    found: str | None = db.session.scalar(sa.select(Upload.message_id).where(Upload.id == upload_id))
    db.session.rollback()
    return found


def _store(upload: Upload, made: Renditions | None, error: str | None) -> None:
    upload.touched_at = now()
    if made is None:
        upload.status, upload.error = FAILED, (error or "")[:200]
        db.session.flush()
        return
    upload.status = READY
    upload.media_type = made.media_type
    upload.content_digest, upload.content_size = made.main.digest, made.main.size
    upload.width, upload.height, upload.blurhash = made.main.width, made.main.height, made.blurhash
    if made.suffix:
        upload.name = renamed(upload.name, made.suffix)
    for name, file in made.thumbnails.items():
        size = {"size": file.size, "width": file.width, "height": file.height}
        db.session.add(Thumbnail(upload_id=upload.id, name=name, content_digest=file.digest, **size))
    db.session.flush()
    db.session.refresh(upload, ["thumbnails"])


def ask_again() -> int:
    """Ask for the jobs of images that nobody has worked on for a while: theirs were lost. Returns how many."""
    query = sa.select(Upload.id).where(Upload.status == PROCESSING, Upload.touched_at < now() - STALE)
    ids = list(db.session.scalars(query.order_by(Upload.touched_at).limit(ASKED_AGAIN)))
    if ids:
        touched(sa.update(Upload).where(Upload.id.in_(ids)).values(touched_at=now()))
        for upload_id in ids:
            after_commit(enqueue, "media.process", upload_id)
    return len(ids)
