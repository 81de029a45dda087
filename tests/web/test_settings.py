"""One's own account in the page: profile, devices, keys, mailed links, signing in with a provider."""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Request, expect

from tests.services import deployment as deployments
from tests.services.api import Api
from tests.services.mail import MailServer
from tests.services.openid import OpenId, openid, somebody
from tests.services.visitor import callback
from tests.web.window import PASSWORD, PHONE, Window

SECTIONS = ("profile", "appearance", "security", "devices", "api-keys")
REFUSED = "the server responded with a status of 4"
"""How the console calls an answer that the person is told of in words."""


@dataclass
class Site:
    """A server that mails and has a provider, and the windows that are open on it."""

    url: str
    letters: MailServer
    provider: OpenId
    browser: Browser
    windows: list[Window]

    def window(self, address: str = "", **options: Any) -> Window:
        self.windows.append(Window(self.browser, f"{self.url}/{address}", **options))
        return self.windows[-1]

    def signed_up(self, name: str, **options: Any) -> Window:
        return self.window(**options).sign_up(name)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, MailServer, OpenId]]:
    letters = MailServer()
    directory = tmp_path_factory.mktemp("account")
    with openid() as provider, deployments.embedded(directory, letters.settings | provider.settings) as deployment:
        provider.client.redirect_uris.add(callback(deployment.url, "oidc"))
        letters.start()
        yield deployment.url, letters, provider
        letters.stop()


@pytest.fixture
def site(browser: Browser, server: tuple[str, MailServer, OpenId]) -> Iterator[Site]:
    site = Site(*server, browser, [])
    site.provider.reset()
    yield site
    problems = [problem for window in site.windows for problem in window.problems]
    for window in site.windows:
        window.close()
    assert not [problem for problem in problems if REFUSED not in problem], problems


def face(window: Window, title: str) -> Locator:
    """The avatar of a conversation in the list."""
    return window.item(title).locator(".avatar")


def a_heavy_picture() -> bytes:
    """Noise, which no format makes small."""
    noise = random.Random(1).randbytes(1100 * 400 * 3)
    data = BytesIO()
    Image.frombytes("RGB", (1100, 400), noise).save(data, "PNG")
    return data.getvalue()


def test_a_colour_and_a_picture_are_seen_by_the_other_person_at_once(site: Site) -> None:
    ada, grace = site.signed_up("Ada"), site.signed_up("Grace")
    ada.begin_chat(grace)
    ada.write("Hello")
    expect(face(grace, ada.name)).to_be_visible()
    ada.settings("profile")
    before = int(ada.page.locator("[data-testid^=hue-]:checked").get_attribute("data-testid", timeout=0)[4:])  # type: ignore[index]
    hue = (before + 5) % 12
    ada.page.locator("label", has=ada.get(f"hue-{hue}")).click()
    ada.get("display-name").fill(f"Countess {ada.name}")
    ada.get("save-profile").click()
    coloured = re.compile(rf"\bhue-{hue}\b")
    expect(face(grace, f"Countess {ada.name}")).to_have_class(coloured)
    expect(ada.get("settings").locator(".avatar")).to_have_class(coloured)

    sent: list[Request] = []
    ada.page.on("request", lambda request: sent.append(request) if request.url.endswith("/me/avatar") else None)
    ada.get("picture-file").set_input_files({"name": "me.png", "mimeType": "image/png", "buffer": a_heavy_picture()})
    expect(ada.get("picture").locator("img")).to_have_attribute("src", re.compile("^blob:"))
    ada.get("use-picture").click()
    shown = face(grace, ada.name).locator("img")
    expect(shown).to_have_js_property("naturalWidth", 256)
    expect(ada.get("settings").locator("img")).to_be_visible()
    size = int(sent[0].all_headers()["content-length"])
    assert size < 1_000_000, size
    ada.get("remove-picture").click()
    ada.get("confirm").click()
    expect(shown).to_have_count(0)
    expect(face(grace, ada.name)).to_contain_text("C")


def test_a_file_that_is_no_picture_is_refused_in_words(site: Site) -> None:
    ada = site.signed_up("Ada")
    ada.settings("profile")
    ada.get("picture-file").set_input_files({"name": "me.png", "mimeType": "image/png", "buffer": b"<svg/>"})
    expect(ada.get("picture-problem")).to_contain_text("no picture")


def test_another_device_is_signed_out_from_here(site: Site) -> None:
    ada = site.signed_up("Ada")
    phone = site.window(viewport=PHONE, user_agent="Mozilla/5.0 (Linux; Android 14; Pixel) Firefox/140.0")
    phone.sign_in(ada.username)
    ada.settings("devices")
    expect(ada.get("device")).to_have_count(2)
    other = ada.get("device").filter(has_text="Firefox on Android")
    expect(ada.page.locator("[data-testid=device][data-current=true]")).to_contain_text("This device")
    other.get_by_test_id("end-device").click()
    ada.get("confirm").click()
    expect(phone.get("session-ended")).to_be_visible(timeout=2_000)
    expect(ada.get("device")).to_have_count(1)
    phone.sign_in(ada.username)
    ada.settings("security")
    ada.settings("devices")
    ada.get("sign-out-others").click()
    ada.get("confirm").click()
    expect(phone.get("session-ended")).to_be_visible(timeout=2_000)
    ada.get("sign-out-everywhere").click()
    ada.get("confirm").click()
    expect(ada.get("sign-in-form")).to_be_visible()


def test_a_key_that_was_made_in_the_page_works_until_it_is_revoked(site: Site) -> None:
    ada = site.signed_up("Ada")
    ada.settings("api-keys")
    ada.get("new-key").click()
    ada.get("make-key").click()
    expect(ada.get("error-name")).to_be_visible()
    expect(ada.get("error-scopes")).to_be_visible()
    ada.get("key-name").fill("Reader")
    ada.get("scope-profile:read").check()
    ada.get("key-expiry-30").click()
    ada.get("make-key").click()
    key = ada.get("key-secret").input_value()
    api = Api(site.url)
    assert api.get("/auth/me", headers={"X-API-Key": key}).must()["display_name"] == ada.name
    api.get("/conversations", headers={"X-API-Key": key}).error(403, "forbidden")
    ada.get("key-kept").click()
    assert key not in ada.page.content()
    expect(ada.get("api-key")).to_contain_text(key[:11])
    ada.get("revoke-key").click()
    ada.get("confirm").click()
    expect(ada.get("api-key")).to_have_count(0)
    api.get("/auth/me", headers={"X-API-Key": key}).error(401, "unauthorized")


def test_a_forgotten_password_is_set_anew_by_mail(site: Site) -> None:
    ada = site.signed_up("Ada")
    stranger = site.window()
    stranger.get("to-forgot-password").click()
    stranger.get("forgot-email").fill(ada.email)
    stranger.get("send-link").click()
    expect(stranger.get("forgot-sent")).to_contain_text(ada.email)
    letter = site.letters.wait_for(ada.email, "password")
    stranger.page.goto(letter.link)
    expect(stranger.get("reset-form")).to_be_visible()
    assert stranger.page.url == f"{site.url}/#/reset-password"
    assert letter.token not in stranger.page.evaluate("JSON.stringify([localStorage, sessionStorage])")
    stranger.get("reset-password").fill(ada.username)
    stranger.get("set-password").click()
    expect(stranger.get("error-new_password")).to_be_visible()
    stranger.get("reset-password").fill("another horse battery")
    stranger.get("set-password").click()
    expect(stranger.get("session-ended")).to_contain_text("new password")
    expect(ada.get("sign-in-form")).to_be_visible()
    stranger.sign_in(ada.username, "another horse battery")
    ada.page.goto(letter.link)
    ada.get("reset-password").fill("a third horse battery")
    ada.get("set-password").click()
    expect(ada.get("dead-link")).to_be_visible()


def test_an_address_is_verified_by_mail(site: Site) -> None:
    ada = site.signed_up("Ada")
    ada.settings("profile")
    expect(ada.get("email-status")).to_have_attribute("data-verified", "false")
    ada.get("send-verification").click()
    letter = site.letters.wait_for(ada.email, "address", nth=2)
    ada.page.goto(letter.link)
    ada.get("verify-email").click()
    expect(ada.get("email-verified")).to_be_visible()
    assert ada.page.url == f"{site.url}/#/verify-email"
    ada.page.goto(f"{site.url}/#/settings/profile")
    expect(ada.get("email-status")).to_have_attribute("data-verified", "true")


def test_somebody_signs_in_with_a_provider_and_sees_it_in_the_settings(site: Site) -> None:
    site.provider.person = somebody(name="Ada of the provider")
    ada = site.window()
    ada.get("provider-oidc").click()
    expect(ada.get("chats-tab")).to_be_visible()
    assert ada.page.url == f"{site.url}/#/"
    ada.settings("security")
    expect(ada.get("identity")).to_contain_text("Test issuer")
    expect(ada.get("set-password-by-mail")).to_be_visible()
    expect(ada.get("activity-event").filter(has_text="Account created")).to_be_visible()
    ada.get("unlink").click()
    ada.get("confirm").click()
    expect(ada.get("toast").last).to_contain_text(re.compile("only way|password", re.IGNORECASE))
    expect(ada.get("identity")).to_have_count(1)


def test_a_provider_is_linked_to_an_account_and_then_signs_in_to_it(site: Site) -> None:
    ada = site.signed_up("Ada")
    site.provider.person = somebody(email=ada.email)
    stranger = site.window()
    stranger.get("provider-oidc").click()
    expect(stranger.get("sign-in-problem")).to_contain_text("already")
    ada.settings("security")
    ada.get("link-oidc").click()
    expect(ada.get("link-done")).to_be_visible()
    expect(ada.get("identity")).to_contain_text(ada.email)
    stranger.get("provider-oidc").click()
    expect(stranger.get("settings").locator(".avatar")).to_be_visible()
    stranger.settings("profile")
    expect(stranger.get("display-name")).to_have_value(ada.name)
    site.provider.fault = "denied"
    ada.get("unlink").click()
    ada.get("confirm").click()
    ada.get("link-oidc").click()
    expect(ada.get("link-problem")).to_be_visible()


def test_a_closed_server_offers_no_sign_up(site: Site) -> None:
    window = site.window()
    closed = {"name": "ChatSphere", "registration": "closed", "providers": [], "password_reset": True}
    window.page.route("**/info", lambda route: route.fulfill(json=closed))
    window.page.reload()
    expect(window.get("to-sign-up")).to_have_count(0)
    window.page.goto(f"{site.url}/#/sign-up")
    expect(window.get("sign-up-form")).to_have_count(0)
    expect(window.get("to-sign-in")).to_be_visible()


def test_a_cut_network_loses_nothing_of_what_was_filled_in(site: Site) -> None:
    ada = site.signed_up("Ada")
    ada.settings("devices")
    ada.settings("profile")
    ada.offline(True)
    ada.get("description").fill("Writes engines.")
    ada.get("save-profile").click()
    expect(ada.get("form-error")).to_contain_text("cannot be reached")
    expect(ada.get("description")).to_have_value("Writes engines.")
    ada.settings("devices")
    expect(ada.get("form-error")).to_be_visible()
    ada.offline(False)
    expect(ada.get("device")).to_have_count(1)
    ada.settings("profile")
    ada.get("description").fill("Writes engines.")
    ada.get("save-profile").click()
    expect(ada.get("toast")).to_contain_text("Saved")
    ada.page.reload()
    expect(ada.get("description")).to_have_value("Writes engines.")
    ada.problems.clear()  # the calls that were cut


def test_the_settings_fit_a_phone_and_lead_back(site: Site) -> None:
    ada = site.signed_up("Ada", viewport=PHONE)
    ada.get("settings").click()
    for section in SECTIONS:
        ada.get(f"settings-{section}").click()
        expect(ada.get(f"section-{section}")).to_be_visible()
        expect(ada.page.locator("[aria-busy=true]")).to_have_count(0)
        inner = f"document.querySelector('[data-testid=section-{section}]').scrollWidth"
        assert ada.page.evaluate(f"Math.max(document.documentElement.scrollWidth, {inner})") <= PHONE["width"], section
        expect(ada.page.locator("h2:focus")).to_have_count(1)
        ada.get("settings-back").click()
        expect(ada.get(f"settings-{section}")).to_be_focused()
    ada.get("settings-security").click()
    ada.page.go_back()
    expect(ada.get("settings-security")).to_be_visible()
    ada.page.go_back()
    expect(ada.get("settings-dialog")).to_have_count(0)
    expect(ada.get("chats-tab")).to_be_visible()


def test_escape_leads_from_the_settings_back_to_the_conversation(site: Site) -> None:
    ada, grace = site.signed_up("Ada"), site.signed_up("Grace")
    ada.begin_chat(grace)
    ada.get("composer").fill("half a thought")
    ada.settings("devices")
    ada.get("settings-api-keys").click()
    ada.page.keyboard.press("Escape")
    expect(ada.get("settings-dialog")).to_have_count(0)
    ada.at(grace.name)
    expect(ada.get("composer")).to_have_value("half a thought")
    expect(ada.get("settings")).to_be_focused()
    ada.settings("security")
    ada.get("change-password").click()
    ada.get("current-password").fill(PASSWORD)
    ada.get("new-password").fill("another horse battery")
    ada.get("save-password").click()
    expect(ada.get("toast")).to_contain_text("Password changed")
