"""Files in the page: chosen, dropped, pasted; on their way, shown, looked at, saved; on two processes, too."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.services.deployment import Deployment
from tests.uploads.files import PDF, photo
from tests.web.window import PHONE, Window

Open = Callable[..., Window]
DROP = """([name, type, bytes]) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([new Uint8Array(bytes)], name, { type }));
    for (const kind of ["dragover", "drop"])
        window.dispatchEvent(new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true }));
}"""
PASTE = """([name, type, bytes]) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([new Uint8Array(bytes)], name, { type }));
    document.activeElement.dispatchEvent(
        new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true, cancelable: true }));
}"""


@pytest.fixture
def signed_up(browser: Browser, deployment: Deployment) -> Iterator[Open]:
    windows: list[Window] = []

    def open_window(name: str, **options: object) -> Window:
        url = deployment.urls[len(windows) % len(deployment.urls)]
        windows.append(Window(browser, url, **options))  # type: ignore[arg-type]
        return windows[-1].sign_up(name)

    yield open_window
    problems = [problem for window in windows for problem in window.problems]
    for window in windows:
        window.close()
    assert not [p for p in problems if "ERR_FAILED" not in p], problems


def choose(window: Window, *files: tuple[str, str, bytes]) -> None:
    window.get("file-input").set_input_files(
        [{"name": name, "mimeType": media_type, "buffer": data} for name, media_type, data in files]
    )


def sent(window: Window, count: int) -> None:
    expect(window.page.locator("[data-testid=pending-file][data-state=sent]")).to_have_count(count)


def test_a_picture_and_a_paper_reach_the_other_side(signed_up: Open, tmp_path: Path) -> None:
    ada, grace = signed_up("Ada"), signed_up("Grace")
    ada.begin_chat(grace)
    choose(ada, ("beach.jpg", "image/jpeg", photo()), ("paper.pdf", "application/pdf", PDF))
    sent(ada, 2)
    ada.write("Look at these")
    expect(ada.get("pending-file")).to_have_count(0)
    grace.open(ada.name)
    for window in (ada, grace):
        message = window.get("message").filter(has_text="Look at these")
        picture = message.locator("[data-testid=attachment][data-status=ready]").get_by_test_id("picture")
        expect(picture).to_be_visible()
        assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 900
        expect(message.get_by_test_id("attachment").filter(has_text="paper.pdf")).to_be_visible()
    with grace.page.expect_download() as saved:
        grace.get("attachment").filter(has_text="paper.pdf").click()
    assert saved.value.suggested_filename == "paper.pdf"
    assert Path(saved.value.path()).read_bytes() == PDF


def test_a_picture_fills_the_window_and_arrows_lead_to_the_next(signed_up: Open) -> None:
    ada = signed_up("Ada")
    grace = signed_up("Grace")
    ada.begin_chat(grace)
    choose(ada, ("one.jpg", "image/jpeg", photo()), ("two.jpg", "image/jpeg", photo(quality=50)))
    sent(ada, 2)
    ada.get("send").click()
    pictures = ada.page.locator("[data-testid=attachment][data-status=ready]")
    expect(pictures).to_have_count(2)
    pictures.first.click()
    viewer = ada.get("viewer")
    expect(viewer).to_have_attribute("aria-label", "one.jpg")
    ada.page.keyboard.press("ArrowRight")
    expect(viewer).to_have_attribute("aria-label", "two.jpg")
    expect(viewer.get_by_test_id("picture")).to_be_visible()
    with ada.page.expect_download() as saved:
        ada.get("viewer-download").click()
    assert saved.value.suggested_filename == "two.jpg"
    ada.page.keyboard.press("Escape")
    expect(viewer).to_have_count(0)
    expect(ada.item(grace.name)).to_contain_text("2 photos")


def test_files_can_be_dropped_and_pasted_and_taken_away_again(signed_up: Open) -> None:
    ada, grace = signed_up("Ada"), signed_up("Grace")
    ada.begin_chat(grace)
    ada.page.evaluate(DROP, ["dropped.pdf", "application/pdf", list(PDF)])
    ada.get("composer").focus()
    ada.page.evaluate(PASTE, ["pasted.jpg", "image/jpeg", list(photo())])
    sent(ada, 2)
    ada.get("pending-file").filter(has_text="pasted.jpg").get_by_test_id("remove-file").click()
    expect(ada.get("pending-file")).to_have_count(1)
    ada.get("send").click()
    grace.open(ada.name)
    expect(grace.get("attachment").filter(has_text="dropped.pdf")).to_be_visible()
    expect(grace.get("attachment")).to_have_count(1)


def test_what_was_not_sent_says_so_and_can_be_sent_again(signed_up: Open) -> None:
    ada, grace = signed_up("Ada"), signed_up("Grace")
    ada.begin_chat(grace)
    ada.page.route("**/api/v1/uploads", lambda route: route.abort())
    choose(ada, ("paper.pdf", "application/pdf", PDF))
    failed = ada.page.locator("[data-testid=pending-file][data-state=failed]")
    expect(failed).to_be_visible()
    ada.get("composer").fill("with a paper")
    expect(ada.get("send")).to_be_disabled()
    ada.page.unroute("**/api/v1/uploads")
    failed.get_by_test_id("retry-file").click()
    sent(ada, 1)
    ada.get("send").click()
    ada.state_of("with a paper", "sent|delivered|read")
    expect(ada.get("attachment").filter(has_text="paper.pdf")).to_be_visible()


def test_a_file_that_the_server_refuses_is_explained(signed_up: Open, tmp_path: Path) -> None:
    ada, grace = signed_up("Ada"), signed_up("Grace")
    ada.begin_chat(grace)
    large = tmp_path / "large.bin"
    large.write_bytes(bytes(10 * 2**20 + 1))
    ada.get("file-input").set_input_files(large)
    failed = ada.page.locator("[data-testid=pending-file][data-state=failed]")
    expect(failed).to_contain_text(re.compile("large|10 MiB"), timeout=30_000)
    ada.problems.clear()  # the browser's own line about the status 413


def test_it_works_on_a_phone_in_the_dark_in_chinese(signed_up: Open) -> None:
    options = {"viewport": PHONE, "color_scheme": "dark", "locale": "zh-CN", "has_touch": True}
    ada, grace = signed_up("Ada", **options), signed_up("Grace")
    ada.begin_chat(grace)
    choose(ada, ("beach.jpg", "image/jpeg", photo()))
    sent(ada, 1)
    expect(ada.get("attach")).to_have_attribute("aria-label", "添加文件")
    ada.get("send").click()
    picture = ada.page.locator("[data-testid=attachment][data-status=ready]")
    expect(picture).to_be_visible()
    assert ada.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    picture.click()
    expect(ada.get("viewer")).to_be_visible()
    ada.get("viewer-close").click()
    expect(ada.get("viewer")).to_have_count(0)
