"""Inviting, leaving, removing, roles and the passing on of ownership."""

import uuid

from tests.services.api import Account
from tests.services.people import People


def roles(person: Account, conversation: str) -> dict[str, str]:
    items = person.get(f"/conversations/{conversation}/members").must()["items"]
    return {item["user"]["id"]: item["role"] for item in items}


def test_members_are_listed_with_their_roles_and_watermarks(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    items = grace.get(f"/conversations/{group}/members").must()["items"]
    assert sorted(items[0]) == ["delivered_seq", "joined_at", "read_seq", "role", "user"]
    assert {item["user"]["id"]: item["role"] for item in items} == {ada.id: "owner", grace.id: "member"}


def test_members_come_in_pages(people: People):
    ada, *others = people.some(5)
    group = ada.group(*others)
    seen, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        page = ada.get(f"/conversations/{group}/members", limit=2, cursor=cursor).must()
        seen += [item["user"]["id"] for item in page["items"]]
        cursor, pages = page["next_cursor"], pages + 1
    assert (seen, pages) == (sorted(person.id for person in (ada, *others)), 3)


def test_who_is_invited_reads_the_history_but_has_nothing_unread(people: People):
    ada, grace = people.some(2)
    group = ada.group()
    ada.say(group, "before you came")
    (added,) = ada.post(f"/conversations/{group}/members", {"user_ids": [grace.id]}).must(201)["items"]
    assert (added["user"]["id"], added["role"], added["read_seq"]) == (grace.id, "member", 1)
    assert [m["content"] for m in grace.history(group)["items"]] == ["before you came"]
    assert grace.conversation(group)["unread"] == 0


def test_inviting_a_member_again_changes_nothing(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    ada.patch(f"/conversations/{group}/members/{grace.id}", {"role": "moderator"}).must()
    body = {"user_ids": [grace.id, grace.id, ada.id], "role": "read_only"}
    ada.post(f"/conversations/{group}/members", body).must(201)
    assert roles(ada, group) == {ada.id: "owner", grace.id: "moderator"}
    assert ada.conversation(group)["member_count"] == 2


def test_nobody_and_too_many_cannot_be_invited(people: People):
    ada = people.one()
    group = ada.group()
    path = f"/conversations/{group}/members"
    for user_ids in ([], [str(uuid.uuid4())], ["nobody"], [str(uuid.uuid4())] * 101, "all"):
        ada.post(path, {"user_ids": user_ids}).error(422, "validation_failed")


def test_a_member_who_was_invited_hears_the_next_message(people: People):
    ada, grace = people.some(2)
    chat = people.chat(grace)
    group = ada.group()
    ada.post(f"/conversations/{group}/members", {"user_ids": [grace.id]}).must(201)
    ada.say(group, "welcome")
    assert chat.wait_for("message")["content"] == "welcome"


def test_a_conversation_keeps_an_owner(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    ada.patch(f"/conversations/{group}/members/{ada.id}", {"role": "member"}).error(409, "conflict")
    ada.patch(f"/conversations/{group}/members/{grace.id}", {"role": "owner"}).must()
    assert ada.patch(f"/conversations/{group}/members/{ada.id}", {"role": "member"}).must()["role"] == "member"
    assert roles(ada, group) == {ada.id: "member", grace.id: "owner"}


def test_when_the_owner_leaves_a_moderator_takes_over(people: People):
    ada, grace, linus = people.some(3)
    group = ada.group(grace, linus)
    ada.patch(f"/conversations/{group}/members/{linus.id}", {"role": "moderator"}).must()
    chat = people.chat(linus)
    ada.delete(f"/conversations/{group}/members/{ada.id}").must(204)
    assert roles(linus, group) == {grace.id: "member", linus.id: "owner"}
    assert chat.wait_for("conversation_changed", lambda c: c["my_role"] == "owner")["member_count"] == 2


def test_without_a_moderator_the_longest_member_takes_over(people: People):
    ada, grace, linus = people.some(3)
    group = ada.group(grace)
    ada.post(f"/conversations/{group}/members", {"user_ids": [linus.id]}).must(201)
    ada.delete(f"/conversations/{group}/members/{ada.id}").must(204)
    assert roles(grace, group) == {grace.id: "owner", linus.id: "member"}


def test_who_left_sees_nothing_and_may_be_invited_back(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    grace.delete(f"/conversations/{group}/members/{grace.id}").must(204)
    grace.get(f"/conversations/{group}").error(404, "not_found")
    grace.get(f"/conversations/{group}/messages").error(404, "not_found")
    assert ada.conversation(group)["member_count"] == 1
    ada.post(f"/conversations/{group}/members", {"user_ids": [grace.id]}).must(201)
    assert grace.conversation(group)["my_role"] == "member"


def test_a_member_cannot_bring_back_whom_a_moderator_removed(people: People):
    ada, grace, linus = people.some(3)
    group = ada.group(grace, linus)
    ada.delete(f"/conversations/{group}/members/{linus.id}").must(204)
    grace.post(f"/conversations/{group}/members", {"user_ids": [linus.id]}).error(403, "forbidden")
    ada.post(f"/conversations/{group}/members", {"user_ids": [linus.id]}).must(201)
    assert linus.conversation(group)["member_count"] == 3


def test_a_former_moderator_comes_back_as_a_member(people: People):
    ada, grace = people.some(2)
    room = ada.room(grace)
    ada.patch(f"/conversations/{room}/members/{grace.id}", {"role": "moderator"}).must()
    grace.post(f"/rooms/{room}/leave").must(204)
    assert grace.post(f"/rooms/{room}/join").must()["my_role"] == "member"


def test_roles_that_do_not_exist_are_refused(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    for role in ("admin", "", None, 5):
        ada.patch(f"/conversations/{group}/members/{grace.id}", {"role": role}).error(422, "validation_failed")
    ada.patch(f"/conversations/{group}/members/{uuid.uuid4()}", {"role": "member"}).error(404, "not_found")
    ada.patch(f"/conversations/{group}/members/nobody", {"role": "member"}).error(422, "validation_failed")
