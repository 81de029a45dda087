"""Getting files: who may, in parts, once only, and so that no browser runs them."""

import pytest

from tests.services import deployment as deployments
from tests.services.api import Api
from tests.services.deployment import Deployment
from tests.services.people import People
from tests.uploads.files import PDF, TEXT, fetch, photo, send_file, uploaded


def test_members_get_what_is_attached_and_nobody_else(people: People):
    ada, grace, eve = people.some(3)
    group = ada.group(grace)
    upload = uploaded(ada, photo(), "beach.jpg")
    addresses = [upload["url"], *(thumbnail["url"] for thumbnail in upload["thumbnails"])]
    for address in addresses:
        assert fetch(grace, address)[0] == 404
    ada.say(group, "", attachment_ids=[upload["id"]])
    for address in addresses:
        assert fetch(grace, address)[0] == 200
        assert fetch(eve, address)[0] == 404
        Api(grace.url).get(f"/{address}").error(401, "unauthorized")
    ada.delete(f"/conversations/{group}/members/{grace.id}").must(204)
    for address in addresses:
        assert fetch(grace, address)[0] == 404
        assert fetch(ada, address)[0] == 200


def test_parts_of_a_file_can_be_had(people: People):
    ada = people.one()
    data = bytes(range(256)) * 4000
    address = uploaded(ada, data, "data.bin")["url"]
    size = len(data)
    for asked, first, last in (("0-99", 0, 99), ("1000000-", 1_000_000, size - 1), ("-10", size - 10, size - 1)):
        status, part, headers = fetch(ada, address, Range=f"bytes={asked}")
        assert (status, headers["Content-Range"]) == (206, f"bytes {first}-{last}/{size}")
        assert part == data[first : last + 1]
    status, body, _ = fetch(ada, address, Range=f"bytes={size}-")
    assert (status, b"range_not_satisfiable" in body) == (416, True)
    assert fetch(ada, address, Range="bytes=0-1,5-6")[:2] == (200, data)
    etag = fetch(ada, address)[2]["ETag"]
    assert fetch(ada, address, **{"Range": "bytes=0-1", "If-Range": etag})[0] == 206
    assert fetch(ada, address, **{"Range": "bytes=0-1", "If-Range": '"another"'})[:2] == (200, data)


def test_what_a_browser_has_it_keeps(people: People):
    ada = people.one()
    address = uploaded(ada, photo(), "beach.jpg")["url"]
    headers = fetch(ada, address)[2]
    assert headers["Cache-Control"] == "private, max-age=31536000, immutable"
    status, body, _ = fetch(ada, address, **{"If-None-Match": headers["ETag"]})
    assert (status, body) == (304, b"")


@pytest.mark.parametrize(
    ("data", "name", "media_type", "how"),
    [
        (photo(), "beach.jpg", "image/jpeg", "inline"),
        (PDF, "paper.pdf", "application/pdf", "attachment"),
        (TEXT, "notes.txt", "text/plain; charset=utf-8", "attachment"),
        (b"<!doctype html><script>alert(1)</script>", "page.html", "text/plain; charset=utf-8", "attachment"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "x.svg", "text/plain; charset=utf-8", "attachment"),
        (bytes(range(256)), "noise", "application/octet-stream", "attachment"),
    ],
)
def test_only_images_are_shown_and_nothing_is_run(
    embedded: Deployment, data: bytes, name: str, media_type: str, how: str
):
    ada = Api(embedded.url).register()
    headers = fetch(ada, uploaded(ada, data, name)["url"])[2]
    assert headers["Content-Type"] == media_type
    assert headers["Content-Disposition"] == f"{how}; filename*=UTF-8''{name}"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"


def test_nginx_may_send_the_body(tmp_path_factory: pytest.TempPathFactory):
    settings = {"MEDIA_ACCEL": "/protected-media"}
    with deployments.embedded(tmp_path_factory.mktemp("accel"), settings) as deployment:
        ada, eve = (Api(deployment.url).register() for _ in range(2))
        upload = uploaded(ada)
        status, body, headers = fetch(ada, upload["url"])
        assert (status, body) == (200, b"")
        path = headers["X-Accel-Redirect"].removeprefix("/protected-media/")
        assert (deployment.data_dir / "media/files" / path).read_bytes() == TEXT
        assert headers["Content-Disposition"].startswith("attachment")
        assert fetch(eve, upload["url"])[0] == 404


def test_an_api_key_gets_files_with_the_scope_for_messages(embedded: Deployment):
    ada = Api(embedded.url).register()
    upload = uploaded(ada)
    for scope, status in (("messages:read", 200), ("conversations:read", 403)):
        key = ada.post("/auth/api-keys", {"name": "k", "scopes": [scope]}).must(201)["key"]
        answer = Api(ada.url).request("GET", f"/{upload['url']}", headers={"X-API-Key": key})
        assert answer.status == status
    assert send_file(ada, TEXT).status == 201
