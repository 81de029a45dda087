"""The bench `start`: from `create_app()` to the first answer."""

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.build import FASTAPI, python_packages
from benchmarks.report import Sample
from benchmarks.stack import SECRET
from benchmarks.turns import Options, Outcome, kinds, rounds
from tests.services.server import environment

LONGEST = 1500.0
"""Milliseconds."""
OURS = """
import os, time
from chat_app.runtime import patch
patch()
began, cpu = time.perf_counter(), time.process_time()
from chat_app import create_app
assert create_app().test_client().get("/health/live").status_code == 200
print(time.process_time() - cpu, time.perf_counter() - began, flush=True)
os._exit(0)  # nobody waits for what goes on in the background
"""
THEIRS = """
import asyncio, os, time
began, cpu = time.perf_counter(), time.process_time()
from server import app
asked = {"type": "http", "method": "GET", "path": "/health/live", "raw_path": b"/health/live", "root_path": "",
         "query_string": b"", "headers": [], "http_version": "1.1", "scheme": "http", "server": ("", 0),
         "client": ("", 0)}
answers = []
async def receive():
    return {"type": "http.request", "body": b"", "more_body": False}
async def send(message):
    answers.append(message)
asyncio.run(app(asked, receive, send))
assert answers[0]["status"] == 200, answers
print(time.process_time() - cpu, time.perf_counter() - began, flush=True)
os._exit(0)
"""


def start(options: Options, outcome: Outcome) -> None:
    """From `create_app()` to the first answer, everything imported anew from compiled files."""
    targets = {"fastapi": None}
    with ExitStack() as stack:
        directory = Path(stack.enter_context(TemporaryDirectory()))
        children = {"ours": _ours(directory), "fastapi": _theirs(directory)}
        turns = {kind: (lambda child=children[kind]: _sample(*child)) for kind in kinds(targets, options)}
        for turn in turns.values():
            turn()  # compiles
        samples = rounds("start", options, turns)
    outcome.add("start", "CPU ms", samples, targets)
    for one in outcome.rows:
        if one.bench == "start":  # its target is our own figure, not a ratio
            one.target = LONGEST
            one.met = one.ours <= LONGEST


def _ours(directory: Path) -> tuple[list[str], dict[str, str]]:
    return [sys.executable, "-W", "ignore", "-c", OURS], environment(directory) | _compiled(directory)


def _theirs(directory: Path) -> tuple[list[str], dict[str, str]]:
    python = str(python_packages(FASTAPI / "requirements.txt") / "python")
    addresses = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "REDIS_URL": "redis://127.0.0.1:1"}
    env = {**os.environ, **addresses, "SECRET_KEY": SECRET, "PYTHONPATH": str(FASTAPI)} | _compiled(directory)
    return [python, "-c", THEIRS], env


def _compiled(directory: Path) -> dict[str, str]:
    """As an installation is, wherever this one may write."""
    return {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(directory / "compiled")}


def _sample(command: list[str], env: dict[str, str]) -> Sample:
    told = subprocess.run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    cpu, wall = map(float, told.stdout.splitlines()[-1].split())
    return Sample(cpu * 1e3, wall * 1e6, wall * 1e6)
