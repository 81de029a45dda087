"""`requirements.txt` is enough to run: the server starts where nothing else is installed."""

import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.services.process import ROOT

WITHOUT = """
import sys
from importlib import import_module

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {absent!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())
import_module({module!r})
"""


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("module", ["wsgi", "workers.celery", "chat_app.operations.replay"])
def test_a_process_starts_without_the_packages_of_the_tests(module: str, tmp_path: Path):
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    required = {normal(line.partition("==")[0]) for line in lines if "==" in line}
    absent = {name for name, owners in packages_distributions().items() if not required & set(map(normal, owners))}
    assert "pytest" in absent
    code = WITHOUT.format(absent=absent, module=module)
    started = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=ROOT,
        env={"DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert started.returncode == 0, started.stderr
