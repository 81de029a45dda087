"""What is no picture, a damaged one or one that is too large is refused, quickly and cheaply (promise P23)."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.client import HTTPConnection

import pytest

from tests.services.api import Api
from tests.services.deployment import Deployment
from tests.users.pictures import huge_gif, huge_jpeg, huge_png, huge_webp, measured, plain, send

MIB = 1024 * 1024
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
NO_PICTURES = {
    "svg": SVG,
    "html": b"<!doctype html><script>alert(1)</script>",
    "text": b"hello",
    "pdf": b"%PDF-1.7\n",
    "bmp": plain("BMP"),
    "tiff": plain("TIFF"),
    "ico": plain("ICO"),
    "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    "gif and html": b"GIF89a/*\x00\x00\x00\x00\x00*/<script>alert(1)</script>",
    "png and html": plain()[:33] + b"<script>alert(1)</script>" * 9,
    "svg in xml": b'<?xml version="1.0"?>' + SVG,
}
BROKEN = {
    "half a png": plain()[:-40],
    "half a jpeg": plain("JPEG", (900, 900))[:900],
    "half a webp": plain("WEBP")[:-20],
    "nothing": b"",
}


@pytest.mark.parametrize("data", NO_PICTURES.values(), ids=NO_PICTURES)
def test_what_is_no_picture_of_the_four_kinds_is_refused(embedded: Deployment, data: bytes):
    ada = Api(embedded.url).register()
    error = send(ada, data).error(415, "unsupported_media_type")
    assert "PNG, JPEG, WebP or GIF" in error["detail"]
    assert ada.get("/auth/me").must()["avatar_url"] is None


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_a_damaged_picture_is_refused(embedded: Deployment, data: bytes):
    ada = Api(embedded.url).register()
    error = send(ada, data).error(422, "validation_failed")
    assert error["errors"][0]["field"] == "file"
    assert ada.get("/auth/me").must()["avatar_url"] is None


@pytest.mark.parametrize("content_type", ["application/json", "text/html", "application/x-www-form-urlencoded", ""])
def test_a_body_that_is_not_said_to_be_a_picture_is_refused(embedded: Deployment, content_type: str):
    ada = Api(embedded.url).register()
    send(ada, plain(), content_type).error(415, "unsupported_media_type")


def test_a_picture_may_have_five_mebibytes(embedded: Deployment):
    ada = Api(embedded.url).register()
    fits = plain("JPEG").ljust(5 * MIB, b"\0")
    assert send(ada, fits).must()["avatar_url"]
    assert "5 MiB" in send(ada, fits + b"\0").error(413, "payload_too_large")["detail"]
    ada.patch("/auth/me", {"description": "x" * 3 * MIB}).error(413, "payload_too_large")


def test_who_sends_far_too_much_is_told_so_and_may_go_on(embedded: Deployment):
    """As a browser does: all of it is sent before the answer is looked at, and the connection is used again."""
    ada = Api(embedded.url).register()
    connection = HTTPConnection(ada.url.removeprefix("http://"), timeout=30)
    headers = {"Authorization": f"Bearer {ada.token}", "Content-Type": "image/jpeg"}
    for data, status in ((bytes(12 * MIB), 413), (plain("JPEG"), 200)):
        connection.request("PUT", "/api/v1/auth/me/avatar", data, headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == status
    connection.close()


HUGE = {"png": partial(huge_png, 30_000, 30_000), "gif": huge_gif, "jpeg": huge_jpeg, "webp": huge_webp}


@pytest.mark.parametrize("kind", HUGE)
def test_more_pixels_than_fit_are_refused_within_a_second_and_100_megabytes(embedded: Deployment, kind: str):
    ada, data = Api(embedded.url).register(), HUGE[kind]()
    assert len(data) < MIB
    with measured(embedded.servers[0]) as memory:
        began = time.monotonic()
        error = send(ada, data).error(422, "validation_failed")
        seconds = time.monotonic() - began
    assert "megapixels" in error["detail"]
    assert seconds < 1
    assert memory.taken < 100 * MIB


def test_the_largest_picture_that_fits_is_taken(embedded: Deployment):
    ada = Api(embedded.url).register()
    with measured(embedded.servers[0]) as memory:
        assert send(ada, huge_png(5_000, 5_000)).must()["avatar_url"]
    assert memory.taken < 200 * MIB


def test_noise_never_harms_the_server(embedded: Deployment):
    """Good pictures with some bytes changed: each is taken or refused, and none is an error of ours."""
    ada = Api(embedded.url).register()
    chance = random.Random(7)
    whole = [plain(kind, (64, 64)) for kind in ("PNG", "JPEG", "WEBP", "GIF")]
    for number in range(80):
        data = bytearray(whole[number % 4])
        for _ in range(chance.randint(1, 6)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        assert send(ada, bytes(data)).status in (200, 415, 422), data.hex()


def test_the_server_answers_others_while_it_works_on_pictures(embedded: Deployment):
    """Many at once: they wait for each other or are told to come again; other people wait for none of them."""
    ada, grace = (Api(embedded.url).register() for _ in range(2))
    picture = huge_png(5_000, 5_000)
    slowest = 0.0
    with ThreadPoolExecutor(16) as pool:
        answers = [pool.submit(send, ada, picture) for _ in range(16)]
        while not all(answer.done() for answer in answers):
            began = time.monotonic()
            grace.get("/auth/me").must()
            slowest = max(slowest, time.monotonic() - began)
    statuses = {answer.result().status for answer in answers}
    assert 200 in statuses <= {200, 503}
    assert slowest < 1
    for answer in answers:
        if answer.result().status == 503:
            assert answer.result().error(503, "unavailable")["detail"].startswith("Too many pictures")
