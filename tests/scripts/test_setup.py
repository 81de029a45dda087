import re
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import setup
from tests.services.process import ROOT, Process
from tests.services.waiting import eventually


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(setup, "ROOT", tmp_path)
    monkeypatch.setattr(setup, "CACHE", tmp_path / ".cache/setup")
    setup.CACHE.mkdir(parents=True)
    (tmp_path / "source").write_text("one")
    return tmp_path


def build(checkout: Path) -> bool:
    """Run a step that copies `source` to `target`; tells whether it had to."""
    ran = []

    def copy() -> None:
        (checkout / "target").write_text((checkout / "source").read_text())
        ran.append(True)

    setup.step("Copying", [checkout / "source"], checkout / "target", copy)
    return bool(ran)


def test_a_step_runs_again_only_when_its_source_changed_or_its_target_is_gone(checkout: Path):
    assert build(checkout)
    assert not build(checkout)
    (checkout / "source").write_text("two")
    assert build(checkout)
    (checkout / "target").unlink()
    assert build(checkout)
    assert not build(checkout)


def test_a_failed_step_shows_what_the_command_said_and_runs_again(checkout: Path):
    def fail() -> None:
        (checkout / "target").write_text("half")
        setup.run(sys.executable, "-c", "raise SystemExit('no space left')", hint="Make room.")

    for _ in range(2):
        with pytest.raises(SystemExit, match=r"(?s)no space left.*This failed \(1\).*Make room\."):
            setup.step("Copying", [checkout / "source"], checkout / "target", fail)


def test_two_setups_of_one_checkout_take_turns(checkout: Path):
    source = (
        "import sys; from pathlib import Path; from scripts import setup; setup.CACHE = Path(sys.argv[1])\n"
        "with setup.locked(): print('mine', flush=True)"
    )
    with setup.locked():
        second = Process([sys.executable, "-c", source, str(setup.CACHE)], checkout / "log")
        second.start()
        eventually(lambda: "Waiting for another set-up" in second.log_tail())
        assert "mine" not in second.log_tail()
    eventually(lambda: "mine" in second.log_tail())
    second.close()


def test_where_mariadb_cannot_be_installed_it_is_said_and_the_set_up_goes_on(monkeypatch: pytest.MonkeyPatch, capsys):
    monkeypatch.setattr(setup.shutil, "which", lambda name, path=None: None)
    setup.system_server("MariaDB", "mariadbd", "mariadb-server")
    assert "the tests that need it will be skipped" in capsys.readouterr().out
    monkeypatch.setattr(setup.shutil, "which", lambda name, path=None: f"/usr/bin/{name}")
    setup.system_server("MariaDB", "mariadbd", "mariadb-server")
    assert capsys.readouterr().out == ""


def test_every_requirement_is_pinned_with_hashes_and_names_no_index():
    for name in ("requirements.txt", "requirements-dev.txt", "requirements-node.txt"):
        text = (ROOT / name).read_text()
        assert not re.search(r"https?://|file:|--(extra-)?index-url|--find-links", text)
        entries = re.findall(r"^([a-z0-9-]+)(\[[a-z,]+\])?==", text, re.MULTILINE)
        assert len(entries) == len(re.findall(r"^[a-z].*\\\n    --hash=sha256:", text, re.MULTILINE))


def test_help_lists_every_target():
    result = subprocess.run(["make", "-s"], cwd=ROOT, capture_output=True, text=True, check=True)
    phony = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert phony
    for target in phony.group(1).split():
        assert re.search(rf"^  make {target} +\S", result.stdout, re.MULTILINE)
