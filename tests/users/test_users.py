"""Finding people."""

import uuid

import pytest

from tests.services.people import People


def test_a_person_is_shown_without_what_is_private(people: People):
    ada, grace = people.some(2)
    shown = ada.get(f"/users/{grace.id}").must()
    assert sorted(shown) == [
        *("avatar_hue", "avatar_url", "created_at", "description", "display_name"),
        *("id", "last_seen_at", "role", "username"),
    ]


def test_nobody_is_not_found(people: People):
    ada = people.one()
    ada.get(f"/users/{uuid.uuid4()}").error(404, "not_found")
    ada.get("/users/nobody").error(422, "validation_failed")


def test_profiles_of_several_people_are_read_at_once(people: People):
    ada, grace, mei = people.some(3)
    found = ada.get("/users", ids=[mei.id, grace.id, str(uuid.uuid4())]).must()
    assert {user["id"]: user for user in found["items"]} == {
        person.id: ada.get(f"/users/{person.id}").must() for person in (grace, mei)
    }
    assert found["next_cursor"] is None
    ada.get("/users", ids=[grace.id] * 51).error(422, "validation_failed")


def test_people_are_found_by_part_of_either_name_whatever_the_case(people: People):
    word = uuid.uuid4().hex[:10]
    ada = people.one(username=f"x{word}", display_name="Somebody")
    mei = people.one(display_name=f"陈美 {word.upper()}")
    found = ada.get("/users", q=word.upper()).must()["items"]
    assert {user["id"] for user in found} == {ada.id, mei.id}
    assert mei.id in {user["id"] for user in ada.get("/users", q="陈美", limit=100).must()["items"]}


def test_people_come_in_pages(people: People):
    word = uuid.uuid4().hex[:10]
    names = [people.one(username=f"{word}{number}").username for number in range(5)]
    ada = people.one()
    seen, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        page = ada.get("/users", q=word, limit=2, cursor=cursor).must()
        seen += [user["username"] for user in page["items"]]
        cursor, pages = page["next_cursor"], pages + 1
    assert (seen, pages) == (names, 3)


@pytest.mark.parametrize("q", ["%", "_", "\\", "'", '"', "\x00", "😀", "x" * 64])
def test_a_strange_search_finds_nobody_and_breaks_nothing(people: People, q: str):
    answer = people.one().get("/users", q=f"{uuid.uuid4().hex[:8]}{q}"[:64])
    assert answer.status in (200, 422)
    assert answer.status == 422 or answer.json["items"] == []
