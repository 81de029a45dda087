"""Signing in with a provider on the page, in a real browser."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.services.openid import somebody
from tests.services.visitor import Site
from tests.web.window import Window

SIGN_IN_COOKIE = "chatsphere_oauth"


@pytest.fixture
def window(browser: Browser, sso: Site) -> Iterator[Window]:
    window = Window(browser, sso.url)
    yield window
    window.close()


def test_a_click_on_the_provider_signs_in(window: Window):
    window.get("provider-oidc").click()
    expect(window.get("chats-tab")).to_be_visible()
    assert SIGN_IN_COOKIE not in {cookie["name"] for cookie in window.context.cookies()}
    window.page.go_back()
    expect(window.get("chats-tab")).to_be_visible()
    window.page.reload()
    expect(window.get("chats-tab")).to_be_visible()
    assert window.problems == []


def test_a_refusal_is_explained_on_the_sign_in_page(window: Window, sso: Site):
    sso.openid.person = somebody(email_verified=False)
    window.get("provider-oidc").click()
    expect(window.get("sign-in-problem")).to_contain_text(re.compile("not verified", re.IGNORECASE))
    sso.openid.fault = "denied"
    window.get("provider-oidc").click()
    expect(window.get("sign-in-problem")).to_contain_text("cancelled")


def test_a_provider_is_linked_in_the_settings_and_signs_in_from_then_on(window: Window, sso: Site):
    ada = window.sign_up("Ada")
    window.page.goto(f"{sso.url}/#/settings/security")
    window.get("link-oidc").click()
    expect(window.get("link-done")).to_be_visible()
    expect(window.get("identity")).to_have_attribute("data-provider", "oidc")
    window.get("sign-out").click()
    window.get("provider-oidc").click()
    expect(window.get("chats-tab")).to_be_visible()
    window.page.goto(f"{sso.url}/#/settings/profile")
    expect(window.page.get_by_role("textbox", name="Display name")).to_have_value(ada.name)
