"""Getting files: who may, in parts, once only, and so that no browser runs them."""

from collections.abc import Iterator

import pytest

from tests.services import deployment as deployments
from tests.services.api import Api
from tests.services.deployment import Deployment
from tests.services.nginx import Nginx
from tests.services.people import People
from tests.uploads.files import PDF, TEXT, fetch, photo, send_file, uploaded

OF_EACH_SERVER = {"Server", "Date", "Connection", "ETag", "X-Request-ID"}
"""Headers that two servers give differently."""


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


@pytest.fixture(scope="module")
def behind_nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Deployment, Nginx]]:
    settings = {"MEDIA_ACCEL": "/protected-media"}
    with deployments.embedded(tmp_path_factory.mktemp("accel"), settings) as deployment:
        nginx = Nginx(tmp_path_factory.mktemp("nginx"), deployment.url, deployment.data_dir / "media")
        try:
            nginx.start()
            yield deployment, nginx
        finally:
            nginx.close()


def test_nginx_sends_the_body_to_those_who_may_have_it(behind_nginx: tuple[Deployment, Nginx]):
    deployment, nginx = behind_nginx
    ada, eve = (Api(nginx.url).register() for _ in range(2))
    upload = uploaded(ada, photo(), "beach.jpg")
    status, body, headers = fetch(ada.at(deployment.url), upload["url"])
    assert (status, body) == (200, b"")
    inside = headers["X-Accel-Redirect"]
    status, body, headers = fetch(ada, upload["url"])
    assert (status, len(body)) == (200, upload["size"])
    assert "X-Accel-Redirect" not in headers
    assert fetch(ada, upload["url"], Range="bytes=100-199")[:2] == (206, body[100:200])
    assert fetch(ada, upload["url"], **{"If-None-Match": headers["ETag"]})[:2] == (304, b"")
    assert fetch(eve, upload["url"])[0] == 404
    assert fetch(ada, inside)[0] == 404


@pytest.mark.parametrize(
    ("data", "name"), [(photo(), "beach.jpg"), (TEXT, "notes.txt"), (b"<script>1</script>", "x.html")]
)
def test_nginx_says_of_a_file_what_we_say(
    embedded: Deployment, behind_nginx: tuple[Deployment, Nginx], data: bytes, name: str
):
    """Of what the upstream says it keeps little; the rest stands in our fragment of its settings."""
    _, nginx = behind_nginx
    people = (Api(url).register() for url in (embedded.url, nginx.url))
    ours, theirs = (dict(fetch(person, uploaded(person, data, name)["url"])[2]) for person in people)
    for header in {"Content-Type", "Content-Security-Policy", *ours} - OF_EACH_SERVER:
        assert theirs.get(header) == ours[header], header


def test_an_api_key_gets_files_with_the_scope_for_messages(embedded: Deployment):
    ada = Api(embedded.url).register()
    upload = uploaded(ada)
    for scope, status in (("messages:read", 200), ("conversations:read", 403)):
        key = ada.post("/auth/api-keys", {"name": "k", "scopes": [scope]}).must(201)["key"]
        answer = Api(ada.url).request("GET", f"/{upload['url']}", headers={"X-API-Key": key})
        assert answer.status == status
    assert send_file(ada, TEXT).status == 201
