"""History by cursor in both directions and around one message."""

import pytest

from tests.services.api import Account, Api


@pytest.fixture(scope="module", params=["embedded", "cluster", "mariadb_cluster"])
def talk(request: pytest.FixtureRequest) -> tuple[Account, str]:
    """Somebody, and a conversation with the messages 1 … 25 that only this module reads."""
    deployment = request.getfixturevalue(request.param)
    ada = Api(deployment.url).register()
    group = ada.group()
    for number in range(1, 26):
        ada.say(group, str(number))
    return ada.at(deployment.urls[-1]), group


def seqs(page: dict) -> list[int]:
    return [message["seq"] for message in page["items"]]


def test_without_a_position_it_is_the_latest_page(talk):
    ada, group = talk
    page = ada.history(group, limit=10)
    assert seqs(page) == list(range(16, 26))
    assert page["next_cursor"] is None
    assert page["prev_cursor"]


def test_the_whole_history_is_read_backwards(talk):
    ada, group = talk
    page = ada.history(group, limit=10)
    seen = [seqs(page)]
    while page["prev_cursor"]:
        page = ada.history(group, limit=10, cursor=page["prev_cursor"])
        seen.insert(0, seqs(page))
    assert seen == [list(range(1, 6)), list(range(6, 16)), list(range(16, 26))]


def test_the_whole_history_is_read_forwards(talk):
    ada, group = talk
    page = ada.history(group, limit=10, after_seq=0)
    assert page["prev_cursor"] is None
    seen = [seqs(page)]
    while page["next_cursor"]:
        page = ada.history(group, limit=10, cursor=page["next_cursor"])
        seen.append(seqs(page))
    assert seen == [list(range(1, 11)), list(range(11, 21)), list(range(21, 26))]


@pytest.mark.parametrize(
    ("query", "expected", "older", "newer"),
    [
        ({"before_seq": 4}, [1, 2, 3], False, True),
        ({"before_seq": 1}, [], False, False),
        ({"before_seq": 0}, [], False, False),
        ({"before_seq": 26, "limit": 2}, [24, 25], True, False),
        ({"before_seq": 2**53 - 1, "limit": 1}, [25], True, False),
        ({"after_seq": 23}, [24, 25], True, False),
        ({"after_seq": 25}, [], False, False),
        ({"after_seq": 999}, [], False, False),
        ({"after_seq": 0, "limit": 1}, [1], False, True),
        ({"around_seq": 10, "limit": 5}, [8, 9, 10, 11, 12], True, True),
        ({"around_seq": 10, "limit": 1}, [10], True, True),
        ({"around_seq": 1, "limit": 4}, [1, 2], False, True),
        ({"around_seq": 25, "limit": 4}, [23, 24, 25], True, False),
        ({"around_seq": 99, "limit": 4}, [24, 25], True, False),
        ({"limit": 100}, list(range(1, 26)), False, False),
    ],
)
def test_positions(talk, query, expected, older, newer):
    ada, group = talk
    page = ada.history(group, **query)
    assert seqs(page) == expected
    assert (bool(page["prev_cursor"]), bool(page["next_cursor"])) == (older, newer)


def test_cursors_go_on_in_both_directions_from_the_middle(talk):
    ada, group = talk
    page = ada.history(group, around_seq=12, limit=4)
    assert seqs(page) == [10, 11, 12, 13]
    assert seqs(ada.history(group, limit=4, cursor=page["next_cursor"])) == [14, 15, 16, 17]
    assert seqs(ada.history(group, limit=4, cursor=page["prev_cursor"])) == [6, 7, 8, 9]


@pytest.mark.parametrize(
    "query",
    [
        {"before_seq": 1, "after_seq": 1},
        {"around_seq": 1, "cursor": "WyJhZnRlciIsM10"},
        *({"before_seq": value} for value in ("-1", "x", "1.5", "", 2**53, "9" * 30)),
        *({"limit": value} for value in ("0", "101", "x")),
        *({"cursor": value} for value in ("x", "!", "WyJhZnRlciIsIjMiXQ", "WyJzaWRld2F5cyIsM10", "W10", "e30", "")),
        {"offset": 3},
    ],
)
def test_bad_positions_are_refused(talk, query):
    ada, group = talk
    answer = ada.get(f"/conversations/{group}/messages", **query)
    answer.error(422, "validation_failed")


def test_the_address_with_the_kind_shows_the_same(talk):
    ada, group = talk
    assert ada.get(f"/messages/group/{group}", limit=3).must() == ada.history(group, limit=3)
    ada.get(f"/messages/room/{group}").error(404, "not_found")
    ada.get(f"/messages/party/{group}").error(422, "validation_failed")


def test_an_empty_conversation_has_an_empty_history(talk):
    ada, _ = talk
    page = ada.history(ada.group())
    assert page == {"items": [], "next_cursor": None, "prev_cursor": None}
