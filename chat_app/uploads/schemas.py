from typing import Literal
from uuid import UUID

from pydantic import Field

from chat_app.schemas import Output, Query, UtcTime


class ThumbnailOut(Output):
    """A smaller WebP of an image."""

    name: Literal["small", "large"] = Field(description="At most 320 or 1,280 pixels wide and high.")
    url: str
    size: int = Field(description="Bytes.")
    width: int
    height: int


class UploadOut(Output):
    """A file. Images are `processing` at first; what `url` and `thumbnails` lead to needs the caller's token."""

    id: str
    message_id: str | None = Field(description="The message that it is attached to.")
    name: str
    url: str = Field(description="Where to get it, once it is `ready`; below this server's address.")
    media_type: str = Field(description="By its content, not by its name.")
    size: int = Field(description="Bytes behind `url`.")
    status: Literal["processing", "ready", "failed"]
    error: str | None = Field(description="Why it failed.")
    width: int | None = Field(description="Pixels; of images that are ready.")
    height: int | None
    blurhash: str | None = Field(description="What an image looks like from afar (blurha.sh), for the time it loads.")
    thumbnails: list[ThumbnailOut]
    created_at: UtcTime


class UploadPath(Query):
    upload_id: UUID


class MediaPath(UploadPath):
    name: str = Field(max_length=200)
