"""A person in front of the page: one browser window, driven through what they see."""

import re
import uuid
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect

DESK = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
PASSWORD = "correct horse battery"
WAIT = 10_000
SOCKETS = re.compile("/socket[.]io/")


class Window:
    """Opens the page at `url`; `problems` collects what the browser's console calls an error."""

    def __init__(self, browser: Browser, url: str, viewport: dict[str, int] | None = None, **options: Any) -> None:
        self.context = browser.new_context(viewport=viewport or DESK, **options)  # type: ignore[arg-type]
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(WAIT)
        self.problems: list[str] = []
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("console", lambda m: self.problems.append(m.text) if m.type == "error" else None)
        self.id = self.name = self.username = self.email = ""
        self.sockets_cut = False
        self.page.goto(url)

    def get(self, test_id: str) -> Locator:
        return self.page.get_by_test_id(test_id)

    def sign_up(self, name: str) -> "Window":
        """With a display name that no other test uses."""
        tag = uuid.uuid4().hex[:8]
        self.name, self.username = f"{name} {tag}", f"{name.lower()}{tag}"
        self.email = f"{self.username}@example.com"
        self.get("to-sign-up").click()
        self.get("sign-up-username").fill(self.username)
        self.get("sign-up-email").fill(self.email)
        self.get("sign-up-password").fill(PASSWORD)
        if self.get("sign-up-display-name").count():
            self.get("sign-up-display-name").fill(self.name)
        self.get("sign-up").click()
        expect(self.get("chats-tab")).to_be_visible()
        return self

    def sign_in(self, username: str, password: str = PASSWORD) -> None:
        self.get("sign-in-username").fill(username)
        self.get("sign-in-password").fill(password)
        self.get("sign-in").click()
        expect(self.get("settings")).to_be_visible()

    def settings(self, section: str) -> None:
        """Open a section of the settings, from wherever one is."""
        if not self.get("settings-dialog").count():
            self.get("settings").click()
        self.get(f"settings-{section}").click()
        expect(self.get(f"section-{section}")).to_be_visible()

    def begin_chat(self, other: "Window") -> None:
        """Find the other person and open a private chat."""
        self.get("new-menu").first.click()
        self.get("new-chat").first.click()
        self.get("people-search").fill(other.name)
        self.get("person").filter(has_text=other.name).first.click()
        self.at(other.name)

    def open(self, title: str) -> None:
        self.get("conversation-item").filter(has_text=title).first.click()
        self.at(title)

    def at(self, title: str) -> None:
        expect(self.get("conversation-title")).to_contain_text(title)

    def item(self, title: str) -> Locator:
        """The conversation's row in the list."""
        return self.get("conversation-item").filter(has_text=title).first

    def write(self, text: str) -> None:
        self.get("composer").fill(text)
        self.get("composer").press("Enter")

    def message(self, text: str) -> Locator:
        return self.get("message").filter(has_text=text)

    def sees(self, text: str) -> None:
        expect(self.message(text)).to_have_count(1)

    def state_of(self, text: str, state: str) -> None:
        """Wait until the message's state is one of `state` ("sent", "delivered|read" …)."""
        expect(self.message(text)).to_have_attribute("data-state", re.compile(f"^({state})$"))

    def texts(self) -> list[str]:
        return self.get("message-text").all_inner_texts()

    def act(self, text: str, action: str) -> None:
        """Press a button of the message's own bar: react, reply, edit, delete."""
        row = self.message(text)
        row.hover()
        button = row.get_by_test_id(action)
        if button.count():
            button.first.click()
        else:  # the rarer ones are behind the menu
            row.get_by_test_id("message-menu").first.click()
            self.get(action).last.click()

    def offline(self, cut: bool) -> None:
        self.context.set_offline(cut)

    def cut_sockets(self) -> None:
        """From the next load of the page on its sockets fail, while the page itself still loads."""
        self.sockets_cut = True
        self.context.route_web_socket(SOCKETS, lambda ws: ws.close() if self.sockets_cut else ws.connect_to_server())
        self.context.route(SOCKETS, lambda route: route.abort() if self.sockets_cut else route.continue_())

    def mend_sockets(self) -> None:
        self.sockets_cut = False

    def close(self) -> None:
        self.context.close()
