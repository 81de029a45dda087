"""The product's own commands, run as an operator runs them."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.services.process import ROOT
from tests.services.server import environment


def flask(
    data_dir: Path, *arguments: str, settings: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """`flask --app wsgi …`; `stdout` of the result holds all that it said."""
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", *arguments],
        cwd=data_dir,
        env=environment(data_dir, settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )


def database_command(data_dir: Path, *arguments: str, settings: Mapping[str, str] | None = None) -> str:
    """`flask db …` with our migrations; it has to succeed."""
    result = flask(data_dir, "db", *arguments, "--directory", str(ROOT / "migrations"), settings=settings)
    assert result.returncode == 0, result.stdout
    return result.stdout
