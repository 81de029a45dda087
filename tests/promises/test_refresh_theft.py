"""P22: an old refresh token used again, and one token used twenty times at once."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.services.api import Account, Answer
from tests.services.people import People
from tests.services.sockets import Socket

pytestmark = pytest.mark.promise("P22")

AT_ONCE = 20


def refresh(device: Account, url: str = "", key: str | None = None) -> Answer:
    headers = {"Idempotency-Key": key} if key else {}
    body = {"refresh_token": device.refresh_token}
    return device.at(url or device.url).post("/auth/token/refresh", body, headers=headers)


def sockets_everywhere(people: People, device: Account) -> list[Socket]:
    """Two in each namespace at every process."""
    return [
        opened
        for url in people.deployment.urls * 2
        for opened in (people.chat(device, url), people.presence(device, url))
    ]


def all_closed(sockets: list[Socket], since: float) -> float:
    """Seconds after `since` until the last of the sockets heard why it ends."""
    for socket in sockets:
        assert socket.wait_for("session_ended", timeout=1) == {"code": "token_revoked"}
        socket.wait_for("disconnect", timeout=1)
    return max(
        socket.heard_at[[event.name for event in socket.events].index("session_ended")] - since for socket in sockets
    )


def is_dead(people: People, device: Account) -> bool:
    """Neither of its tokens opens anything at any process."""
    for url in people.deployment.urls:
        device.at(url).get("/auth/me").error(401, "token_revoked")
        refresh(device, url).error(401, "token_revoked")
    return True


def all_at_once(people: People, device: Account, key: str | None = None) -> list[Answer]:
    urls = people.deployment.urls * AT_ONCE
    with ThreadPoolExecutor(AT_ONCE) as threads:
        return list(threads.map(lambda url: refresh(device, url, key), urls[:AT_ONCE]))


def kind(people: People) -> str:
    processes = len(people.deployment.urls)
    return f"{people.deployment.kind}, {processes} process{'es' if processes > 1 else ''}"


@pytest.mark.parametrize("generations", [1, 3])
def test_an_old_refresh_token_ends_the_whole_family(people: People, generations: int, figure):
    ada, grace = people.some(2)
    group = ada.group(grace)
    family = [ada]
    for url in people.deployment.urls[-1:] * generations:
        family.append(Account.of(ada.url, refresh(family[-1], url).must()))
    open_sockets = sockets_everywhere(people, family[-1])
    another_session = people.chat(ada.second_device())

    refresh(ada, people.deployment.urls[-1]).error(401, "token_revoked")  # it was used before: somebody has a copy
    told = all_closed(open_sockets, since=time.monotonic())

    assert all(is_dead(people, device) for device in family)
    grace.say(group, "This is not for a thief")
    assert another_session.wait_for("message")["content"] == "This is not for a thief"
    assert not any(socket.received("message") for socket in open_sockets)
    figure(f"{kind(people)}: {len(open_sockets)} sockets of the session closed within {max(told, 0) * 1000:.0f} ms")


def test_of_twenty_refreshes_at_once_exactly_one_wins(people: People, figure):
    ada = people.one()
    open_sockets = sockets_everywhere(people, ada)
    answers = all_at_once(people, ada)
    all_closed(open_sockets, since=time.monotonic())
    winners = [Account.of(ada.url, answer.json) for answer in answers if answer.status == 200]
    assert len(winners) == 1
    for answer in answers:
        if answer.status != 200:
            answer.error(401, "token_revoked")
    # The losers cannot be told from a thief: the winner's pair ends with the family.
    assert is_dead(people, ada)
    assert is_dead(people, winners[0])
    figure(
        f"{kind(people)}: {AT_ONCE} at once, 1 winner; the others end the family, its {len(open_sockets)} sockets too"
    )


def test_of_twenty_with_the_same_secret_key_all_get_the_session(people: People, figure):
    ada = people.one()
    open_sockets = sockets_everywhere(people, ada)
    answers = all_at_once(people, ada, key="a secret of this device")
    pairs: list[Any] = [answer.must() for answer in answers]
    devices = [Account.of(url, pair) for pair in pairs for url in people.deployment.urls]
    assert {device.get("/auth/me").must()["id"] for device in devices} == {ada.id}
    assert all(socket.do("authenticate", {"token": pairs[-1]["access_token"]}) for socket in open_sockets)
    assert not any(socket.received("session_ended") for socket in open_sockets)
    assert len({pair["refresh_token"] for pair in pairs}) == AT_ONCE
    # Whoever asks once more, as after a lost answer, holds the pair that counts.
    last = Account.of(ada.url, refresh(ada, people.deployment.urls[-1], "a secret of this device").must())
    assert refresh(last).must()["user"]["id"] == ada.id
    figure(f"{kind(people)}: {AT_ONCE} at once with one key, {AT_ONCE} pairs of one session, which stays alive")
