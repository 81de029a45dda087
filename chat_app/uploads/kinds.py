"""What kind of file it is: its content decides, never its name or what the sender says (decision 22)."""

import codecs
from pathlib import Path

import filetype

from chat_app.images import opened

HEAD = 8192
"""Bytes that signatures are looked for in."""
IMAGE_TYPES = {"image/png", "image/jpeg", "image/webp", "image/gif"}
"""What is decoded, made anew and shown within a page. All else is a file to download."""
UNKNOWN = "application/octet-stream"
TEXT = "text/plain"
_AS = {"image/apng": "image/png"}
_BLOCK = 256 * 1024


def kind_of(path: Path) -> str:
    """The media type. An image whose header is broken or names too many pixels is refused at once, as
    :func:`chat_app.images.opened` says. Blocks: call it off the hub."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    guessed = filetype.guess_mime(head)
    guessed = _AS.get(guessed, guessed)
    if guessed in IMAGE_TYPES:
        with opened(path):
            return str(guessed)
    if guessed:
        return str(guessed)
    return TEXT if _is_text(path) else UNKNOWN


def _is_text(path: Path) -> bool:
    """UTF-8 without NUL. HTML, SVG and scripts are text here, and so is a page of XML."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while block := file.read(_BLOCK):
                if b"\0" in block:
                    return False
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True
