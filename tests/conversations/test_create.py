"""Beginning conversations: private chats, groups and rooms."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.services.api import Api
from tests.services.people import People

FIELDS = {
    *("id", "kind", "title", "last_seq", "last_change", "my_role", "delivered_seq", "read_seq", "unread"),
    *("member_count", "peer", "last_message", "archived_at", "created_at", "updated_at"),
}


def test_a_group_belongs_to_who_begins_it(people: People):
    ada, grace, linus = people.some(3)
    body = {"kind": "group", "title": "  Launch  ", "member_ids": [grace.id, linus.id, grace.id, ada.id]}
    group = ada.post("/conversations", body).must(201)
    assert set(group) == FIELDS
    assert (group["kind"], group["title"], group["member_count"], group["my_role"]) == ("group", "Launch", 3, "owner")
    assert (group["last_seq"], group["last_change"], group["unread"]) == (0, 0, 0)
    assert (group["peer"], group["last_message"], group["archived_at"]) == (None, None, None)
    assert grace.conversation(group["id"]) == group | {"my_role": "member"}


def test_a_group_is_the_kind_when_none_is_named(people: People):
    ada = people.one()
    assert ada.post("/conversations", {"title": "Notes"}).must(201)["kind"] == "group"


def test_each_sees_the_other_in_a_private_chat(people: People):
    ada, grace = people.some(2)
    private = ada.private(grace)
    seen = ada.conversation(private)
    assert (seen["kind"], seen["title"], seen["member_count"], seen["my_role"]) == ("private", None, 2, "member")
    assert seen["peer"] == ada.get(f"/users/{grace.id}").must()
    assert grace.conversation(private)["peer"]["id"] == ada.id


def test_a_second_private_chat_of_a_pair_is_the_first(people: People):
    ada, grace = people.some(2)
    first = ada.post("/conversations", {"kind": "private", "member_ids": [grace.id]}).must(201)
    for person, other in ((ada, grace), (grace, ada)):
        again = person.post("/conversations", {"kind": "private", "member_ids": [other.id]}).must(200)
        assert again["id"] == first["id"]
    again = ada.post("/conversations", {"kind": "private", "member_ids": [ada.id, grace.id]})
    assert again.status in (200, 422)


def test_a_pair_that_begins_at_once_gets_one_chat(people: People):
    ada, grace = people.some(2)
    with ThreadPoolExecutor(8) as pool:
        begun = list(pool.map(lambda n: (ada, grace)[n % 2].private((grace, ada)[n % 2]), range(8)))
    assert len(set(begun)) == 1
    assert ada.conversation(begun[0])["member_count"] == 2


def test_a_private_chat_with_oneself_is_refused(people: People):
    ada = people.one()
    ada.post("/conversations", {"kind": "private", "member_ids": [ada.id]}).error(422, "validation_failed")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "group"}, "title"),
        ({"kind": "room", "title": ""}, "title"),
        ({"kind": "group", "title": "   "}, "title"),
        ({"kind": "group", "title": "x" * 121}, "title"),
        ({"kind": "group", "title": "two\nlines"}, "title"),
        ({"kind": "group", "title": "nul\x00"}, "title"),
        ({"kind": "group", "title": "half \ud800"}, "title"),
        ({"kind": "group", "title": 5}, "title"),
        ({"kind": "party", "title": "x"}, "kind"),
        ({"kind": "group", "title": "x", "member_ids": ["nobody"]}, "member_ids.0"),
        ({"kind": "group", "title": "x", "member_ids": [str(uuid.uuid4())]}, "member_ids"),
        ({"kind": "group", "title": "x", "member_ids": "all"}, "member_ids"),
        ({"kind": "private", "member_ids": []}, "member_ids"),
        ({"kind": "private", "member_ids": [str(uuid.uuid4())]}, "member_ids"),
        ({"kind": "private", "member_ids": [str(uuid.uuid4()), str(uuid.uuid4())]}, "member_ids"),
        ({"kind": "group", "title": "x", "owner_id": str(uuid.uuid4())}, "owner_id"),
        ({"kind": "group", "title": "x", "my_role": "owner"}, "my_role"),
        ({"kind": "group", "title": "x", "last_seq": 9}, "last_seq"),
    ],
)
def test_a_bad_field_is_named(embedded, body, field):
    error = Api(embedded.url).register().post("/conversations", body).error(422, "validation_failed")
    assert field in {e["field"] for e in error["errors"]}


def test_members_are_told_of_a_new_group_wherever_they_are(people: People):
    ada, grace, linus = people.some(3)
    chats = [people.chat(person) for person in (ada, grace, linus)]
    group = ada.group(grace, linus, title="Launch")
    for person, chat in zip((ada, grace, linus), chats, strict=True):
        told = chat.wait_for("conversation_changed", lambda c: c["id"] == group)
        assert told == person.conversation(group)


def test_the_other_is_told_of_a_private_chat(people: People):
    ada, grace = people.some(2)
    chat = people.chat(grace)
    private = ada.private(grace)
    told = chat.wait_for("conversation_changed", lambda c: c["id"] == private)
    assert told["peer"]["id"] == ada.id
