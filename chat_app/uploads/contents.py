"""Stored contents: once each, however often they are sent, and gone when nothing refers to them any more.

The row comes before the bytes and goes after them, so a row without bytes can only be one that nothing refers to.
Whoever means to refer to a content says so first (`used_at`), in a commit of its own; the clean-up takes only what
nobody spoke for in a day, and holds the row's lock while it removes the bytes. So nothing is lost between "it is there
already" and the row that refers to it.
"""

from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from chat_app.db import insert_new, now, touched, transaction
from chat_app.extensions import db
from chat_app.uploads.models import Content, Thumbnail, Upload
from chat_app.uploads.storage import storage

SPOKEN_FOR = timedelta(days=1)


def keep(digest: str, size: int, file: Path) -> None:
    """Store the content of `file`, unless it is there. Opens transactions of its own: nothing may be held meanwhile."""
    with transaction():
        moment = now()
        if not touched(sa.update(Content).where(Content.digest == digest).values(used_at=moment)):
            insert_new(Content, digest=digest, size=size, used_at=moment)
    if not storage().has(digest):
        storage().put(digest, file)


def unused_contents() -> sa.Select[str]:
    """The digests of contents that nothing refers to and nobody spoke for lately."""
    return sa.select(Content.digest).where(
        Content.used_at < now() - SPOKEN_FOR,
        ~sa.exists().where(Upload.content_digest == Content.digest),
        ~sa.exists().where(Thumbnail.content_digest == Content.digest),
    )


def forget(digest: str) -> bool:
    """Remove a content and its bytes if it is still unused. Keeps the row locked until the commit."""
    # The condition once more, with the row's lock: somebody may have spoken for it meanwhile.
    query = unused_contents().where(Content.digest == digest).with_for_update(of=Content)
    if db.session.scalar(query) is None:
        return False
    db.session.execute(sa.delete(Content).where(Content.digest == digest))
    storage().delete(digest)
    return True
