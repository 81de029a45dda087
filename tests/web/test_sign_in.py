"""Signing in and up when it does not work: what one is told, in which words, and where the keyboard is."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.services import deployment as deployments
from tests.services.api import Account, Api
from tests.services.database import Database
from tests.services.deployment import Deployment
from tests.services.roles import give_role
from tests.web.window import PASSWORD, Window

Open = Callable[..., Window]
HAN = re.compile(r"^[^A-Za-z]+$")
"""A text without a word of English in it."""


@pytest.fixture
def ada(embedded: Deployment) -> Account:
    return Api(embedded.url).register(password=PASSWORD)


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A server with its limits, which the others of the tests do without."""
    with deployments.embedded(tmp_path_factory.mktemp("limited"), {"RATE_LIMITS": "true"}) as deployment:
        yield deployment


@pytest.fixture
def window(browser: Browser, embedded: Deployment) -> Iterator[Open]:
    windows: list[Window] = []

    def open_window(url: str = embedded.url, **options: Any) -> Window:
        windows.append(Window(browser, url, **options))
        return windows[-1]

    yield open_window
    for one in windows:
        one.close()


def try_to_sign_in(window: Window, username: str, password: str) -> None:
    window.get("sign-in-username").fill(username)
    window.get("sign-in-password").fill(password)
    with window.page.expect_response("**/auth/login"):
        window.get("sign-in").click()
    expect(window.get("sign-in")).to_be_enabled()


@pytest.mark.parametrize(
    ("locale", "words"),
    [("en-GB", r"Too many attempts.* \d+ (second|minute)s?\.$"), ("zh-CN", r"请在\d+(秒|分)钟?后重试。$")],
)
def test_too_many_wrong_passwords_are_told_with_the_time_to_wait(
    window: Open, limited: Deployment, locale: str, words: str
) -> None:
    ada = Api(limited.url).register()
    stranger = window(limited.url, locale=locale)
    for _ in range(30):
        try_to_sign_in(stranger, ada.username, "not the password")
        if re.search(words, stranger.get("form-error").inner_text()):
            break
    expect(stranger.get("form-error")).to_contain_text(re.compile(words))
    expect(stranger.get("form-error")).to_be_in_viewport()


def test_what_the_server_refuses_is_told_in_the_readers_language(window: Open, ada: Account) -> None:
    li = window(locale="zh-CN")
    try_to_sign_in(li, ada.username, "not the password")
    expect(li.get("form-error")).to_have_text(HAN)
    li.get("to-sign-up").click()
    li.get("sign-up-username").fill(ada.username)
    li.get("sign-up-email").fill(f"li-{ada.username}@example.org")
    li.get("sign-up-password").fill("password123")
    li.get("sign-up").click()
    expect(li.get("error-password")).to_have_text(HAN)
    expect(li.get("sign-up-password")).to_be_focused()
    li.get("sign-up-password").fill(PASSWORD)
    li.get("sign-up").click()
    expect(li.get("error-username")).to_have_text(HAN)
    expect(li.get("sign-up-username")).to_be_focused()


def test_a_banned_person_is_told_so_at_once_and_when_signing_in_again(
    window: Open, ada: Account, embedded: Deployment
) -> None:
    root = give_role(Database(embedded.database_url), Api(embedded.url).register(), "admin")
    page = window()
    page.sign_in(ada.username)
    root.post(f"/admin/users/{ada.id}/ban", {"reason": "spam"}).must()
    expect(page.get("session-ended")).to_contain_text("suspended", timeout=2_000)
    try_to_sign_in(page, ada.username, PASSWORD)
    expect(page.get("form-error")).to_contain_text("suspended")
    expect(page.get("session-ended")).to_have_count(0)


def test_the_keyboard_is_where_one_goes_on(window: Open) -> None:
    page = window()
    expect(page.get("sign-in-username")).to_be_focused()
    page.get("to-forgot-password").press("Enter")
    expect(page.get("forgot-email")).to_be_focused()
    page.page.keyboard.type("nobody@example.org")
    page.page.keyboard.press("Enter")
    expect(page.get("forgot-sent").get_by_role("heading")).to_be_focused()
    page.get("to-sign-in").press("Enter")
    page.get("to-sign-up").press("Enter")
    expect(page.get("sign-up-username")).to_be_focused()
