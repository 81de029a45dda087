"""What an image is made into: itself anew, two thumbnails, a blurhash. Plain work on files, without a database.

Nothing of the file survives but its pixels, turned upright and in the colours of sRGB: no place where it was taken, no
second content behind the first. Bounds: pixels (`chat_app/images.py`), frames, and pixels of all frames together.
"""

import hashlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import blurhash
from PIL import Image, ImageCms

from chat_app.errors import invalid
from chat_app.images import MAX_PIXELS, coloured, opened, upright

THUMBNAILS = {"large": 1280, "small": 320}
"""Name → most pixels of width and height. Nothing is made larger than it was."""
MAX_FRAMES = 500
MAX_FRAME_PIXELS = 100_000_000
"""Of all frames together: some five seconds of work."""
MAX_PROFILE = 2**20
"""Bytes of a colour profile that is looked at."""
QUALITY = 85
THUMBNAIL_QUALITY = 78
_BLUR_SIDE = 32
_BLUR_COMPONENTS = (4, 3)
_BACKGROUND = (255, 255, 255)
"""What shows through a transparent image in its blurhash."""


@dataclass(frozen=True)
class Made:
    """One file that was made. `digest` is its SHA-256."""

    path: Path
    digest: str
    size: int
    width: int
    height: int


@dataclass(frozen=True)
class Renditions:
    main: Made
    media_type: str
    suffix: str
    """Of the main file's name, e.g. `.webp`; empty: as it was."""
    thumbnails: dict[str, Made]
    blurhash: str


def render(source: Path, folder: Path) -> Renditions:
    """Make them, into `folder`. Takes seconds for the largest images; off the hub. Errors: see `images.opened`."""
    with opened(source) as image:
        if getattr(image, "is_animated", False) and image.format in ("GIF", "WEBP"):
            main, still, media_type, suffix = *_animation(image, folder), "image/webp", ".webp"
        else:
            main, still, media_type, suffix = _still(image, folder)
        thumbnails = {}
        for name, side in THUMBNAILS.items():
            still = _within(still, side)
            thumbnails[name] = _saved(still, folder / name, "WEBP", quality=THUMBNAIL_QUALITY)
        return Renditions(main, media_type, suffix, thumbnails, _blurhash(still))


def _still(image: Image.Image, folder: Path) -> tuple[Made, Image.Image, str, str]:
    """JPEG, PNG and WebP stay what they are; a GIF becomes a PNG."""
    kind = image.format
    if image.width * image.height > MAX_PIXELS:
        image.draft("RGB", (image.width // 2, image.height // 2))  # a JPEG; it is decoded at half its size
    image.load()
    profile = image.info.get("icc_profile")
    picture = _in_srgb(coloured(upright(image)), image.mode, profile)
    picture.info.clear()  # some writers take comments and profiles from there
    path = folder / "main"
    if kind == "JPEG":
        return _saved(picture, path, "JPEG", quality=QUALITY, progressive=True), picture, "image/jpeg", ""
    if kind == "WEBP":
        return _saved(picture, path, "WEBP", quality=QUALITY), picture, "image/webp", ""
    return _saved(picture, path, "PNG"), picture, "image/png", ".png" if kind == "GIF" else ""


def _animation(image: Image.Image, folder: Path) -> tuple[Made, Image.Image]:
    """All frames, as a WebP, and the first one."""
    frames = getattr(image, "n_frames", 1)
    if frames > MAX_FRAMES or frames * image.width * image.height > MAX_FRAME_PIXELS:
        raise invalid("file", f"moves for too long; at most {MAX_FRAMES} frames, and fewer of large ones")
    times = [_time(image, frame) for frame in range(frames)]
    image.seek(0)
    main = _saved(image, folder / "main", "WEBP", save_all=True, quality=QUALITY, method=2, duration=times)
    image.seek(0)
    first = coloured(image)
    first.info.clear()
    return main, first


def _time(image: Image.Image, frame: int) -> int:
    """Milliseconds that it is shown."""
    image.seek(frame)
    image.load()
    return int(image.info.get("duration", 100))


def _in_srgb(picture: Image.Image, was: str, profile: object) -> Image.Image:
    """In the colours that everybody assumes where no profile is; a profile that cannot be read is left out."""
    if not isinstance(profile, bytes) or len(profile) > MAX_PROFILE or was not in ("RGB", "RGBA"):
        return picture
    try:
        given = ImageCms.ImageCmsProfile(BytesIO(profile))
        converted = ImageCms.profileToProfile(picture, given, ImageCms.createProfile("sRGB"))
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return picture
    return converted or picture


def _within(picture: Image.Image, side: int) -> Image.Image:
    """Not wider or higher than `side`."""
    scale = side / max(picture.size)
    if scale >= 1:
        return picture
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _saved(picture: Image.Image, path: Path, kind: str, **options: object) -> Made:
    picture.save(path, kind, **options)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Made(path, digest, path.stat().st_size, picture.width, picture.height)


def _blurhash(picture: Image.Image) -> str:
    tiny = picture.resize((_BLUR_SIDE, _BLUR_SIDE), Image.Resampling.BOX)
    if tiny.mode == "RGBA":
        tiny = Image.alpha_composite(Image.new("RGBA", tiny.size, (*_BACKGROUND, 255)), tiny).convert("RGB")
    pixels = list(tiny.convert("RGB").get_flattened_data())
    rows = [pixels[y * _BLUR_SIDE : (y + 1) * _BLUR_SIDE] for y in range(_BLUR_SIDE)]
    return str(blurhash.encode(rows, *_BLUR_COMPONENTS))
