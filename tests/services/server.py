"""The product itself: a real gunicorn with its one worker, and a real Celery worker."""

import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from tests.services.process import ROOT, Process, ProcessFailed, free_port
from tests.services.waiting import eventually

# The settings every test starts from. What a developer has in the environment or in .env does not count.
BASE = {
    "SECRET_KEY": "a-secret-of-the-tests-that-is-long-enough",
    "BCRYPT_ROUNDS": "4",
    "RATE_LIMITS": "false",
    "HOST": "127.0.0.1",
    "PYTHONPATH": str(ROOT),
    "PYTHONUNBUFFERED": "1",
}
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "CHAT_ASYNC_MODE", "CHAT_TRANSPORT")


def environment(data_dir: Path, settings: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a process of the product gets as its environment: the base, DATA_DIR and the given settings."""
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return {**inherited, **BASE, "DATA_DIR": str(data_dir), **(settings or {})}


def migrate(data_dir: Path, settings: Mapping[str, str]) -> None:
    """Bring a database up to date with the product's own command."""
    command = [
        sys.executable,
        "-m",
        "flask",
        "--app",
        "wsgi",
        "db",
        "upgrade",
        "--directory",
        str(ROOT / "migrations"),
    ]
    result = subprocess.run(
        command,
        cwd=data_dir,
        env=environment(data_dir, settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )
    if result.returncode:
        raise ProcessFailed(f"flask db upgrade failed\n{result.stdout}")


class Server(Process):
    """One gunicorn on one port, which it keeps over restarts. `directory` holds its log and, unless the
    settings say otherwise, its data; it is also the working folder, so that no .env is read."""

    def __init__(self, directory: Path, settings: Mapping[str, str] | None = None) -> None:
        settings = settings or {}
        self.port = int(settings.get("PORT") or free_port())
        self.url = f"http://127.0.0.1:{self.port}"
        super().__init__(
            [sys.executable, "-m", "gunicorn", "--config", str(ROOT / "gunicorn.conf.py")],
            directory / f"server-{self.port}.log",
            env=environment(directory, {**settings, "PORT": str(self.port)}),
            cwd=directory,
        )

    @property
    def name(self) -> str:
        return f"the server on port {self.port}"

    def start(self) -> None:
        self.launch()
        self.wait_ready()

    def launch(self) -> None:
        """Start without waiting, so that several can start at once."""
        super().start()

    def wait_ready(self, timeout: float = 60.0) -> None:
        try:
            eventually(self.is_ready, timeout)
        except AssertionError:
            raise ProcessFailed(f"{self.name} did not get ready\n{self.log_tail()}") from None

    def is_ready(self) -> bool:
        self.fail_if_ended()
        try:
            with urllib.request.urlopen(f"{self.url}/health/live", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def restart(self) -> None:
        """Stop as an operator does and start again on the same port."""
        self.terminate()
        self.start()


class CeleryWorker(Process):
    """A prefork worker with one child; `beat=True` adds the schedule."""

    def __init__(self, directory: Path, settings: Mapping[str, str], *, beat: bool = False) -> None:
        schedule = ["--beat", "--schedule", str(directory / "celerybeat-schedule")] if beat else []
        super().__init__(
            [
                *(sys.executable, "-m", "celery", "--app", "workers", "worker", *schedule),
                *("--pool", "prefork", "--concurrency", "1", "--loglevel", "INFO"),
                *("--without-gossip", "--without-mingle", "--hostname", f"test-{free_port()}@%h"),
            ],
            directory / "celery.log",
            env=environment(directory, settings),
            cwd=directory,
        )

    def start(self) -> None:
        self.launch()
        self.wait_ready()

    def launch(self) -> None:
        self.log.write_bytes(b"")
        super().start()

    def wait_ready(self) -> None:
        try:
            eventually(self.is_ready, timeout=60)
        except AssertionError:
            raise ProcessFailed(f"{self.name} did not get ready\n{self.log_tail()}") from None

    def is_ready(self) -> bool:
        """Celery says so once it consumes; asking it over the broker would take a second each time."""
        self.fail_if_ended()
        return " ready" in self.log.read_text(errors="replace")
