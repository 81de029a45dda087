"""The two ways of keeping contents, which behave alike."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from chat_app.errors import ChatError
from chat_app.settings import Settings
from chat_app.uploads.s3 import S3
from chat_app.uploads.storage import ABANDONED, Folder, Storage, Workshop
from tests.services.s3 import S3Server

DATA = bytes(range(256)) * 3000
DIGEST = hashlib.sha256(DATA).hexdigest()
OTHER = hashlib.sha256(b"other").hexdigest()


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "folder":
        return Folder(tmp_path / "files")
    server: S3Server = request.getfixturevalue("s3")
    return S3(Settings(**{name.lower(): value for name, value in server.settings.items()}))


@pytest.fixture
def kept(store: Storage, tmp_path: Path) -> Iterator[Storage]:
    store.put(DIGEST, written(tmp_path, DATA))
    yield store
    store.delete(DIGEST)


def written(folder: Path, data: bytes) -> Path:
    path = folder / "incoming"
    path.write_bytes(data)
    return path


def test_what_was_put_can_be_read_from_any_place(kept: Storage):
    assert kept.has(DIGEST)
    with kept.local(DIGEST) as path:
        assert path.read_bytes() == DATA
    file = kept.open(DIGEST)
    assert file.read(10) == DATA[:10]
    file.seek(500_000)
    assert file.tell() == 500_000
    assert file.read(300_000) == DATA[500_000:]
    assert file.read(10) == b""
    file.seek(5)
    assert file.read(5) == DATA[5:10]
    file.close()


def test_putting_and_deleting_may_be_repeated(kept: Storage, tmp_path: Path):
    kept.put(DIGEST, written(tmp_path, DATA))
    with kept.local(DIGEST) as path:
        assert path.read_bytes() == DATA
    for _ in range(2):
        kept.delete(DIGEST)
        assert not kept.has(DIGEST)


def test_what_is_not_there_is_not_found(store: Storage):
    assert not store.has(OTHER)
    with pytest.raises(FileNotFoundError):
        store.open(OTHER)
    with pytest.raises(FileNotFoundError), store.local(OTHER) as path:
        path.read_bytes()


def test_in_a_folder_no_half_written_file_is_ever_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = Folder(tmp_path / "files")
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("no space")))
    with pytest.raises(OSError, match="no space"):
        folder.put(DIGEST, written(tmp_path, DATA))
    assert not folder.has(DIGEST)
    assert [path for path in (tmp_path / "files").rglob("*") if path.is_file()] == []


def test_a_store_that_does_not_answer_is_unavailable():
    away = {"s3_bucket": "b", "s3_endpoint": "http://127.0.0.1:9", "s3_access_key": "k", "s3_secret_key": "s"}
    store = S3(Settings(**away, s3_region="us-east-1"))
    with pytest.raises(ChatError) as refusal:
        store.has(DIGEST)
    assert refusal.value.code == "unavailable"


def test_what_a_killed_process_left_is_removed_after_a_day(tmp_path: Path):
    import os

    workshop = Workshop(tmp_path)
    for name, age in (("old", ABANDONED + 10), ("new", 10)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_bytes(b"x")
        then = (tmp_path / name).stat().st_mtime - age
        os.utime(tmp_path / name, (then, then))
    workshop.tidy()
    assert [path.name for path in tmp_path.iterdir()] == ["new"]
