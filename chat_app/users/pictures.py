"""Pictures of people, made safe: whatever somebody sends becomes a small square WebP, or is refused.

Nothing of the file survives but its pixels: no metadata (a camera writes the place), no second content hidden in it.
Decoders are a known way in for hostile files; so there are few formats, and the size is looked at before decoding.
"""

import threading
import warnings
from io import BytesIO

from PIL import Image, ImageOps, PngImagePlugin, UnidentifiedImageError

from chat_app.errors import ChatError, invalid, unavailable
from chat_app.runtime import run_blocking

SIDE = 256
"""Width and height of a stored picture, in pixels."""
MAX_BYTES = 5 * 1024 * 1024
MAX_PIXELS = 25_000_000
MAX_PIXELS_WEBP = 9_000_000
"""Decoding a WebP takes 16 bytes for each pixel, other formats four."""
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
QUALITY = 80
_COARSE = 4 * SIDE
"""Pixels are first dropped down to this, which needs no memory, and only then averaged and converted."""
AT_ONCE = 2
"""Pictures that one process works on at the same time: the largest take 100 to 150 MB while they are decoded."""
WAITING = 8
"""Pictures that may wait for that; further ones are refused at once."""
PATIENCE = 10.0
"""Seconds."""

Image.MAX_IMAGE_PIXELS = MAX_PIXELS
PngImagePlugin.MAX_TEXT_MEMORY = PngImagePlugin.MAX_TEXT_CHUNK
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")  # what is odd about a file is no one's news
warnings.simplefilter("error", Image.DecompressionBombWarning)

_places = threading.BoundedSemaphore(AT_ONCE)
_queue = threading.BoundedSemaphore(AT_ONCE + WAITING)


def make_picture(data: bytes) -> bytes:
    """The WebP for what somebody sent: 256×256 pixels, upright, cut out of the middle, its first frame.

    Takes up to half a second for the largest pictures, off the hub. Errors: `payload_too_large`,
    `unsupported_media_type`, `validation_failed` (broken or too many pixels), `unavailable` (too busy).
    """
    if not data:
        raise invalid("file", "is empty; send a picture")
    if len(data) > MAX_BYTES:
        raise too_large()
    if not _queue.acquire(blocking=False):
        raise _busy()
    try:
        if not _places.acquire(timeout=PATIENCE):
            raise _busy()
        try:
            return run_blocking(_convert, data)
        finally:
            _places.release()
    finally:
        _queue.release()


def too_large() -> ChatError:
    return ChatError("payload_too_large", f"A picture may have at most {MAX_BYTES // 1024**2} MiB; send a smaller one.")


def wrong_type() -> ChatError:
    return ChatError("unsupported_media_type", "Send a picture as PNG, JPEG, WebP or GIF.")


def _busy() -> ChatError:
    return unavailable("Too many pictures are being worked on at present. Please try again.")


def _convert(data: bytes) -> bytes:
    try:
        with Image.open(BytesIO(data), formats=FORMATS) as image:
            limit = MAX_PIXELS_WEBP if image.format == "WEBP" else MAX_PIXELS
            if image.width * image.height > limit:
                raise _too_many_pixels(limit)
            return _encode(_square(image))
    except ChatError:
        raise
    except UnidentifiedImageError:
        raise wrong_type() from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many_pixels(MAX_PIXELS) from None
    except Exception:  # a decoder may raise nearly anything for a broken file
        raise invalid("file", "is damaged and cannot be read; save the picture anew and send that") from None


def _too_many_pixels(limit: int) -> ChatError:
    return invalid("file", f"has more than {limit // 1_000_000} megapixels; send a smaller picture")


def _square(image: Image.Image) -> Image.Image:
    image.draft("RGB", (_COARSE, _COARSE))  # lets a JPEG be decoded at a fraction of its size
    image.load()
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    box = (left, top, left + side, top + side)
    coarse = min(side, _COARSE)
    square = image.resize((coarse, coarse), Image.Resampling.NEAREST, box)
    if square.mode.startswith("I;16"):
        square = square.point(lambda value: value / 256)  # to the range of eight bits, which converting would cut off
    square = square.convert("RGBA" if square.has_transparency_data else "RGB")
    return _upright(square.resize((SIDE, SIDE), Image.Resampling.LANCZOS))


def _upright(square: Image.Image) -> Image.Image:
    """Turned as its EXIF data tells; they may be damaged while the picture is not."""
    try:
        return ImageOps.exif_transpose(square)
    except Exception:
        return square


def _encode(square: Image.Image) -> bytes:
    output = BytesIO()
    bare = Image.frombytes(square.mode, square.size, square.tobytes())
    bare.save(output, "WEBP", quality=QUALITY)
    return output.getvalue()
