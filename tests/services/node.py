"""Runs JavaScript in a real Node.js, with the page's client library at hand."""

import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path

from tests.services.process import ROOT, Process, ProcessFailed

BUNDLE = ROOT / "web/dist-client/client.mjs"
CLIENT = '"chatsphere-client"'


def node_binary() -> str:
    """The Node.js that the set-up found or linked into the virtual environment."""
    places = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    binary = shutil.which("node", path=places)
    if not binary:
        raise ProcessFailed("There is no Node.js; `make test` installs one.")
    return binary


class Node:
    """Writes scripts into `directory` and runs them.

    A script is the text of an ES module; `import { … } from "chatsphere-client"` gives it the bundle.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def run(self, script: str, *arguments: str, env: Mapping[str, str] | None = None, timeout: float = 60) -> str:
        """Run to the end; returns what it printed. A failure shows all it said."""
        command = [node_binary(), str(self.write(script)), *arguments]
        try:
            result = subprocess.run(
                command, env={**os.environ, **(env or {})}, capture_output=True, text=True, timeout=timeout
            )
        except subprocess.TimeoutExpired as error:
            raise ProcessFailed(f"node: not done after {timeout:g} s\n{error.stdout!r}\n{error.stderr!r}") from None
        if result.returncode:
            raise ProcessFailed(f"node ended with {result.returncode}\n{result.stdout}\n{result.stderr}")
        return result.stdout

    def json(self, script: str, *arguments: str, env: Mapping[str, str] | None = None, timeout: float = 60) -> object:
        """Like :meth:`run`; returns the last line it printed, decoded."""
        return json.loads(self.run(script, *arguments, env=env, timeout=timeout).splitlines()[-1])

    def process(self, script: str, *arguments: str, env: Mapping[str, str] | None = None) -> Process:
        """A client that stays; not started yet. What it prints is in its `log`."""
        path = self.write(script)
        command = [node_binary(), str(path), *arguments]
        return Process(command, path.with_suffix(".log"), env={**os.environ, **(env or {})})

    def write(self, script: str) -> Path:
        if CLIENT in script and not BUNDLE.exists():
            raise ProcessFailed("The client library is not built; `make test` builds it.")
        path = self.directory / f"{uuid.uuid4().hex[:8]}.mjs"
        path.write_text(script.replace(CLIENT, json.dumps(BUNDLE.as_uri())))
        return path
