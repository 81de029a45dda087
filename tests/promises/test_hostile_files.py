"""P23: files that mean harm. Refused, or given out so that a real browser runs nothing of them."""

import struct
import time
import uuid
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from playwright.sync_api import Browser, BrowserContext
from playwright.sync_api import Error as BrowserError

from tests.services.api import Account, Api
from tests.services.deployment import Deployment
from tests.uploads.files import fetch, photo, send_file, settled
from tests.users.pictures import huge_gif, huge_jpeg, huge_png, huge_webp, measured, plain

pytestmark = pytest.mark.promise("P23")

MIB = 2**20
SCRIPT = b"<script>new Image().src = '/ran'; document.title = 'ran'</script>"
HTML = b"<!doctype html><title>quiet</title>" + SCRIPT
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="document.title=\'ran\'">' + SCRIPT + b"</svg>"


def png_with_text(text: bytes) -> bytes:
    """A good PNG with a comment that is HTML."""
    data = plain("PNG", (40, 40))
    chunk = b"tEXt" + b"Comment\0" + text
    return data[:33] + struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) + data[33:]


TAKEN = {
    "page.html": HTML,
    "drawing.svg": SVG,
    "drawing.xml": b'<?xml version="1.0"?>' + SVG,
    "an svg named as a picture.png": SVG,
    "a page named as a photo.jpg": HTML,
    "script.js": b"document.title = 'ran'",
    "pdf.pdf": b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>>>endobj\n" + HTML,
    "page.xhtml": b'<html xmlns="http://www.w3.org/1999/xhtml"><body>' + SCRIPT + b"</body></html>",
    "zipped.zip": b"PK\x03\x04" + bytes(40) + HTML,
    "wide.html": HTML.decode().encode("utf-16"),
    "photo with a page behind it.jpg": photo() + HTML,
    "photo with a page in it.jpg": photo(comment=HTML),
    "picture with a page in it.png": png_with_text(HTML),
    "film with a page behind it.gif": plain("GIF", (40, 40)) + HTML,
}
"""Files that are taken, each with a script that sets the title if it runs."""
REFUSED = {
    "page in a gif's clothes.gif": b"GIF89a/*\x00\x00\x00\x00\x00*/" + HTML,
    "page in a png's clothes.png": plain()[:8] + HTML,
    "page in a jpeg's clothes.jpg": b"\xff\xd8\xff\xe0" + HTML,
}
HUGE = {"png": partial(huge_png, 30_000, 30_000), "gif": huge_gif, "jpeg": huge_jpeg, "webp": huge_webp}


@pytest.fixture(scope="module")
def ada(embedded: Deployment) -> Account:
    return Api(embedded.url).register()


@pytest.fixture
def context(browser: Browser, ada: Account) -> Iterator[BrowserContext]:
    """A browser that sends Ada's token with everything, as no browser of hers would by itself."""
    context = browser.new_context(extra_http_headers={"Authorization": f"Bearer {ada.token}"}, accept_downloads=True)
    yield context
    context.close()


def runs(context: BrowserContext, address: str) -> bool:
    """Whether a script of what is at this address ran: it asked for something, or changed the title."""
    asked: list[str] = []
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    try:
        page.goto(address, wait_until="load")
        page.wait_for_load_state("networkidle")
    except BrowserError as error:
        if "download" not in str(error).lower():
            raise
    ran = page.title() == "ran" or any(url.endswith("/ran") for url in asked)
    page.close()
    return ran


def test_the_look_into_the_browser_sees_a_script_that_runs(context: BrowserContext):
    """Without this, the tests below would show nothing."""

    class Careless(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(HTML)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Careless)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        assert runs(context, f"http://127.0.0.1:{server.server_port}/")
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("name", TAKEN)
def test_no_script_of_a_file_runs(ada: Account, context: BrowserContext, name: str):
    upload = settled(ada, send_file(ada, TAKEN[name], name).must(201)["id"])
    assert upload["status"] == "ready"
    addresses = [upload["url"], *(thumbnail["url"] for thumbnail in upload["thumbnails"])]
    for address in addresses:
        assert not runs(context, ada.url + address)
        _, data, headers = fetch(ada, address)
        is_shown = headers["Content-Disposition"].startswith("inline")
        assert is_shown == (headers["Content-Type"] in ("image/png", "image/jpeg", "image/webp"))
        assert not (is_shown and b"script" in data)


@pytest.mark.parametrize("name", TAKEN)
def test_nor_when_a_page_takes_it_for_something_else(ada: Account, context: BrowserContext, name: str):
    """As a frame, a script, a style sheet and an object within a page of our own origin."""
    upload = settled(ada, send_file(ada, TAKEN[name], name).must(201)["id"])
    page = context.new_page()
    # The page's own policy would forbid it already: the file's headers are to do by themselves.
    page.route("**/blank", lambda route: route.fulfill(content_type="text/html", body="<title>quiet</title>"))
    page.goto(f"{ada.url}/blank")
    page.evaluate(
        """async (address) => {
            const wait = (tag, name) => new Promise((done) => {
                const element = document.createElement(tag);
                element.onload = element.onerror = done;
                setTimeout(done, 500);
                element[name] = address;
                document.body.append(element);
            });
            const ways = [['iframe', 'src'], ['script', 'src'], ['embed', 'src'], ['object', 'data']];
            await Promise.all(ways.map(([tag, name]) => wait(tag, name)));
        }""",
        upload["url"],
    )
    assert page.title() == "quiet"
    assert all(frame.title() != "ran" for frame in page.frames[1:])
    page.close()


@pytest.mark.parametrize("name", REFUSED)
def test_what_only_begins_like_an_image_is_refused(ada: Account, name: str):
    answer = send_file(ada, REFUSED[name], name)
    assert answer.status in (415, 422)


@pytest.mark.parametrize("kind", HUGE)
def test_a_pixel_bomb_is_refused_within_a_second_and_100_megabytes(
    embedded: Deployment, ada: Account, kind: str, figure: Callable[[str], None]
):
    data = HUGE[kind]()
    assert len(data) < MIB
    with measured(embedded.servers[0]) as memory:
        began = time.monotonic()
        error = send_file(ada, data, "bomb").error(422, "validation_failed")
        seconds = time.monotonic() - began
    assert "megapixels" in error["detail"]
    assert seconds < 1
    assert memory.taken < 100 * MIB
    figure(f"a pixel bomb is refused in {seconds * 1000:.0f} ms and {memory.taken / MIB:.0f} MiB")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_truncated_image_fails_and_is_never_given_out(ada: Account, kind: str):
    data = plain(kind, (900, 900))
    for part in (len(data) // 2, len(data) - 30):
        answer = send_file(ada, data[:part], f"half.{kind.lower()}")
        if answer.status == 201:
            upload = settled(ada, answer.json["id"])
            assert upload["status"] == "failed"
            assert fetch(ada, upload["url"])[0] == 409
        else:
            assert answer.status in (415, 422)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../../etc/passwd", "passwd"),
        ("..\\..\\windows\\system32\\cmd.exe", "cmd.exe"),
        ("/etc/shadow", "shadow"),
        ("..", "file"),
        (".htaccess", "htaccess"),
        ("a\tb\x01.txt", "ab.txt"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("\u200b\u200b", "file"),
        ("x" * 500 + ".txt", "x" * 116 + ".txt"),
        ("avatar.webp", "avatar.webp"),
        ("small.webp", "small.webp"),
        ("<b>|?*.txt", "_b____.txt"),
        ("", "file"),
    ],
)
def test_a_name_leads_nowhere(embedded: Deployment, ada: Account, given: str, shown: str):
    word = uuid.uuid4().hex.encode()
    if not given:
        given = " "
    upload = send_file(ada, word, given).must(201)
    assert upload["name"] == shown
    assert fetch(ada, upload["url"])[:2] == (200, word)
    stored = [path for path in embedded.data_dir.rglob("*") if path.is_file() and path.stat().st_size == len(word)]
    assert any(path.read_bytes() == word for path in stored)
    for path in stored:
        assert path.relative_to(embedded.data_dir).parts[0] == "media"


def test_addresses_of_files_lead_to_files_only(ada: Account):
    upload = send_file(ada, b"x", "x.txt").must(201)
    for name in ("..%2f..%2fsecret_key", "%2e%2e/%2e%2e/secret_key", "..", "a/../../x"):
        status, body, _ = fetch(ada, f"/api/v1/media/{upload['id']}/{name}")
        assert status in (404, 200)
        assert status == 404 or body == b"x" or b"<!doctype" in body[:20]
