"""Images from strangers: opened within bounds, turned upright, freed of everything but their pixels.

Decoders are a known way in for hostile files; so there are few formats, and the size is looked at before decoding.
Avatars (`users/pictures.py`) and attachments (`uploads/renditions.py`) both pass here, on real threads: nothing below
`opened` may log, as the locks of logging are green and would hold up such a thread for good.
"""

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageOps, PngImagePlugin, UnidentifiedImageError

from chat_app.errors import ChatError, invalid, unavailable

MAX_PIXELS = 25_000_000
_MAX_PIXELS_OF = {"JPEG": 51_000_000, "WEBP": 9_000_000}
"""A JPEG can be decoded at half its size, and telephones make large ones. A WebP takes 16 bytes for each pixel, other
formats four."""
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
AT_ONCE = 2
"""Images that one process works on at the same time: the largest take 100 to 150 MB while they are decoded."""
WAITING = 8
"""Images that may wait for that; further ones are refused at once."""
PATIENCE = 10.0
"""Seconds."""

Image.MAX_IMAGE_PIXELS = max(_MAX_PIXELS_OF.values())
PngImagePlugin.MAX_TEXT_MEMORY = PngImagePlugin.MAX_TEXT_CHUNK
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")  # what is odd about a file is no one's news
warnings.simplefilter("error", Image.DecompressionBombWarning)

_places = threading.BoundedSemaphore(AT_ONCE)
_queue = threading.BoundedSemaphore(AT_ONCE + WAITING)


@contextmanager
def place_to_work() -> Iterator[None]:
    """One of the AT_ONCE places of this process; `unavailable` when too many wait for one already."""
    if not _queue.acquire(blocking=False):
        raise _busy()
    try:
        if not _places.acquire(timeout=PATIENCE):
            raise _busy()
        try:
            yield
        finally:
            _places.release()
    finally:
        _queue.release()


def _busy() -> ChatError:
    return unavailable("Too many pictures are being worked on at present. Please try again.")


@contextmanager
def opened(source: bytes | Path) -> Iterator[Image.Image]:
    """The image, not decoded yet; its header is read, its size checked.

    Whatever goes wrong inside the block, in a decoder too, leaves it as one of three errors:
    `unsupported_media_type`, `validation_failed` (damaged, or too many pixels), or a :class:`ChatError` as raised.
    """
    try:
        with Image.open(BytesIO(source) if isinstance(source, bytes) else source, formats=FORMATS) as image:
            limit = _MAX_PIXELS_OF.get(image.format or "", MAX_PIXELS)
            if image.width * image.height > limit:
                raise too_many_pixels(limit)
            yield image
    except ChatError:
        raise
    except UnidentifiedImageError:
        raise wrong_type() from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise too_many_pixels(Image.MAX_IMAGE_PIXELS or MAX_PIXELS) from None
    except Exception as error:  # a decoder may raise nearly anything for a broken file
        raise damaged() from error


def wrong_type() -> ChatError:
    return ChatError("unsupported_media_type", "Send a picture as PNG, JPEG, WebP or GIF.")


def too_many_pixels(limit: int) -> ChatError:
    return invalid("file", f"has more than {limit // 1_000_000} megapixels; send a smaller picture")


def damaged() -> ChatError:
    return invalid("file", "is damaged and cannot be read; save the picture anew and send that")


def coloured(image: Image.Image) -> Image.Image:
    """In eight bits per channel, RGBA when something of it is transparent, else RGB."""
    if image.mode.startswith("I;16"):
        image = image.point(lambda value: value / 256)  # to the range of eight bits, which converting would cut off
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def upright(image: Image.Image) -> Image.Image:
    """Turned as its EXIF data tells; they may be damaged while the picture is not."""
    try:
        return ImageOps.exif_transpose(image)
    except Exception:
        return image


def bare(image: Image.Image) -> Image.Image:
    """Its pixels and nothing else: no metadata (a camera writes the place), no profile, no comment."""
    return Image.frombytes(image.mode, image.size, image.tobytes())
