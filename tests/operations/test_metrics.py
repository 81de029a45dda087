"""What Prometheus is told, and who may ask."""

import timeit
import uuid
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from chat_app.jobs import QUEUES
from chat_app.operations.metrics import Metrics
from chat_app.operations.routes import is_private
from tests.services import deployment as deployments
from tests.services.api import Api
from tests.services.deployment import Deployment
from tests.services.people import People
from tests.services.waiting import eventually

Sample = tuple[str, frozenset[tuple[str, str]]]
TOKEN = "a-token-for-the-scraper"


def samples(url: str) -> dict[Sample, float]:
    text = Api(url).get("//metrics").must()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(url: str, name: str, **labels: str) -> float:
    return samples(url).get((f"chatsphere_{name}", frozenset(labels.items())), 0.0)


def test_the_text_is_valid_and_tells_of_every_part(deployment: Deployment):
    for url in deployment.urls:
        answer = Api(url).get("//metrics")
        assert answer.headers["Content-Type"].startswith("text/plain; version=")
        names = {family.name for family in text_string_to_metric_families(answer.must())}
        assert {
            "chatsphere_build_info",
            "chatsphere_bus_dropped",
            "chatsphere_bus_interruptions",
            "chatsphere_bus_up",
            "chatsphere_connections",
            "chatsphere_database_connections_limit",
            "chatsphere_database_connections_used",
            "chatsphere_http_request_seconds",
            "chatsphere_jobs_waiting",
            "chatsphere_messages_stored",
            "chatsphere_socket_events",
            "process_cpu_seconds",
            "process_resident_memory_bytes",
        } <= names
        assert value(url, "bus_up") == 1


def test_requests_are_counted_by_route_and_not_by_address(deployment: Deployment):
    url = deployment.url
    labels = {"method": "GET", "route": "/api/users/<user_id>", "status": "200"}
    name = "http_request_seconds_count"
    before = value(url, name, **labels)
    ada = Api(url).register()
    ada.get(f"/users/{ada.id}").must()
    assert value(url, name, **labels) == before + 1
    unknown = uuid.uuid4().hex
    ada.get(f"//{unknown}")
    ada.request("BREW", f"/users/{unknown}")
    told = samples(url)
    assert told[
        "chatsphere_http_request_seconds_count", frozenset({("method", "GET"), ("route", "unknown"), ("status", "404")})
    ]
    assert not [labels for _, labels in told if any(unknown in text or text == "BREW" for _, text in labels)]


def test_sockets_events_and_messages_are_counted(people: People):
    ada = people.one()
    url = ada.url
    open_before = value(url, "connections", namespace="/chat")
    events: dict[str, dict[str, Any]] = {
        "connected": {"event": "connect", "outcome": "ok"},
        "sent": {"event": "send_message", "outcome": "ok"},
        "bad": {"event": "send_message", "outcome": "validation_failed"},
        "unknown": {"event": "unknown", "outcome": "unknown_event"},
    }

    def counts() -> dict[str, float]:
        return {what: value(url, "socket_events_total", namespace="/chat", **labels) for what, labels in events.items()}

    before, stored_before = counts(), value(url, "messages_stored_total")
    chat = people.chat(ada)
    room = ada.group()
    message = {"conversation_id": room, "client_msg_id": uuid.uuid4().hex, "content": "Hello"}
    chat.do("send_message", message)
    chat.do("send_message", message)
    chat.refused("send_message", {})
    for _ in range(3):
        chat.refused(uuid.uuid4().hex, {})
    after = counts()
    assert {what: after[what] - before[what] for what in events} == {"connected": 1, "sent": 2, "bad": 1, "unknown": 3}
    assert value(url, "messages_stored_total") == stored_before + 1
    assert value(url, "connections", namespace="/chat") >= open_before + 1


def test_jobs_that_wait_are_counted(cluster: Deployment):
    assert cluster.redis
    assert value(cluster.url, "jobs_waiting") >= 0
    with cluster.redis.client() as client:
        eventually(lambda: value(cluster.url, "jobs_waiting") == sum(map(client.llen, QUEUES)))


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with deployments.embedded(tmp_path_factory.mktemp("guarded"), {"METRICS_TOKEN": TOKEN}) as deployment:
        yield Api(deployment.url)


def test_with_a_token_only_its_holder_may_ask(guarded: Api):
    for wrong in (None, "x", TOKEN[:-1], TOKEN + "x", "ä"):
        headers = {"Authorization": f"Bearer {wrong}"} if wrong else {}
        guarded.get("//metrics", headers={n: v.encode().decode("latin-1") for n, v in headers.items()}).error(
            404, "not_found"
        )
    assert guarded.get("//metrics", token=TOKEN).status == 200


def test_behind_a_proxy_that_nobody_told_us_of_nobody_may_ask(embedded: Deployment):
    """All requests come from the proxy's address then, which is private."""
    Api(embedded.url).get("//metrics", headers={"X-Forwarded-For": "127.0.0.1"}).error(404, "not_found")


@pytest.mark.parametrize(
    ("address", "may"),
    [
        ("127.0.0.1", True),
        ("10.1.2.3", True),
        ("::1", True),
        ("fd00::1", True),
        ("::ffff:10.1.2.3", True),
        ("8.8.8.8", False),
        ("::ffff:8.8.8.8", False),
        ("2001:4860:4860::8888", False),
        ("0.0.0.0", False),
    ],
)
def test_without_a_token_private_addresses_may_ask(address: str, may: bool):
    assert is_private(str(ip_address(address))) is may


def test_counting_an_event_costs_next_to_nothing():
    metrics = Metrics(Flask("counting"))
    count = 20_000
    seconds = min(timeit.repeat(lambda: metrics.count_event("/chat", "typing", "ok"), number=count, repeat=5))
    assert seconds / count < 2e-6
