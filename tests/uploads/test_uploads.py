"""Files: sent, looked at, taken back; how many and how large."""

import random
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from tests.services import deployment as deployments
from tests.services.api import Api
from tests.services.database import Database
from tests.services.deployment import Deployment
from tests.services.people import People
from tests.uploads.files import PDF, TEXT, fetch, form, photo, send_file, settled, uploaded
from tests.users.pictures import encoded, measured

MIB = 2**20


def test_a_file_comes_back_as_it_was_sent(people: People):
    ada = people.one()
    upload = send_file(ada, TEXT, "shopping list.txt").must(201)
    assert upload["status"] == "ready"
    assert (upload["name"], upload["media_type"], upload["size"]) == ("shopping list.txt", "text/plain", len(TEXT))
    assert (upload["width"], upload["blurhash"], upload["thumbnails"], upload["message_id"]) == (None, None, [], None)
    assert upload["url"] == f"/api/v1/media/{upload['id']}/shopping%20list.txt"
    assert ada.get(f"/uploads/{upload['id']}").must() == upload
    assert fetch(ada, upload["url"])[:2] == (200, TEXT)
    assert send_file(ada, PDF, "paper.pdf", path="/upload").must(201)["media_type"] == "application/pdf"


def test_bytes_of_every_kind_come_back(people: People):
    """Line ends, hyphens and all: the parser of forms looks for those."""
    ada = people.one()
    data = random.Random(7).randbytes(2 * MIB) + b"\r\n--" * 50_000 + b"\n" * 100_000
    assert fetch(ada, send_file(ada, data, "noise.bin").must(201)["url"])[:2] == (200, data)


def test_an_image_is_ready_soon_with_thumbnails_and_its_owner_is_told(people: People):
    ada = people.one()
    screens = people.everywhere(ada)
    upload = send_file(ada, photo(), "beach.jpg").must(201)
    assert (upload["status"], upload["media_type"]) == ("processing", "image/jpeg")
    for screen in screens:
        told = screen.wait_for("upload_changed", lambda told: told["id"] == upload["id"])
        assert told["status"] == "ready"
    assert ada.get(f"/uploads/{upload['id']}").must() == told
    assert (told["width"], told["height"]) == (900, 600)
    assert len(told["blurhash"]) > 6
    sizes = {thumbnail["name"]: (thumbnail["width"], thumbnail["height"]) for thumbnail in told["thumbnails"]}
    assert sizes == {"small": (320, 213), "large": (900, 600)}
    for thumbnail in told["thumbnails"]:
        status, data, headers = fetch(ada, thumbnail["url"])
        assert (status, headers["Content-Type"], len(data)) == (200, "image/webp", thumbnail["size"])
    status, data, headers = fetch(ada, told["url"])
    assert (status, headers["Content-Type"], len(data)) == (200, "image/jpeg", told["size"])


def test_an_image_that_turns_out_to_be_broken_has_failed(people: People):
    ada = people.one()
    screen = people.chat(ada)
    upload = send_file(ada, photo()[:2000], "half.jpg").must(201)
    told = screen.wait_for("upload_changed", lambda told: told["id"] == upload["id"])
    assert told["status"] == "failed"
    assert "damaged" in told["error"]
    status, body, _ = fetch(ada, upload["url"])
    assert (status, b'"conflict"' in body) == (409, True)


def test_the_same_content_is_stored_once_whoever_sends_it(people: People):
    ada, grace = people.some(2)
    database = Database(people.deployment.database_url)
    data = TEXT + ada.id.encode()
    first, second = uploaded(ada, data, "a.txt"), uploaded(grace, data, "b.txt")
    assert first["id"] != second["id"]
    digests = [
        database.one("SELECT content_digest FROM uploads WHERE id = :id", id=each["id"]) for each in (first, second)
    ]
    assert digests[0] == digests[1]
    assert fetch(grace, second["url"])[1] == data
    ada.delete(f"/uploads/{first['id']}").must(204)
    assert fetch(grace, second["url"])[:2] == (200, data)


def test_an_upload_can_be_taken_back_by_its_owner_alone(people: People):
    ada, grace = people.some(2)
    upload = uploaded(ada)
    grace.get(f"/uploads/{upload['id']}").error(404, "not_found")
    grace.delete(f"/uploads/{upload['id']}").error(404, "not_found")
    assert fetch(grace, upload["url"])[0] == 404
    ada.delete(f"/uploads/{upload['id']}").must(204)
    ada.get(f"/uploads/{upload['id']}").error(404, "not_found")
    assert fetch(ada, upload["url"])[0] == 404


def test_what_is_no_form_with_a_file_is_refused(embedded: Deployment):
    ada = Api(embedded.url).register()
    ada.request("POST", "/uploads", data=TEXT, headers={"Content-Type": "text/plain"}).error(
        415, "unsupported_media_type"
    )
    for data, name, field in ((b"", "empty.txt", "file"), (TEXT, "a.txt", "other")):
        error = send_file(ada, data, name, field=field).error(422, "validation_failed")
        assert error["errors"][0]["field"] == "file"
    body, content_type = form(TEXT, "a.txt")
    twice = body.replace(b"--\r\n", b"\r\n") + body
    ada.request("POST", "/uploads", data=twice, headers={"Content-Type": content_type}).error(422, "validation_failed")
    cut = ada.request("POST", "/uploads", data=body[:-20], headers={"Content-Type": content_type})
    assert cut.status in (400, 422)
    Api(embedded.url).request("POST", "/uploads", data=body, headers={"Content-Type": content_type}).error(
        401, "unauthorized"
    )


def test_nothing_is_left_on_disk_of_what_was_refused(embedded: Deployment):
    ada = Api(embedded.url).register()
    send_file(ada, bytes(10 * MIB + 1), "large.bin").error(413, "payload_too_large")
    send_file(ada, b"", "empty").error(422, "validation_failed")
    uploaded(ada, photo(), "kept.jpg")
    assert list((embedded.data_dir / "media/incoming").iterdir()) == []


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """A server where a file has at most 100 kB, an agent's 300 kB, and an account 500 kB in all."""
    settings = {"MAX_FILE_SIZE": "100000", "MAX_FILE_SIZE_BY_ROLE": "agent=300000", "UPLOAD_QUOTA": "500000"}
    with deployments.embedded(tmp_path_factory.mktemp("narrow"), settings) as deployment:
        yield deployment


def test_ten_mebibytes_are_taken_and_a_byte_more_is_not(embedded: Deployment):
    ada = Api(embedded.url).register()
    largest = bytes(10 * MIB)
    assert send_file(ada, largest, "zeros.bin").must(201)["size"] == 10 * MIB
    assert "10 MiB" in send_file(ada, largest + b"\0", "more.bin").error(413, "payload_too_large")["detail"]


def test_how_large_a_file_may_be_depends_on_the_role(narrow: Deployment):
    ada = Api(narrow.url).register()
    send_file(ada, bytes(100_001), "a.bin").error(413, "payload_too_large")
    Database(narrow.database_url).change("UPDATE users SET role = 'agent' WHERE id = :id", id=ada.id)
    send_file(ada, bytes(300_000), "a.bin").must(201)
    send_file(ada, bytes(300_001), "a.bin").error(413, "payload_too_large")


def test_a_quota_holds_though_many_files_come_at_once(narrow: Deployment):
    """Six at the same time, of which five fit."""
    ada = Api(narrow.url).register()
    files = [bytes([number]) * 100_000 for number in range(6)]
    with ThreadPoolExecutor(6) as pool:
        statuses = [answer.status for answer in pool.map(lambda data: send_file(ada, data, "a.bin"), files)]
    assert sorted(statuses) == [201] * 5 + [429]
    error = send_file(ada, b"x", "more.bin").error(429, "quota_exceeded")
    assert "Delete" in error["detail"]
    used = Database(narrow.database_url).one("SELECT sum(size) FROM uploads WHERE owner_id = :id", id=ada.id)
    assert used == 500_000


def test_a_large_file_takes_no_memory_of_the_server(embedded: Deployment):
    ada = Api(embedded.url).register()
    send_file(ada, bytes(MIB), "first.bin").must(201)
    with measured(embedded.servers[0]) as memory:
        send_file(ada, b"\1" * 10 * MIB, "large.bin").must(201)
    assert memory.taken < 6 * MIB


def test_with_an_image_come_no_place_and_no_second_content(embedded: Deployment):
    ada = Api(embedded.url).register()
    exif = Image.Exif()
    exif[0x010E] = "a secret place"
    data = photo(exif=exif, comment=b"a secret comment") + b"<script>alert('a secret')</script>"
    upload = settled(ada, send_file(ada, data, "x.jpg").must(201)["id"])
    for address in (upload["url"], *(thumbnail["url"] for thumbnail in upload["thumbnails"])):
        shown = fetch(ada, address)[1]
        for word in (b"secret", b"script", b"Exif", b"EXIF"):
            assert word not in shown


def test_a_photo_of_a_telephone_is_there_within_seconds_and_nobody_waits(people: People):
    ada, grace = people.some(2)
    group = ada.group(grace)
    screen = people.chat(grace)
    noise = Image.merge("RGB", [Image.effect_noise((4000, 3000), 60) for _ in range(3)])
    data = encoded(noise, "JPEG", quality=90)
    assert 8 * MIB < len(data) <= 10 * MIB
    upload = send_file(ada, data, "photo.jpg").must(201)
    ada.say(group, "", attachment_ids=[upload["id"]])
    slowest = 0.0
    while ada.get(f"/uploads/{upload['id']}").must()["status"] == "processing":
        began = time.monotonic()
        grace.at(ada.url).get("/auth/me").must()
        slowest = max(slowest, time.monotonic() - began)
    ready = settled(ada, upload["id"])
    assert (ready["status"], ready["width"]) == ("ready", 4000)
    screen.wait_for("message_changed", lambda told: told["attachments"] == [ready])
    assert slowest < 1
