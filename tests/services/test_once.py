from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.services.once import FOLDER, once


@pytest.fixture(autouse=True)
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(FOLDER, str(tmp_path))
    return tmp_path


def test_of_many_who_need_it_at_once_one_makes_it_and_all_have_it_whole():
    made = []

    def make(folder: Path) -> None:
        made.append(folder)
        for part in ("one", "two"):
            (folder / part).write_text(part)

    with ThreadPoolExecutor(8) as threads:
        folders = list(threads.map(lambda _: once("thing", make), range(8)))
    assert len(made) == 1
    assert {tuple(sorted(part.name for part in folder.iterdir())) for folder in folders} == {("one", "two")}


def test_what_failed_half_way_is_made_anew():
    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        once("thing", fail)
    assert [part.name for part in once("thing", lambda folder: (folder / "whole").touch()).iterdir()] == ["whole"]
