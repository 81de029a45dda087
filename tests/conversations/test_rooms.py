"""Public rooms: the directory, joining and leaving."""

import uuid

from tests.services.people import People


def test_the_directory_shows_rooms_to_everybody_and_one_s_place_in_them(people: People):
    ada, grace = people.some(2)
    name = uuid.uuid4().hex
    room = ada.room(title=f"{name} Room")
    ada.group(title=f"{name} Group")
    (found,) = grace.get("/rooms", q=name.upper()).must()["items"]
    assert (found["id"], found["my_role"], found["member_count"]) == (room, None, 1)
    assert (found["unread"], found["last_message"], found["peer"]) == (0, None, None)
    (found,) = ada.get("/rooms", q=name).must()["items"]
    assert found["my_role"] == "owner"


def test_the_directory_comes_in_pages_by_title(people: People):
    ada, grace = people.some(2)
    name = uuid.uuid4().hex
    titles = [f"{name} {letter}" for letter in "edcba"]
    for title in titles:
        ada.room(title=title)
    seen, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        page = grace.get("/rooms", q=name, limit=2, cursor=cursor).must()
        seen += [item["title"] for item in page["items"]]
        cursor, pages = page["next_cursor"], pages + 1
    assert (seen, pages) == (sorted(titles), 3)


def test_search_takes_wildcards_literally(people: People):
    ada = people.one()
    name = uuid.uuid4().hex
    ada.room(title=f"{name} 100% _sure_")
    assert len(ada.get("/rooms", q=f"{name} 100%").must()["items"]) == 1
    assert ada.get("/rooms", q=f"{name}%sure").must()["items"] == []
    assert ada.get("/rooms", q=f"{name} 100_").must()["items"] == []


def test_joining_opens_the_room_and_its_history(people: People):
    ada, grace = people.some(2)
    room = ada.room()
    ada.say(room, "hello, world")
    chat = people.chat(grace)
    joined = grace.post(f"/rooms/{room}/join").must()
    assert (joined["my_role"], joined["member_count"], joined["unread"]) == ("member", 2, 0)
    assert chat.wait_for("conversation_changed")["id"] == room
    assert [m["content"] for m in grace.history(room)["items"]] == ["hello, world"]
    ada.say(room, "hello, Grace")
    assert chat.wait_for("message")["content"] == "hello, Grace"


def test_joining_twice_changes_nothing(people: People):
    ada, grace = people.some(2)
    room = ada.room()
    first = grace.post(f"/rooms/{room}/join").must()
    assert grace.post(f"/rooms/{room}/join").must() == first
    assert ada.post(f"/rooms/{room}/join").must()["my_role"] == "owner"


def test_only_a_room_can_be_joined(people: People):
    ada, grace = people.some(2)
    for closed in (ada.group(), str(uuid.uuid4())):
        grace.post(f"/rooms/{closed}/join").error(404, "not_found")
    grace.post("/rooms/nothing/join").error(422, "validation_failed")


def test_who_left_a_room_may_walk_in_again(people: People):
    ada, grace = people.some(2)
    room = ada.room(grace)
    grace.post(f"/rooms/{room}/leave").must(204)
    grace.get(f"/conversations/{room}").error(404, "not_found")
    grace.post(f"/rooms/{room}/leave").error(404, "not_found")
    assert grace.post(f"/rooms/{room}/join").must()["my_role"] == "member"


def test_who_was_removed_from_a_room_needs_an_invitation(people: People):
    ada, grace = people.some(2)
    room = ada.room(grace)
    ada.delete(f"/conversations/{room}/members/{grace.id}").must(204)
    grace.post(f"/rooms/{room}/join").error(403, "forbidden")
    ada.post(f"/conversations/{room}/members", {"user_ids": [grace.id]}).must(201)
    assert grace.conversation(room)["my_role"] == "member"
    grace.post(f"/rooms/{room}/leave").must(204)
    assert grace.post(f"/rooms/{room}/join").must()["my_role"] == "member"


def test_who_enters_an_empty_room_owns_it(people: People):
    ada, grace = people.some(2)
    room = ada.room()
    ada.post(f"/rooms/{room}/leave").must(204)
    assert grace.post(f"/rooms/{room}/join").must()["my_role"] == "owner"


def test_a_deleted_room_is_gone_from_the_directory(people: People):
    ada, grace = people.some(2)
    name = uuid.uuid4().hex
    room = ada.room(title=name)
    ada.delete(f"/conversations/{room}").must(204)
    assert grace.get("/rooms", q=name).must()["items"] == []
    grace.post(f"/rooms/{room}/join").error(404, "not_found")
