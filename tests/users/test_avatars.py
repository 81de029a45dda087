"""Pictures of people: taken, made small and plain, shown to all."""

import urllib.request
import uuid
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from tests.services.api import Api
from tests.services.database import Database
from tests.services.deployment import Deployment
from tests.services.people import People
from tests.users.pictures import RED, encoded, plain, send

BLUE = (0, 0, 200)


def fetch(url: str, address: str) -> Image.Image:
    return Image.open(BytesIO(fetch_bytes(url, address)))


def fetch_bytes(url: str, address: str) -> bytes:
    with urllib.request.urlopen(url + address) as answer:
        data: bytes = answer.read()
    return data


def close_to(pixel: Any, colour: tuple[int, int, int]) -> bool:
    return all(abs(a - b) < 30 for a, b in zip(pixel[:3], colour, strict=True))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_picture_becomes_a_small_square_that_all_may_see(people: People, kind: str):
    ada, grace = people.some(2)
    me = send(ada, plain(kind), f"image/{kind.lower()}").must()
    assert me["id"] == ada.id
    assert me["avatar_url"].startswith("/api/v1/media/")
    assert grace.get(f"/users/{ada.id}").must()["avatar_url"] == me["avatar_url"]
    shown = fetch(people.deployment.urls[-1], me["avatar_url"])
    assert (shown.format, shown.size) == ("WEBP", (256, 256))
    assert close_to(shown.convert("RGB").getpixel((128, 128)), RED)


def test_it_may_come_as_a_form_and_its_content_tells_its_kind(people: People):
    ada = people.one()
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="../../me.svg"\r\n'
    body += b"Content-Type: image/svg+xml\r\n\r\n" + plain("JPEG") + b"\r\n--x--\r\n"
    assert send(ada, body, "multipart/form-data; boundary=x").must()["avatar_url"]
    error = send(ada, b"--x--\r\n", "multipart/form-data; boundary=x").error(422, "validation_failed")
    assert error["errors"][0]["field"] == "file"


def test_it_is_kept_by_browsers_for_good_and_has_safe_headers(people: People):
    ada = people.one()
    address = send(ada, plain()).must()["avatar_url"]
    stranger = Api(people.deployment.urls[-1])
    for base in (address, address.replace("/api/v1/", "/api/")):
        headers = stranger.request("HEAD", f"/{base}").headers
        assert headers["Content-Type"] == "image/webp"
        assert headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert stranger.request("GET", f"/{address}", headers={"If-None-Match": headers["ETag"]}).status == 304


def test_a_new_picture_has_a_new_address_and_the_old_one_is_gone(people: People, database: Database):
    ada = people.one()
    old = send(ada, plain()).must()["avatar_url"]
    new = send(ada, plain("JPEG")).must()["avatar_url"]
    assert new != old
    stranger = Api(people.deployment.urls[-1])
    stranger.get(f"/{old}").error(404, "not_found")
    me = ada.delete("/auth/me/avatar").must()
    assert me["avatar_url"] is None
    stranger.get(f"/{new}").error(404, "not_found")
    assert database.one("SELECT count(*) FROM avatars WHERE user_id = :id", id=ada.id) == 0
    assert ada.delete("/auth/me/avatar").must() == me


def test_two_pictures_at_once_leave_one(people: People, database: Database):
    ada = people.one()
    urls = people.deployment.urls * 4
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda url: send(ada.at(url), plain()), urls[:4]))
    assert {answer.status for answer in answers} == {200}
    assert database.one("SELECT count(*) FROM avatars WHERE user_id = :id", id=ada.id) == 1
    fetch(ada.url, ada.get("/auth/me").must()["avatar_url"])


def test_what_is_at_no_address_is_not_found(embedded: Deployment):
    stranger = Api(embedded.url)
    for name in (f"{uuid.uuid4()}/avatar.webp", "me/avatar.webp", "..%2f..%2fetc/avatar.webp"):
        stranger.get(f"/media/{name}").error(404, "not_found")
    # The address of a file that somebody sent: for those who are signed in.
    stranger.get(f"/media/{uuid.uuid4()}/x.png").error(401, "unauthorized")
    stranger.register().get(f"/media/{uuid.uuid4()}/x.png").error(404, "not_found")


def test_the_place_where_it_was_taken_and_all_else_is_left_out(embedded: Deployment):
    ada = Api(embedded.url).register()
    exif = Image.Exif()
    exif[0x010E] = "a secret place"
    exif.get_ifd(0x8825)[2] = (51.0, 30.0, 0.0)
    hidden = plain("JPEG", exif=exif, comment=b"a secret comment") + b"<script>alert('a secret')</script>"
    address = send(ada, hidden).must()["avatar_url"]
    stored = fetch_bytes(ada.url, address)
    assert b"secret" not in stored
    assert b"script" not in stored
    assert b"EXIF" not in stored


def test_it_is_upright_and_cut_out_of_the_middle(embedded: Deployment):
    """Left half red, right half blue, wider than high; turned by a quarter by what the camera noted."""
    ada = Api(embedded.url).register()
    picture = Image.new("RGB", (400, 200), RED)
    picture.paste(BLUE, (200, 0, 400, 200))
    exif = Image.Exif()
    exif[0x0112] = 6
    address = send(ada, encoded(picture, "JPEG", exif=exif)).must()["avatar_url"]
    shown = fetch(ada.url, address).convert("RGB")
    assert close_to(shown.getpixel((128, 20)), RED)
    assert close_to(shown.getpixel((128, 236)), BLUE)


def test_transparency_stays_and_of_a_film_the_first_frame(embedded: Deployment):
    ada = Api(embedded.url).register()
    glass = fetch(ada.url, send(ada, encoded(Image.new("RGBA", (40, 40), (0, 0, 0, 0)), "PNG")).must()["avatar_url"])
    assert glass.convert("RGBA").getpixel((128, 128))[3] == 0
    frames = [Image.new("RGB", (40, 40), colour) for colour in (RED, BLUE)]
    moving = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    film = fetch(ada.url, send(ada, moving).must()["avatar_url"])
    assert not getattr(film, "is_animated", False)
    assert close_to(film.convert("RGB").getpixel((128, 128)), RED)


def test_signed_out_nobody_sets_a_picture(embedded: Deployment):
    answer = Api(embedded.url).request("PUT", "/auth/me/avatar", data=plain(), headers={"Content-Type": "image/png"})
    answer.error(401, "unauthorized")


def test_those_one_chats_with_see_the_new_picture_and_name_at_once(people: People):
    ada, grace = people.some(2)
    chat = ada.private(grace)
    screens = people.everywhere(grace)
    address = send(ada, plain()).must()["avatar_url"]
    ada.patch("/auth/me", {"display_name": "Countess", "description": "Two\nlines"}).must()
    for screen in screens:
        told = screen.wait_for("conversation_changed", lambda told: told["peer"]["avatar_url"] == address)
        assert told["id"] == chat
        told = screen.wait_for("conversation_changed", lambda told: told["peer"]["display_name"] == "Countess")
        assert told["peer"]["description"] == "Two\nlines"
