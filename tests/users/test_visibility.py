"""The team sees everybody; customers see whom they deal with."""

import pytest

from tests.services.api import Account
from tests.services.database import Database
from tests.services.people import People
from tests.services.roles import give_role


@pytest.fixture
def buyer(people: People, database: Database) -> Account:
    return give_role(database, people.one(), "buyer")


def test_a_buyer_finds_merchants_and_agents_but_no_other_customers(people: People, database: Database, buyer: Account):
    merchant, agent, other, member = (
        give_role(database, people.one(), role) for role in ("merchant", "agent", "buyer", "member")
    )
    for person in (merchant, agent, buyer):
        assert buyer.get(f"/users/{person.id}").must()["id"] == person.id
        assert [user["id"] for user in buyer.get("/users", q=person.username).must()["items"]] == [person.id]
    for person in (other, member):
        buyer.get(f"/users/{person.id}").error(404, "not_found")
        assert buyer.get("/users", q=person.username).must()["items"] == []
        assert buyer.get("/users", ids=person.id).must()["items"] == []
        body = {"kind": "private", "member_ids": [person.id]}
        buyer.post("/conversations", body).error(422, "validation_failed")
    assert buyer.private(merchant)


def test_whom_one_talks_with_one_sees(people: People, buyer: Account):
    member = people.one()
    buyer.get(f"/users/{member.id}").error(404, "not_found")
    member.private(buyer)
    assert buyer.get(f"/users/{member.id}").must()["username"] == member.username


def test_public_rooms_and_groups_are_for_the_team(people: People, database: Database, buyer: Account):
    member = people.one()
    room = member.room(title="For the team")
    buyer.get("/rooms").error(403, "forbidden")
    buyer.post(f"/rooms/{room}/join").error(403, "forbidden")
    buyer.post("/conversations", {"kind": "room", "title": "Mine"}).error(403, "forbidden")
    buyer.post("/conversations", {"kind": "group", "title": "Mine"}).error(403, "forbidden")
    merchant = give_role(database, people.one(), "merchant")
    assert merchant.group(title="Orders")
    merchant.get("/rooms").error(403, "forbidden")
    # Who is invited comes in all the same.
    member.post(f"/conversations/{room}/members", {"user_ids": [buyer.id]}).must(201)
    assert buyer.conversation(room)["my_role"] == "member"


def test_a_customer_cannot_invite_somebody_unseen(people: People, database: Database):
    merchant = give_role(database, people.one(), "merchant")
    stranger = people.one()
    group = merchant.group(title="Orders")
    answer = merchant.post(f"/conversations/{group}/members", {"user_ids": [stranger.id]})
    answer.error(422, "validation_failed")
