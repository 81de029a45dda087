"""A trusted back end makes accounts for its own people."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.services.api import Account, Api
from tests.services.database import Database
from tests.services.people import People
from tests.services.roles import give_role


class Shop(Api):
    """A back end with an administrator's key."""

    def __init__(self, root: Account) -> None:
        super().__init__(root.url)
        body = {"name": "shop", "scopes": ["people:read", "people:write"]}
        self.key = root.post("/auth/api-keys", body).must(201)["key"]

    def ensure(self, *people: dict[str, object], url: str = "") -> list[dict[str, object]]:
        body = {"users": list(people)}
        answer = Api(url or self.url).post("/users/ensure", body, headers={"X-API-Key": self.key})
        return answer.must()["items"]


@pytest.fixture
def root(people: People, database: Database) -> Account:
    return give_role(database, people.one(), "admin")


@pytest.fixture
def shop(root: Account) -> Shop:
    return Shop(root)


def test_people_are_made_once_however_often_they_are_named(people: People, shop: Shop):
    wanted = [
        {"id": "buyer/17", "role": "buyer", "username": "小明", "avatar": "https://shop.example/17.png"},
        {"id": "shop 4", "role": "merchant", "description": "Books"},
        {"id": "9", "role": "agent"},
    ]
    first = shop.ensure(*wanted)
    assert [(user["external_id"], user["role"], user["created"]) for user in first] == [
        *(("buyer/17", "buyer", True), ("shop 4", "merchant", True), ("9", "agent", True))
    ]
    assert first[0]["display_name"] == "小明"
    assert first[0]["avatar_url"] == "https://shop.example/17.png"
    assert first[1]["description"] == "Books"
    assert all(user["display_name"] and user["username"] for user in first)
    again = shop.ensure(*reversed(wanted), url=people.deployment.urls[-1])
    assert again == [user | {"created": False} for user in reversed(first)]


def test_twenty_calls_at_once_make_one_account_each(people: People, shop: Shop):
    wanted = [{"id": f"p{number}", "role": "buyer", "username": "anna"} for number in range(5)]

    def call(number: int) -> list[dict[str, object]]:
        order = wanted if number % 2 else wanted[::-1]
        return shop.ensure(*order, url=people.deployment.urls[number % len(people.deployment.urls)])

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(call, range(20)))
    ids = {(user["external_id"], user["id"]) for answer in answers for user in answer}
    assert len(ids) == 5
    created = [user["external_id"] for answer in answers for user in answer if user["created"]]
    assert sorted(created) == [person["id"] for person in wanted]


def test_a_role_is_never_raised_and_the_profile_follows(shop: Shop, database: Database):
    (made,) = shop.ensure({"id": "1", "role": "buyer", "username": "Ann", "description": "first"})
    (again,) = shop.ensure({"id": "1", "role": "agent", "username": "Anna"})
    assert again == made | {"created": False, "display_name": "Anna"}
    assert database.one("SELECT role FROM users WHERE id = :id", id=made["id"]) == "buyer"


def test_two_back_ends_may_use_the_same_ids(people: People, database: Database, shop: Shop):
    other = Shop(give_role(database, people.one(), "admin"))
    (mine,) = shop.ensure({"id": "1", "role": "buyer"})
    (theirs,) = other.ensure({"id": "1", "role": "buyer"})
    assert mine["id"] != theirs["id"]


def test_a_taken_name_gives_way(people: People, shop: Shop):
    ada = people.one()
    (made,) = shop.ensure({"id": "1", "role": "buyer", "username": ada.username})
    assert made["display_name"] == ada.username
    assert made["username"] != ada.username


@pytest.mark.parametrize(
    "person",
    [
        {"id": "1", "role": "admin"},
        {"id": "1", "role": "owner"},
        {"id": "1"},
        {"role": "buyer"},
        {"id": "", "role": "buyer"},
        {"id": "x" * 256, "role": "buyer"},
        {"id": 7, "role": "buyer"},
        {"id": "a\x00b", "role": "buyer"},
        {"id": "1", "role": "buyer", "avatar": "javascript:alert(1)"},
        {"id": "1", "role": "buyer", "plan": "vip"},
        {"id": "1", "role": "buyer", "password": "a battery of horses"},
        {"id": "1", "role": "buyer", "username": "two\nlines"},
    ],
)
def test_a_bad_entry_is_refused_and_nobody_is_made(shop: Shop, database: Database, person: dict[str, object]):
    before = database.one("SELECT count(*) FROM users")
    body = {"users": [{"id": uuid.uuid4().hex, "role": "buyer"}, person]}
    shop.post("/users/ensure", body, headers={"X-API-Key": shop.key}).error(422, "validation_failed")
    assert database.one("SELECT count(*) FROM users") == before


def test_nobody_is_named_twice_and_no_more_than_two_hundred(shop: Shop):
    person = {"id": "1", "role": "buyer"}
    many = [{"id": str(number), "role": "buyer"} for number in range(201)]
    for users in ([], [person, person], many):
        body = {"users": users}
        shop.post("/users/ensure", body, headers={"X-API-Key": shop.key}).error(422, "validation_failed")


def test_a_key_without_the_scope_makes_nobody(root: Account):
    key = root.post("/auth/api-keys", {"name": "x", "scopes": ["people:read"]}).must(201)["key"]
    body = {"users": [{"id": "1", "role": "buyer"}]}
    error = Api(root.url).post("/users/ensure", body, headers={"X-API-Key": key}).error(403, "forbidden")
    assert "people:write" in error["detail"]
