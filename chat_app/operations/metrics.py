"""Numbers for Prometheus (docs/operations.md). Each process counts for itself, each application in its own registry.

Counting must not slow down what is counted: events are counted in a plain dictionary, and what can be looked up
(connections, queues, pools) is looked up when somebody asks.
"""

from collections import Counter
from collections.abc import Iterator

import redis
from flask import Flask, Response, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from chat_app import __version__
from chat_app.extensions import db
from chat_app.jobs import QUEUES

SECONDS = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
UNKNOWN = "unknown"
CONTENT_TYPE = CONTENT_TYPE_LATEST


class Metrics:
    """What a process counts. Labels are bounded: routes, known events and error codes, no one's own words."""

    def __init__(self, app: Flask) -> None:
        self.messages = 0
        """Messages that this process stored."""
        self._events: Counter[tuple[str, str, str]] = Counter()
        self.registry = CollectorRegistry()
        self._requests = Histogram(
            "chatsphere_http_request_seconds",
            "HTTP requests by route, until the answer begins.",
            ("method", "route", "status"),
            buckets=SECONDS,
            registry=self.registry,
        )
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.registry.register(_Lookup(app, self))

    def count_event(self, namespace: str, event: str, outcome: str) -> None:
        """A socket event was answered; `outcome` is "ok" or the code of the error."""
        self._events[namespace, event, outcome] += 1

    def count_request(self, response: Response, seconds: float) -> None:
        method = request.method if request.method in METHODS else UNKNOWN
        rule = request.url_rule
        # The routes under /api are those under /api/v1; files of the page are many and alike.
        route = rule.rule.replace("/api/v1", "/api", 1) if rule else UNKNOWN
        self._requests.labels(method, route, str(response.status_code)).observe(seconds)

    def events(self) -> dict[tuple[str, str, str], int]:
        return dict(self._events)

    def text(self) -> bytes:
        """In Prometheus' text format."""
        return generate_latest(self.registry)


class _Lookup:
    """What is looked up at each scrape."""

    def __init__(self, app: Flask, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    def describe(self) -> list[Metric]:
        """Nothing, so that registering does not look anything up: the parts do not exist yet."""
        return []

    def collect(self) -> Iterator[Metric]:
        build = InfoMetricFamily("chatsphere_build", "What runs.")
        mode = self._app.config["SETTINGS"].chat_async_mode
        build.add_metric((), {"version": __version__, "async_mode": mode})
        yield build
        yield from self._traffic()
        yield from self._bus()
        with self._app.app_context():
            yield from self._parts()

    def _traffic(self) -> Iterator[Metric]:
        here = Counter(connection.namespace for connection in self._app.extensions["connections"])
        connections = GaugeMetricFamily("chatsphere_connections", "Open sockets.", labels=["namespace"])
        for namespace in ("/chat", "/presence"):
            connections.add_metric((namespace,), here[namespace])
        yield connections
        events = CounterMetricFamily(
            "chatsphere_socket_events", "Socket events by outcome.", labels=["namespace", "event", "outcome"]
        )
        for labels, count in self._metrics.events().items():
            events.add_metric(labels, count)
        yield events
        yield CounterMetricFamily(
            "chatsphere_messages_stored", "Messages stored by this process.", self._metrics.messages
        )

    def _bus(self) -> Iterator[Metric]:
        bus = self._app.extensions["bus"]
        yield GaugeMetricFamily("chatsphere_bus_up", "1 while this process hears itself over the bus.", bus.is_up)
        yield GaugeMetricFamily("chatsphere_bus_waiting", "Messages that wait for Redis.", bus.waiting)
        yield CounterMetricFamily("chatsphere_bus_interruptions", "Times that the bus came back.", bus.interruptions)
        yield CounterMetricFamily("chatsphere_bus_dropped", "Messages dropped while Redis was away.", bus.dropped)

    def _parts(self) -> Iterator[Metric]:
        waiting = self._jobs_waiting()
        if waiting is not None:
            yield GaugeMetricFamily("chatsphere_jobs_waiting", "Jobs that no worker has taken yet.", waiting)
        pool = db.engine.pool
        yield GaugeMetricFamily("chatsphere_database_connections_used", "Of the ordinary pool.", pool.checkedout())  # type: ignore[attr-defined]
        yield GaugeMetricFamily("chatsphere_database_connections_limit", "Of the ordinary pool.", pool.size())  # type: ignore[attr-defined]

    def _jobs_waiting(self) -> int | None:
        """None while Redis cannot say."""
        if jobs := self._app.extensions.get("local_jobs"):
            return int(jobs.waiting)
        client = self._app.extensions["redis"]
        try:
            return sum(int(client.llen(queue)) for queue in QUEUES) if client else 0
        except redis.RedisError:
            return None


def init_metrics(app: Flask) -> None:
    app.extensions["metrics"] = Metrics(app)
