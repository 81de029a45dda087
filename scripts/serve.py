"""Bring the database up to date and serve: `make run`, or `.venv/bin/python scripts/serve.py`.

Without REDIS_URL this process becomes gunicorn, and jobs run inside it. With REDIS_URL it supervises
gunicorn and a Celery worker with beat: when one of them ends, or on TERM or Ctrl-C, all end.

Several of these may share a DATABASE_URL and a REDIS_URL, each on a port of its own.
"""

import contextlib
import errno
import fcntl
import os
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from chat_app.settings import Settings, load_settings  # noqa: E402

BIN = Path(sys.executable).parent
STOP_SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
STOP_SECONDS = 8.0


def main() -> None:
    os.chdir(ROOT)
    settings = load_settings()
    require_free_port(settings)
    if settings.embedded:
        hold_alone(settings.data_dir)
    migrate()
    # gunicorn.conf.py tells the address once the application is loaded.
    os.environ["ANNOUNCE"] = "1"
    gunicorn = [str(BIN / "gunicorn"), "--config", "gunicorn.conf.py"]
    if settings.embedded:
        os.execv(gunicorn[0], gunicorn)
    sys.exit(supervise(gunicorn, celery(settings)))


def require_free_port(settings: Settings) -> None:
    """Stop with a remedy when the address cannot be listened on."""
    family, kind, _, _, address = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise SystemExit(
                    f"Port {settings.port} on {settings.host} is in use, perhaps by another ChatSphere.\n"
                    f"Stop that program, or choose another port: make run PORT={settings.port + 1}"
                ) from None
            raise SystemExit(f"Cannot listen on {settings.host}:{settings.port}: {error.strerror}.") from None


def hold_alone(data_dir: Path) -> None:
    """Refuse a second embedded process on one folder: it would not hear what the first one publishes.

    The descriptor stays open on purpose: gunicorn inherits it, and the kernel frees it at the end.
    """
    descriptor = os.open(data_dir / "embedded.lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SystemExit(
            f"Another ChatSphere is running on the data in {data_dir.resolve()}.\n"
            "Give this one a folder of its own (make run DATA_DIR=…), or let several share\n"
            "a DATABASE_URL and a REDIS_URL."
        ) from None
    os.set_inheritable(descriptor, True)


def migrate() -> None:
    """Bring the database up to date; quiet unless it fails. Processes that start at once take turns there."""
    command = [str(BIN / "flask"), "--app", "wsgi", "db", "upgrade"]
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode:
        raise SystemExit(f"{result.stdout}\nThe database could not be brought up to date; see above.")


def celery(settings: Settings) -> list[str]:
    """A worker with beat, named after the port: two processes must not share a name or a schedule file."""
    name = f"{settings.port}"
    return [
        *(str(BIN / "celery"), "--app", "workers", "worker", "--beat"),
        *("--concurrency", "2", "--without-gossip", "--without-mingle"),
        *("--hostname", f"chatsphere-{name}@%h"),
        *("--schedule", str(settings.data_dir / f"celerybeat-{name}")),
        *("--loglevel", settings.log_level),
    ]


def supervise(*commands: list[str]) -> int:
    """Run the commands until one ends or TERM, INT or HUP comes; then stop them all. Returns the exit status.

    TERM goes to each command's own process only: Celery's main process lets its children finish their tasks,
    which a signal to the whole group (honcho, foreman) would cut off. What still runs after `STOP_SECONDS`,
    or at a second signal, is killed with everything it started.
    """
    signals = signal_pipe()
    children = [subprocess.Popen(command, start_new_session=True) for command in commands]
    stop = False
    while not stop and all(child.poll() is None for child in children):
        stop = asked_to_stop(signals, 3600)
    for child, command in zip(children, commands, strict=True):
        if not stop and child.returncode is not None:
            print(f"{Path(command[0]).name} ended by itself ({child.returncode}); stopping.", flush=True)
        child.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    while any(child.poll() is None for child in children) and time.monotonic() < deadline:
        if asked_to_stop(signals, deadline - time.monotonic()):
            break
    for child in children:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    return 0 if stop else 1


def signal_pipe() -> int:
    """A descriptor on which each signal to stop, and each end of a child, appears as a byte."""
    receiver, sender = os.pipe()
    os.set_blocking(sender, False)
    signal.set_wakeup_fd(sender, warn_on_full_buffer=False)
    for number in (*STOP_SIGNALS, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    return receiver


def asked_to_stop(signals: int, seconds: float) -> bool:
    """Wait for any signal, at most so long; True if it was one to stop."""
    readable, _, _ = select.select([signals], [], [], max(seconds, 0))
    return bool(readable) and not STOP_SIGNALS.isdisjoint(os.read(signals, 64))


if __name__ == "__main__":
    main()
