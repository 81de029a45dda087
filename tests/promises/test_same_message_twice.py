"""P2: the same `client_msg_id` many times at once, and again a day later."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.promises.truth import Truth
from tests.services.api import Account, Answer, Api
from tests.services.deployment import Deployment
from tests.services.sockets import Sockets

pytestmark = pytest.mark.promise("P2")

AT_ONCE = 50


def test_it_is_stored_once_and_always_answered_alike(
    any_cluster: Deployment, any_truth: Truth, sockets: Sockets, figure
):
    ada = Api(any_cluster.urls[0]).register()
    room = ada.group(title="Once")
    devices = [sockets.connect(url, ada.token) for url in any_cluster.urls]
    payload = {"conversation_id": room, "client_msg_id": uuid.uuid4().hex, "content": "Once and for all"}

    def all_at_once(**fields: Any) -> list[Any]:
        begun = [devices[n % 2].begin("send_message", payload | fields) for n in range(AT_ONCE)]
        return [ack.result(30) for ack in begun]

    acks = all_at_once()
    assert all(ack["ok"] for ack in acks), acks
    message = acks[0]["message"]
    assert [ack["message"] for ack in acks] == [message] * AT_ONCE

    any_truth.database.change(
        "UPDATE messages SET created_at = created_at - interval '1' day WHERE id = :id", id=message["id"]
    )
    yesterday = ada.get(f"/messages/{message['id']}").must()
    assert yesterday["created_at"] < message["created_at"]
    assert [ack["message"] for ack in all_at_once()] == [yesterday] * AT_ONCE
    assert {ack["error"]["code"] for ack in all_at_once(content="Something else")} == {"conflict"}
    assert {ack["error"]["code"] for ack in all_at_once(reply_to_id=message["id"])} == {"conflict"}
    assert len(any_truth.messages(room)) == 1
    figure(f"{AT_ONCE} at once on 2 processes: 1 row, the same answer, also a day later; another body: conflict")


def test_it_is_stored_once_over_rest_too(any_cluster: Deployment, any_truth: Truth, figure):
    ada = Api(any_cluster.urls[0]).register()
    room = ada.group(title="Once")
    devices = [ada.at(url) for url in any_cluster.urls]
    body = {"client_msg_id": uuid.uuid4().hex, "content": "Once and for all"}

    def post(device: Account) -> Answer:
        return device.post(f"/conversations/{room}/messages", body)

    with ThreadPoolExecutor(AT_ONCE) as threads:
        answers = list(threads.map(post, devices * (AT_ONCE // 2)))
    assert sorted(answer.status for answer in answers) == [200] * (AT_ONCE - 1) + [201]
    assert [answer.json for answer in answers] == [answers[0].json] * AT_ONCE
    post(devices[1]).must(200)
    devices[0].post(f"/conversations/{room}/messages", body | {"content": "Else"}).error(409, "conflict")
    assert len(any_truth.messages(room)) == 1
    figure(f"{AT_ONCE} requests at once on 2 processes: 1 row, one 201, the others 200 with the same message")
