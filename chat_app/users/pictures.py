"""Pictures of people, made safe: whatever somebody sends becomes a small square WebP, or is refused."""

from io import BytesIO

from PIL import Image

from chat_app.errors import ChatError, invalid
from chat_app.images import bare, coloured, opened, place_to_work, upright
from chat_app.runtime import run_blocking

SIDE = 256
"""Width and height of a stored picture, in pixels."""
MAX_BYTES = 5 * 1024 * 1024
QUALITY = 80
_COARSE = 4 * SIDE
"""Pixels are first dropped down to this, which needs no memory, and only then averaged and converted."""


def make_picture(data: bytes) -> bytes:
    """The WebP for what somebody sent: 256×256 pixels, upright, cut out of the middle, its first frame.

    Takes up to half a second for the largest pictures, off the hub. Errors: `payload_too_large`,
    `unsupported_media_type`, `validation_failed` (broken or too many pixels), `unavailable` (too busy).
    """
    if not data:
        raise invalid("file", "is empty; send a picture")
    if len(data) > MAX_BYTES:
        raise too_large()
    with place_to_work():
        return run_blocking(_convert, data)


def too_large() -> ChatError:
    return ChatError("payload_too_large", f"A picture may have at most {MAX_BYTES // 1024**2} MiB; send a smaller one.")


def _convert(data: bytes) -> bytes:
    output = BytesIO()
    with opened(data) as image:
        bare(_square(image)).save(output, "WEBP", quality=QUALITY)
    return output.getvalue()


def _square(image: Image.Image) -> Image.Image:
    image.draft("RGB", (_COARSE, _COARSE))  # lets a JPEG be decoded at a fraction of its size
    image.load()
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    box = (left, top, left + side, top + side)
    coarse = min(side, _COARSE)
    square = coloured(image.resize((coarse, coarse), Image.Resampling.NEAREST, box))
    return upright(square.resize((SIDE, SIDE), Image.Resampling.LANCZOS))
