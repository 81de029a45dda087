"""Administration in the page: people, roles, bans, plans, the audit log; for nobody but administrators."""

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.services import deployment as deployments
from tests.services.api import Account, Api
from tests.services.database import Database
from tests.services.deployment import Deployment
from tests.services.mail import MailServer
from tests.services.roles import give_role
from tests.web.window import PASSWORD, PHONE, Window

SECTIONS = ("overview", "people", "roles", "plans", "audit")


@dataclass
class Office:
    """A server that mails, its administrators and the windows that are open on it."""

    deployment: Deployment
    letters: MailServer
    browser: Browser
    windows: list[Window]

    def person(self, role: str = "member", **fields: str) -> Account:
        person = Api(self.deployment.url).register(password=PASSWORD, **fields)
        return give_role(Database(self.deployment.database_url), person, role)

    def window(self, person: Account | None = None, **options: Any) -> Window:
        self.windows.append(Window(self.browser, self.deployment.url, **options))
        if person is not None:
            self.windows[-1].sign_in(person.username)
        return self.windows[-1]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Deployment, MailServer]]:
    letters = MailServer()
    with deployments.embedded(tmp_path_factory.mktemp("office"), letters.settings) as deployment:
        letters.start()
        yield deployment, letters
        letters.stop()


@pytest.fixture
def office(browser: Browser, server: tuple[Deployment, MailServer]) -> Iterator[Office]:
    office = Office(*server, browser, [])
    yield office
    problems = [problem for window in office.windows for problem in window.problems]
    for window in office.windows:
        window.close()
    assert not problems


@pytest.fixture
def root(office: Office) -> Window:
    """The window of an administrator, in the administration."""
    window = office.window(office.person("admin"))
    window.get("admin").click()
    expect(window.get("section-overview")).to_be_visible()
    return window


def open_account(root: Window, person: Account) -> None:
    root.get("admin-people").click()
    root.get("person-search").fill(person.username)
    expect(root.get("account")).to_have_count(1)
    root.get("open-account").click()
    expect(root.get("account-card")).to_contain_text(f"@{person.username}")


def test_a_new_role_is_given_and_followed_by_the_open_page_of_that_person(office: Office, root: Window) -> None:
    person = office.person()
    ada = office.window(person)
    open_account(root, person)
    expect(root.get("save-account")).to_be_disabled()
    root.get("account-role").select_option("buyer")
    root.get("account-plan").select_option("vip")
    root.get("save-account").click()
    card = root.get("account-card")
    expect(card).to_have_attribute("data-role", "buyer")
    expect(card).to_have_attribute("data-plan", "vip")
    expect(ada.get("rooms-tab")).to_have_count(0)
    changed = root.page.locator("[data-action='user.role_changed']")
    expect(changed).to_contain_text("Member → Buyer")


def test_a_suspended_person_is_signed_out_and_let_in_again(office: Office, root: Window) -> None:
    person = office.person()
    ada = office.window(person)
    open_account(root, person)
    root.get("ban").click()
    root.get("confirm-ban").click()
    expect(root.get("error-reason")).to_be_visible()
    root.get("ban-reason").fill("Spam in rooms")
    root.get("confirm-ban").click()
    expect(ada.get("session-ended")).to_contain_text("suspended", timeout=2_000)
    expect(root.get("section-people")).to_contain_text("Spam in rooms")
    root.get("unban").click()
    expect(root.get("ban")).to_be_visible()
    ada.sign_in(person.username)
    root.get("end-sessions").click()
    root.get("confirm").click()
    expect(ada.get("session-ended")).to_be_visible(timeout=2_000)
    # The browser's own lines about calls of the ended sessions.
    ada.problems[:] = [problem for problem in ada.problems if "status of 401" not in problem]


def test_somebody_invited_chooses_a_password_by_mail_and_signs_in(office: Office, root: Window) -> None:
    name = f"grace{uuid.uuid4().hex[:8]}"
    root.get("admin-people").click()
    root.get("new-person").click()
    root.get("create-person").click()
    expect(root.get("error-username")).to_be_visible()
    expect(root.get("error-email")).to_be_visible()
    root.get("person-username").fill(name)
    root.get("person-email").fill(f"{name}@example.com")
    root.get("person-new-role").select_option("agent")
    root.get("create-person").click()
    expect(root.get("account-card")).to_have_attribute("data-role", "agent")
    grace = office.window()
    grace.page.goto(office.letters.wait_for(f"{name}@example.com").link)
    grace.get("reset-password").fill(PASSWORD)
    grace.get("set-password").click()
    grace.sign_in(name)


def test_a_plan_gets_other_numbers_within_bounds(office: Office, root: Window) -> None:
    root.get("admin-plans").click()
    field = root.get("plan-vip-requests_per_minute")
    field.fill("0")
    root.get("save-plan-vip").click()
    expect(root.get("error-requests_per_minute")).to_be_visible()
    field.fill("7777")
    root.get("save-plan-vip").click()
    expect(root.get("toast").last).to_contain_text("Saved")
    root.page.reload()
    expect(field).to_have_value("7777")
    root.get("admin-audit").click()
    root.get("audit-action").select_option("plan.changed")
    expect(root.get("audit-event").first).to_contain_text("vip")
    expect(root.page.locator("[data-testid=audit-event]:not([data-action='plan.changed'])")).to_have_count(0)


def test_the_numbers_and_the_table_of_roles_are_the_servers(office: Office, root: Window) -> None:
    expect(root.get("figure-users").locator("dd").first).to_have_text(re.compile(r"^\d+$"))
    expect(root.get("figure-online").locator("dd").first).to_have_text(re.compile(r"^[1-9]"))
    root.get("admin-roles").click()
    rooms = root.get("roles").locator("tr").filter(has_text="Use public rooms")
    expect(rooms.locator("td")).to_have_text(["Yes", "", "", "Yes", "Yes"])


def test_nobody_else_is_led_into_the_administration(office: Office, root: Window) -> None:
    url = office.deployment.url
    ada = office.window(office.person())
    expect(ada.get("admin")).to_have_count(0)
    ada.page.goto(f"{url}/#/admin/people")
    expect(ada.page).to_have_url(f"{url}/#/")
    expect(ada.get("admin-dialog")).to_have_count(0)


def test_the_administration_closes_for_whom_it_no_longer_is(office: Office, root: Window) -> None:
    second = office.person("admin")
    other = office.window(second)
    other.get("admin").click()
    expect(other.get("figures")).to_be_visible()
    open_account(root, second)
    root.get("account-role").select_option("member")
    root.get("save-account").click()
    expect(other.get("admin-dialog")).to_have_count(0, timeout=2_000)
    expect(other.get("admin")).to_have_count(0)


def test_one_does_not_change_oneself(office: Office, root: Window) -> None:
    me = root.page.evaluate("JSON.parse(localStorage['chatsphere.session']).user")
    root.page.goto(f"{office.deployment.url}/#/admin/people/{me['id']}")
    expect(root.get("account-card")).to_contain_text(me["username"])
    expect(root.get("audit-event").first).to_be_visible()
    for missing in ("account-role", "ban", "end-sessions"):
        expect(root.get(missing)).to_have_count(0)


def test_the_keyboard_stays_where_one_is(office: Office, root: Window) -> None:
    person = office.person()
    root.get("admin-people").press("Enter")
    root.get("person-search").fill(person.username)
    expect(root.get("account")).to_have_count(1)
    root.get("open-account").press("Enter")
    expect(root.get("account-card")).to_be_visible()
    expect(root.page.locator("h2:focus")).to_have_text("People")
    root.get("ban").press("Enter")
    expect(root.get("ban-reason")).to_be_focused()
    root.page.keyboard.type("Spam")
    root.page.keyboard.press("Enter")
    expect(root.get("unban")).to_be_visible()
    root.page.keyboard.press("Tab")
    expect(root.get("unban")).to_be_focused()
    root.page.keyboard.press("Escape")
    expect(root.get("person-search")).to_have_value(person.username)
    expect(root.page.locator("h2:focus")).to_have_count(1)
    root.page.keyboard.press("Escape")
    expect(root.get("admin-dialog")).to_have_count(0)
    expect(root.get("admin")).to_be_focused()


def test_it_fits_a_phone_and_leads_back(office: Office) -> None:
    person = office.person(display_name="A name that is as long as a name may be, and not one letter less")
    root = office.window(office.person("admin"), viewport=PHONE)
    root.get("admin").click()
    for section in SECTIONS:
        root.get(f"admin-{section}").click()
        expect(root.get(f"section-{section}")).to_be_visible()
        expect(root.page.locator("[aria-busy=true]")).to_have_count(0)
        inner = f"document.querySelector('[data-testid=section-{section}]').scrollWidth"
        assert root.page.evaluate(f"Math.max(document.documentElement.scrollWidth, {inner})") <= PHONE["width"], section
        root.get("admin-back").click()
    open_account(root, person)
    root.get("admin-back").click()
    expect(root.get("person-search")).to_have_value(person.username)
    root.get("admin-back").click()
    root.get("dialog-close").click()
    expect(root.get("admin-dialog")).to_have_count(0)
