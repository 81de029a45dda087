"""What the limits cost a request: `python -m benchmarks.limits`.

Two servers that differ in RATE_LIMITS alone are asked in turns over one kept connection each, so that
whatever else the machine does hits both alike. Told are the lower quartiles.
"""

import http.client
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from tests.conftest import a_postgres, a_redis
from tests.services import deployment as deployments
from tests.services.api import Account, Api
from tests.services.database import Database
from tests.services.redis import Redis
from tests.services.server import Server

REQUESTS = 3000
PATH = "/api/v1/auth/me"
UNLIMITED = {"RATE_LIMITS": "true", "AUTH_RATE_LIMIT": "1000000/minute", "ADDRESS_RATE_LIMIT": "1000000/minute"}


class Line:
    """One kept connection of one account to one server."""

    def __init__(self, account: Account) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(account.url).netloc)
        self._headers = {"Authorization": f"Bearer {account.token}"}

    def ask(self) -> float:
        """Microseconds of one request."""
        began = time.perf_counter()
        self._connection.request("GET", PATH, headers=self._headers)
        answer = self._connection.getresponse()
        answer.read()
        assert answer.status == 200, answer.status
        return (time.perf_counter() - began) * 1e6


@contextmanager
def pair(kind: str) -> Iterator[tuple[deployments.Deployment, Server]]:
    """A deployment without limits, and a second process on its data with them."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if kind == "embedded":
            deployment = stack.enter_context(deployments.embedded(directory))
        else:
            postgres, redis = stack.enter_context(a_postgres()), stack.enter_context(a_redis(directory))
            deployment = stack.enter_context(deployments.cluster(directory, postgres, redis, size=1))
        limited = Server(directory, {**deployment.settings, **UNLIMITED})
        stack.callback(limited.close)
        limited.start()
        yield deployment, limited


def round_trips(redis: Redis | None) -> int:
    if redis is None:
        return 0
    with redis.client() as client:
        return int(client.info("commandstats").get("cmdstat_evalsha", {}).get("calls", 0))


def measure(kind: str) -> str:
    with pair(kind) as (deployment, limited):
        account = Api(deployment.url).register()
        Database(deployment.database_url).change("UPDATE plans SET requests_per_minute = 1000000")
        lines = [Line(account), Line(account.at(limited.url))]
        for _ in range(200):
            [line.ask() for line in lines]
        before = round_trips(deployment.redis)
        times = [[line.ask() for line in lines] for _ in range(REQUESTS)]
        trips = (round_trips(deployment.redis) - before) / REQUESTS
    without, with_limits = (statistics.quantiles(column, n=4)[0] for column in zip(*times, strict=True))
    return (
        f"{kind}: {without:.0f} µs without, {with_limits:.0f} µs with limits, "
        f"so {with_limits - without:.0f} µs and {trips:.2f} round trips to Redis a request"
    )


if __name__ == "__main__":
    for kind in ("embedded", "cluster"):
        print(measure(kind), flush=True)
