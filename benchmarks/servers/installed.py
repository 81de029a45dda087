"""ejabberd from its Debian package and Synapse from PyPI, each with a PostgreSQL of its own, started and ended here."""

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.build import python_packages
from benchmarks.peers import cpu_seconds, kibibytes
from benchmarks.stack import DURABLE, SECRET
from tests.services.postgres import Postgres
from tests.services.process import Process, ProcessFailed, free_port
from tests.services.waiting import eventually

HERE = Path(__file__).parent
PACKAGES = ("ejabberd", "erlang-p1-pgsql")
SCHEMA = Path("/usr/share/ejabberd/sql/pg.new.sql")
STARTING = 120.0
"""Seconds."""
LOG = {"version": 1, "root": {"level": "WARNING", "handlers": []}}


class CannotInstall(RuntimeError):
    """What is missing, and what to do about it."""


def install() -> None:
    """Both servers, saying so before. ejabberd goes into the system, Synapse into a folder under .cache."""
    if shutil.which("ejabberdctl") is None or not SCHEMA.exists():
        command = ["apt-get", "install", "--yes", "--no-install-recommends", *PACKAGES]
        if os.geteuid() != 0 or shutil.which("apt-get") is None:
            raise CannotInstall(
                "ejabberd is not installed. It comes with Debian and Ubuntu; installing it takes an administrator:\n"
                f"    sudo {' '.join(command)}\nThen run this again."
            )
        print(f"Installing into this system: {', '.join(PACKAGES)} ({' '.join(command)})", flush=True)
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
        subprocess.run(command, check=True, env=quiet, stdout=subprocess.DEVNULL)
    python_packages(HERE / "requirements.txt")


class Installed:
    """A server with its PostgreSQL. `port` is that of its clients."""

    def __init__(self, directory: Path, postgres: Postgres, server: Process, port: int) -> None:
        self.directory = directory
        self.postgres = postgres
        self.server = server
        self.port = port

    @property
    def cpu_seconds(self) -> float:
        return cpu_seconds(self.postgres) + cpu_seconds(self.server)

    @property
    def kibibytes(self) -> float:
        return kibibytes(self.server)


def configured(name: str, directory: Path, values: Mapping[str, object]) -> Path:
    """A file of ours with `@NAME@` filled in, and nothing left to fill in."""
    text = (HERE / name).read_text()
    for key, value in values.items():
        text = text.replace(f"@{key}@", str(value))
    if missing := re.search("@[A-Z_]+@", text):
        raise KeyError(missing[0])
    path = directory / name
    path.write_text(text)
    return path


@contextmanager
def _with_postgres() -> Iterator[tuple[Path, Postgres, str, Callable[[Process], None]]]:
    with ExitStack() as stack:
        directory = Path(stack.enter_context(TemporaryDirectory()))
        directory.chmod(0o755)
        postgres = Postgres(directory, DURABLE)
        stack.callback(postgres.close)
        postgres.start()

        def start(process: Process) -> None:
            stack.callback(process.close)
            process.start()

        yield directory, postgres, postgres.create_database(), start


def _await(server: Process, answers: Callable[[], bool]) -> None:
    try:
        eventually(answers, timeout=STARTING, interval=0.2)
    except AssertionError:
        raise ProcessFailed(f"{' '.join(server.command)} does not answer\n{server.log_tail()}") from None


def _pinned() -> list[str]:
    return ["taskset", "-c", str(min(os.sched_getaffinity(0)))]


@contextmanager
def ejabberd() -> Iterator["Ejabberd"]:
    with _with_postgres() as (directory, postgres, database, start):
        with postgres.connect(database) as connection:
            connection.execute(SCHEMA.read_text())  # type: ignore[arg-type]
        port, admin_port = free_port(), free_port()
        home = directory / "ejabberd"
        (home / "spool").mkdir(parents=True)
        values = {"PORT": port, "ADMIN_PORT": admin_port, "DATABASE": database.rsplit("/", 1)[1]}
        config = configured("ejabberd.yml", home, {**values, "DATABASE_PORT": postgres.port})
        for path in (home, home / "spool", config):
            shutil.chown(path, "ejabberd", "ejabberd")
        # A folder of its own for everything: what stands in /etc/ejabberd would count before what is said here.
        folders = ("--config-dir", home, "--spool", home / "spool", "--logs", home)
        env = {**os.environ, "ERL_DIST_PORT": str(free_port())}
        node = ("--node", f"bench{port}@localhost")
        command = [*_pinned(), "ejabberdctl", *node, *map(str, folders), "foreground"]
        server = Process(command, directory / "ejabberd.log", env=env, cwd=home)
        start(server)
        peer = Ejabberd(directory, postgres, server, port)
        peer.admin_port = admin_port
        _await(server, peer.answers)
        yield peer


class Ejabberd(Installed):
    admin_port = 0

    def register(self, name: str) -> None:
        """By its own interface for administrators."""
        body = json.dumps({"user": name, "host": "localhost", "password": "secret"}).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.admin_port}/api/register", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            answer.read()

    def answers(self) -> bool:
        self.server.fail_if_ended()
        try:
            self.register("first")
        except OSError:
            return False
        return True


@contextmanager
def synapse() -> Iterator[Installed]:
    with _with_postgres() as (directory, postgres, database, start):
        port = free_port()
        (directory / "log.yaml").write_text(json.dumps(LOG))
        values = {"PORT": port, "DIRECTORY": directory, "SECRET": SECRET, "DATABASE": database.rsplit("/", 1)[1]}
        config = configured("homeserver.yaml", directory, {**values, "DATABASE_PORT": postgres.port})
        python = python_packages(HERE / "requirements.txt") / "python"
        run = [str(python), "-m", "synapse.app.homeserver", "--config-path", str(config)]
        subprocess.run([*run, "--generate-keys"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        server = Process([*_pinned(), *run], directory / "synapse.log", cwd=directory)
        start(server)

        def answers() -> bool:
            server.fail_if_ended()
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
                    return bool(answer.status == 200)
            except OSError:
                return False

        _await(server, answers)
        yield Installed(directory, postgres, server, port)


if __name__ == "__main__":
    try:
        install()
    except CannotInstall as error:
        sys.exit(str(error))
