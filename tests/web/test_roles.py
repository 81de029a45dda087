"""The page offers what a person's role allows, and follows when the role changes."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.services.api import Account, Api
from tests.services.database import Database
from tests.services.deployment import Deployment
from tests.services.roles import give_role
from tests.web.window import PASSWORD, Window

SignedIn = Callable[[str], Window]


@pytest.fixture
def root(embedded: Deployment) -> Account:
    """An administrator."""
    return give_role(Database(embedded.database_url), Api(embedded.url).register(), "admin")


@pytest.fixture
def signed_in(browser: Browser, embedded: Deployment, root: Account) -> Iterator[SignedIn]:
    """`signed_in("buyer")`: the window of somebody with this role."""
    windows: list[Window] = []

    def open_window(role: str) -> Window:
        person = Api(embedded.url).register(password=PASSWORD)
        root.patch(f"/users/{person.id}", {"role": role}).must()
        windows.append(Window(browser, embedded.url))
        windows[-1].sign_in(person.username)
        windows[-1].id = person.id
        return windows[-1]

    yield open_window
    problems = [problem for window in windows for problem in window.problems]
    for window in windows:
        window.close()
    assert not problems


def test_a_customer_is_offered_chats_and_nothing_else(signed_in: SignedIn, embedded: Deployment) -> None:
    buyer = signed_in("buyer")
    expect(buyer.get("filter")).to_be_visible()
    for missing in ("rooms-tab", "chats-tab", "new-menu", "new-group", "new-room"):
        expect(buyer.get(missing)).to_have_count(0)
    buyer.page.goto(f"{embedded.url}/#/rooms")
    expect(buyer.page).to_have_url(f"{embedded.url}/#/")
    buyer.get("new-chat").click()
    expect(buyer.get("new-chat-dialog")).to_be_visible()
    buyer.page.keyboard.press("Escape")
    buyer.settings("security")
    expect(buyer.get("settings-devices")).to_be_visible()
    expect(buyer.get("settings-api-keys")).to_have_count(0)


def test_a_merchant_is_offered_groups_and_keys_but_no_rooms(signed_in: SignedIn) -> None:
    merchant = signed_in("merchant")
    expect(merchant.get("new-menu")).to_be_visible()
    expect(merchant.get("rooms-tab")).to_have_count(0)
    merchant.get("new-menu").click()
    expect(merchant.get("new-group")).to_be_visible()
    expect(merchant.get("new-room")).to_have_count(0)
    merchant.page.keyboard.press("Escape")
    merchant.settings("api-keys")
    expect(merchant.get("new-key")).to_be_visible()


def test_an_open_page_follows_a_new_role_and_keeps_to_it(signed_in: SignedIn, root: Account) -> None:
    ada = signed_in("member")
    with ada.page.expect_response("**/rooms*"):
        ada.get("rooms-tab").click()
    root.patch(f"/users/{ada.id}", {"role": "buyer"}).must()
    expect(ada.get("rooms-tab")).to_have_count(0, timeout=2_000)
    expect(ada.get("conversation-list").or_(ada.get("new-chat")).first).to_be_visible()
    ada.page.reload()
    expect(ada.get("new-chat").first).to_be_visible()
    expect(ada.get("rooms-tab")).to_have_count(0)
    root.patch(f"/users/{ada.id}", {"role": "member"}).must()
    expect(ada.get("rooms-tab")).to_be_visible(timeout=2_000)


def test_a_role_that_changed_while_the_page_was_closed_is_right_after_loading(
    signed_in: SignedIn, root: Account, embedded: Deployment
) -> None:
    ada = signed_in("member")
    ada.page.goto("about:blank")
    root.patch(f"/users/{ada.id}", {"role": "buyer"}).must()
    ada.page.goto(embedded.url)
    expect(ada.get("new-chat").first).to_be_visible()
    expect(ada.get("rooms-tab")).to_have_count(0)


def test_keys_from_another_role_can_still_be_revoked(signed_in: SignedIn, root: Account) -> None:
    ada = signed_in("member")
    ada.settings("api-keys")
    ada.get("new-key").click()
    ada.get("key-name").fill("Reader")
    ada.get("scope-profile:read").check()
    ada.get("make-key").click()
    ada.get("key-kept").click()
    root.patch(f"/users/{ada.id}", {"role": "buyer"}).must()
    expect(ada.get("new-key")).to_have_count(0, timeout=2_000)
    expect(ada.get("settings-api-keys")).to_be_visible()
    ada.get("revoke-key").click()
    ada.get("confirm").click()
    expect(ada.get("api-key")).to_have_count(0)
