"""P5: the database stops for some seconds while people send."""

from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from tests.promises.crowd import Crowd
from tests.promises.outage import Stopwatch, throughout
from tests.promises.truth import Truth, everybody_holds_the_truth
from tests.services import deployment as deployments
from tests.services.deployment import Deployment
from tests.services.mariadb import Mariadb
from tests.services.postgres import Postgres
from tests.services.redis import Redis
from tests.services.sockets import Sockets

pytestmark = pytest.mark.promise("P5")

WRITERS = 10


@pytest.fixture(params=["own_postgres", "own_mariadb"])
def server(request: pytest.FixtureRequest) -> Postgres | Mariadb:
    """A database server that may be stopped."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def fragile(tmp_path: Path, server: Postgres | Mariadb, own_redis: Redis) -> Iterator[Deployment]:
    with deployments.cluster(tmp_path, server, own_redis) as deployment:
        yield deployment


def test_nothing_is_acknowledged_that_is_not_stored_and_retries_land_once(
    fragile: Deployment, server: Postgres | Mariadb, crowd: Crowd, sockets: Sockets, figure, soak: bool
):
    people = crowd.join(fragile.urls, WRITERS)
    room = people[0].api.group(*(person.api for person in people[1:]))
    crowd.open(room)
    socket = sockets.connect(fragile.urls[0], people[0].api.token)
    sent: list[Future[Any]] = []

    def everybody_says_something(seconds: float) -> None:
        for number in throughout(seconds, every=0.2):
            sent.extend(person.say(room, f"{person.number}: {len(sent)}, {number}") for person in people)

    everybody_says_something(1)
    server.stop()
    acknowledged_before = [message.result() for message in sent if message.done()]
    everybody_says_something(10 if soak else 4)
    message = {"conversation_id": room, "client_msg_id": "asked-meanwhile", "content": "Is anybody there?"}
    refusal = socket.refused("send_message", message)
    answer = people[0].api.post(f"/conversations/{room}/messages", {"content": "By REST"})
    done_meanwhile = sum(message.done() for message in sent) - len(acknowledged_before)
    server.start()
    watch = Stopwatch()
    stored = [message.result(60) for message in sent]
    landed = watch.seconds
    truth = Truth(fragile)
    everybody_holds_the_truth(crowd, room, truth, timeout=20)

    assert refusal["code"] == "unavailable"
    assert refusal["retry_after"] > 0
    answer.error(503, "unavailable")
    assert int(answer.headers["Retry-After"]) >= 1
    rows = truth.messages(room)
    assert [row["seq"] for row in rows] == list(range(1, len(sent) + 1))
    assert {row["id"] for row in rows} == {message["id"] for message in stored}
    assert {message["id"] for message in acknowledged_before} <= {row["id"] for row in rows}
    assert done_meanwhile <= WRITERS, "acknowledgements that were on their way when it stopped"
    figure(f"{len(sent)} messages of {WRITERS} clients, all stored once, the last {landed:.1f} s after its return")
