"""One's own profile: what may be changed, and what is left as it is."""

from typing import Any

import pytest

from tests.services.api import Api
from tests.services.deployment import Deployment
from tests.services.people import People


def test_ones_own_devices_hear_that_the_account_was_changed(people: People):
    ada, grace = people.some(2)
    devices, stranger = people.everywhere(ada), people.chat(grace)
    for change in ({"display_name": "Countess"}, {"avatar_hue": 3}, {"email": f"new-{ada.username}@example.org"}):
        ada.patch("/auth/me", change).must()
        for device in devices:
            assert device.wait_for("user_changed", timeout=1) == {"id": ada.id}
            device.clear()
    people.fence(grace, stranger)
    assert stranger.received("user_changed") == []


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_what_is_left_out_stays_and_null_takes_away(people: People, method: str):
    ada = people.one()

    def change(**fields: Any) -> Any:
        return ada.request(method, "/auth/me", fields).must()

    me = change(description="  First line\nsecond line 😀 ", avatar_hue=0)
    assert (me["description"], me["avatar_hue"]) == ("First line\nsecond line 😀", 0)
    assert change() == me
    assert change(display_name="Countess", email=None) == me | {"display_name": "Countess"}
    assert change(avatar_hue=None)["avatar_hue"] is None
    assert change(avatar_hue=11)["description"] == me["description"]
    assert change(description=None)["description"] is None
    assert change(description=" \n ")["description"] is None
    assert ada.at(people.deployment.urls[-1]).get("/auth/me").must()["avatar_hue"] == 11


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("description", "x" * 501),
        ("description", "nul\x00"),
        ("description", "half \ud800 a pair"),
        ("description", 5),
        ("avatar_hue", 12),
        ("avatar_hue", -1),
        ("avatar_hue", "3"),
        ("avatar_hue", 1.5),
        ("avatar_hue", True),
        ("avatar_url", "https://example.org/me.png"),
    ],
)
def test_a_bad_field_is_named(embedded: Deployment, field: str, value: object):
    ada = Api(embedded.url).register()
    error = ada.patch("/auth/me", {field: value}).error(422, "validation_failed")
    assert [e["field"] for e in error["errors"]] == [field]
