"""The list of one's conversations: order, filters, pages."""

import pytest

from tests.services.api import Account
from tests.services.people import People


def ids(person: Account, **query: object) -> list[str]:
    return [item["id"] for item in person.get("/conversations", **query).must()["items"]]


def test_the_latest_activity_comes_first(people: People):
    ada = people.one()
    first, second, third = (ada.group(title=title) for title in ("1", "2", "3"))
    assert ids(ada) == [third, second, first]
    ada.say(first, "I am awake")
    assert ids(ada) == [first, third, second]


def test_a_row_carries_the_last_message_and_what_is_unread(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    ada.say(group, "one")
    last = ada.say(group, "two")
    (row,) = grace.get("/conversations").must()["items"]
    assert row == grace.conversation(group)
    assert (row["last_message"], row["last_seq"], row["unread"]) == (last, 2, 2)


def test_the_list_is_narrowed_by_kind(people: People):
    ada, grace = people.some(2)
    private, group, room = ada.private(grace), ada.group(), ada.room()
    assert ids(ada, kind="private") == [private]
    assert ids(ada, kind="group") == [group]
    assert ids(ada, kind="room") == [room]
    ada.get("/conversations", kind="party").error(422, "validation_failed")


def test_the_list_is_searched_by_title_and_by_the_other_person(people: People):
    ada = people.one()
    grace = people.one(display_name="Grace Hopper")
    private, group = ada.private(grace), ada.group(title="Launch 发布 100%")
    assert ids(ada, q="hopp") == [private]
    assert ids(ada, q="LAUNCH") == [group]
    assert ids(ada, q="发布") == [group]
    assert ids(ada, q="100%") == [group]
    assert ids(ada, q="1_0%") == []


def test_the_unread_ones_can_be_asked_for(people: People):
    ada, grace = people.some(2)
    read, unread = ada.group(grace, title="read"), ada.group(grace, title="unread")
    grace.say(read, "I wrote this myself")
    ada.say(unread, "look")
    assert grace.get("/conversations", unread="true").must()["items"][0]["id"] == unread
    people.chat(grace).do("mark_read", {"conversation_id": unread, "seq": 1})
    assert unread not in ids(grace, unread="true")


def test_pages_show_every_conversation_once(people: People):
    ada = people.one()
    groups = [ada.group(title=str(number)) for number in range(7)]
    seen, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        page = ada.get("/conversations", limit=3, cursor=cursor).must()
        seen += [item["id"] for item in page["items"]]
        cursor, pages = page["next_cursor"], pages + 1
    assert (seen, pages) == (groups[::-1], 3)


@pytest.mark.parametrize(
    "query",
    [
        *({"limit": limit} for limit in (0, 101, -1, "many", "1e2")),
        *({"cursor": cursor} for cursor in ("!", "e30", "W10", "WzFd", "bnVsbA", "WyJhIiwiYiJd", "x" * 501)),
        {"archived": "perhaps"},
        {"unknown": "1"},
    ],
)
def test_bad_queries_are_refused(people: People, query: dict[str, object]):
    people.one().get("/conversations", **query).error(422, "validation_failed")
