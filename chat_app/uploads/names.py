"""Names of files as people may see them and as they stand in addresses."""

import re
import unicodedata
from urllib.parse import quote

LONGEST = 120
"""Characters."""
THUMBNAIL_NAMES = {"small.webp": "small", "large.webp": "large"}
_TAKEN = {*THUMBNAIL_NAMES, "avatar.webp"}
"""Last parts of addresses below `/media/{id}/` that mean something else."""
_BAD = re.compile(r'[<>:"|?*\x7f-\x9f]')
_LONGEST_SUFFIX = 16


def clean_name(given: str) -> str:
    """What is left of a file's name when it can do no harm: no folders, no control characters, no text that turns
    itself around (`gpj.exe` shown as `exe.jpg`), neither hidden nor ending in a dot."""
    name = unicodedata.normalize("NFC", given.replace("\\", "/").rpartition("/")[2])
    name = "".join(c for c in name if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))
    name = _BAD.sub("_", " ".join(name.split())).strip(". ")
    stem, dot, suffix = name.rpartition(".")
    if len(name) > LONGEST:
        name = f"{stem[: LONGEST - len(suffix) - 1]}.{suffix}" if dot and len(suffix) <= _LONGEST_SUFFIX else name
    return name[:LONGEST].strip(". ") or "file"


def renamed(name: str, suffix: str) -> str:
    """With another suffix, e.g. `.webp`."""
    stem = name.rpartition(".")[0] or name
    return stem[: LONGEST - len(suffix)] + suffix


def address(upload_id: str, name: str) -> str:
    """Where the file is, below the server's address."""
    if name in _TAKEN:
        name = f"file-{name}"
    return f"/api/v1/media/{upload_id}/{quote(name, safe='')}"


def thumbnail_address(upload_id: str, thumbnail: str) -> str:
    return f"/api/v1/media/{upload_id}/{thumbnail}.webp"
