"""Swagger UI and ReDoc in a real browser, under the strict policy that we serve them with."""

import pytest
from playwright.sync_api import Page, expect

from tests.services.deployment import Deployment


@pytest.fixture
def window(page: Page):
    """A window that notes whatever a browser complains of, and every address it asks."""
    page.set_default_timeout(15_000)
    expect.set_options(timeout=15_000)
    page.complaints, page.asked = [], []
    page.on("console", lambda said: page.complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("request", lambda request: page.asked.append(request.url))
    return page


def stayed_at_home(window: Page, url: str) -> bool:
    return all(asked.startswith((url, "data:")) for asked in window.asked)


@pytest.mark.parametrize("address", ["/docs", "/api/docs"])
def test_swagger_ui_shows_the_operations(embedded: Deployment, window: Page, address: str):
    window.goto(embedded.url + address)
    expect(window.get_by_text("/api/v1/auth/register", exact=True)).to_be_visible()
    assert window.complaints == []
    assert stayed_at_home(window, embedded.url)


def test_an_operation_can_be_tried_out(embedded: Deployment, window: Page):
    window.goto(embedded.url + "/docs#/operations/operationsLive")
    operation = window.locator("#operations-operations-operationsLive")
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".live-responses-table tbody .response-col_status")).to_contain_text("200")
    assert window.complaints == []
    assert stayed_at_home(window, embedded.url)


def test_the_schemas_can_be_opened(embedded: Deployment, window: Page):
    window.goto(embedded.url + "/docs#/auth/authRegister")
    expect(window.locator("#operations-auth-authRegister").get_by_text("display_name").first).to_be_visible()
    assert window.complaints == []


def read_in_redoc(window: Page, *places: str) -> None:
    """Go there in the menu, and stay for a minute: whatever ReDoc might tell its maker has been told by then."""
    for place in places:
        window.get_by_role("listitem").get_by_text(place, exact=True).first.click()
    window.clock.fast_forward(60_000)
    window.wait_for_load_state("networkidle")


def test_redoc_shows_the_operations_and_tells_nobody(embedded: Deployment, window: Page):
    window.clock.install()
    window.goto(embedded.url + "/redoc")
    read_in_redoc(window, "auth", "Make an account and sign in")
    expect(window.get_by_text("/api/v1/auth/register", exact=True).first).to_be_visible()
    expect(window.get_by_text('"Ada Lovelace"').first).to_be_visible()
    assert window.complaints == []
    assert stayed_at_home(window, embedded.url)


def test_redoc_searches_without_a_worker_which_the_policy_forbids(embedded: Deployment, window: Page):
    window.add_init_script("globalThis._factory = () => {}")  # ReDoc believes then that it may make one
    window.goto(embedded.url + "/redoc")
    expect(window.get_by_text("auth", exact=True).first).to_be_visible()
    window.keyboard.press("Control+k")
    window.keyboard.type("register")
    expect(window.get_by_text("Make an account and sign in; refused").last).to_be_visible()
    assert window.complaints == []


def test_redoc_shows_the_events_too(embedded: Deployment, window: Page):
    window.clock.install()
    window.goto(embedded.url + "/redoc")
    window.get_by_role("link", name="a page of their own").click()
    read_in_redoc(window, "/chat", "send_message")
    expect(window.get_by_text("send_message.ok, refusal")).to_be_visible()
    assert window.complaints == []
    assert stayed_at_home(window, embedded.url)
