"""The page as people use it: real windows of a real browser, on one process and on two."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.services.deployment import Deployment
from tests.web.window import DESK, PHONE, Window

Open = Callable[..., Window]
HOSTILE = '<img src=x onerror="document.title=\'hacked\'"> <script>document.title="hacked"</script> javascript:alert(1)'


@pytest.fixture
def signed_up(browser: Browser, deployment: Deployment) -> Iterator[Open]:
    """`signed_up("Ada")`: a window with a fresh account; on a cluster each next one is at another process."""
    windows: list[Window] = []

    def open_window(name: str, **options: object) -> Window:
        url = deployment.urls[len(windows) % len(deployment.urls)]
        windows.append(Window(browser, url, **options))  # type: ignore[arg-type]
        return windows[-1].sign_up(name)

    yield open_window
    problems = [problem for window in windows for problem in window.problems]
    for window in windows:
        window.close()
    assert not [p for p in problems if "ERR_INTERNET_DISCONNECTED" not in p], problems


def test_two_people_sign_up_and_chat(signed_up: Open) -> None:
    ada, grace = signed_up("Ada"), signed_up("Grace")
    ada.begin_chat(grace)
    ada.write("Hello Grace")
    expect(grace.item(ada.name).get_by_test_id("unread-badge")).to_have_attribute("data-unread", "1")
    ada.state_of("Hello Grace", "delivered")
    grace.open(ada.name)
    grace.sees("Hello Grace")
    ada.state_of("Hello Grace", "read")
    expect(grace.item(ada.name).get_by_test_id("unread-badge")).to_have_count(0)
    grace.write("Hello Ada")
    ada.sees("Hello Ada")


def test_typing_and_presence_are_shown(signed_up: Open) -> None:
    ada, grace = signed_up("Ada"), signed_up("Grace")
    ada.begin_chat(grace)
    ada.write("first")
    grace.open(ada.name)
    expect(ada.item(grace.name).get_by_test_id("presence-dot")).to_have_attribute("data-status", "online")
    grace.get("composer").press_sequentially("hm")
    expect(ada.get("typing-indicator")).to_be_visible()
    grace.get("composer").fill("")
    expect(ada.get("typing-indicator")).not_to_be_visible()
    grace.close()
    expect(ada.item(grace.name).get_by_test_id("presence-dot")).not_to_have_attribute(
        "data-status", "online", timeout=20_000
    )


def test_what_is_written_without_a_network_is_sent_when_it_returns(signed_up: Open) -> None:
    ada, grace = signed_up("Ada"), signed_up("Grace")
    ada.begin_chat(grace)
    ada.write("before")
    grace.open(ada.name)
    ada.offline(True)
    for text in ("one", "two", "three"):
        ada.write(f"offline {text}")
    ada.state_of("offline three", "sending")
    expect(ada.get("connection-state")).to_be_visible()
    grace.write("meanwhile")
    ada.offline(False)
    ada.state_of("offline three", "sent|delivered|read")
    ada.sees("meanwhile")
    grace.sees("offline three")
    assert [text for text in grace.texts() if text.startswith("offline")] == [
        "offline one",
        "offline two",
        "offline three",
    ]


def test_unsent_messages_survive_a_reload(signed_up: Open) -> None:
    ada, grace = signed_up("Ada"), signed_up("Grace")
    ada.begin_chat(grace)
    ada.write("before")
    ada.state_of("before", "sent|delivered|read")
    ada.cut_sockets()
    ada.page.reload()
    ada.at(grace.name)
    ada.write("kept")
    ada.state_of("kept", "sending")
    ada.page.reload()
    ada.state_of("kept", "sending")
    ada.mend_sockets()
    ada.page.reload()
    ada.state_of("kept", "sent|delivered|read")
    grace.open(ada.name)
    grace.sees("kept")
    ada.problems.clear()  # the connections that were cut


def test_reply_edit_react_and_delete(signed_up: Open) -> None:
    ada, grace = signed_up("Ada"), signed_up("Grace")
    ada.begin_chat(grace)
    ada.write("a first thought")
    grace.open(ada.name)
    grace.act("a first thought", "reply")
    grace.write("an answer")
    expect(ada.message("an answer").get_by_test_id("reply-quote")).to_contain_text("a first thought")

    ada.page.get_by_test_id("message").filter(has=ada.page.get_by_text("a first thought", exact=True)).first.hover()
    ada.get("composer").press("ArrowUp")
    expect(ada.get("composer")).to_have_value("a first thought")
    ada.write("a second thought")
    expect(grace.get("message-text").filter(has_text="a second thought").first).to_be_visible()
    expect(grace.get("edited").first).to_be_visible()

    grace.act("an answer", "react")
    grace.get("emoji-picker").get_by_role("button").first.click()
    expect(ada.message("an answer").get_by_test_id("reaction")).to_be_visible()

    grace.act("an answer", "delete")
    grace.get("confirm").click()
    expect(ada.message("an answer")).to_have_count(0)
    expect(ada.get("reaction")).to_have_count(0)


def test_a_room_is_found_joined_and_left(signed_up: Open) -> None:
    ada, grace = signed_up("Ada"), signed_up("Grace")
    title = f"Room of {ada.name}"
    ada.get("new-menu").first.click()
    ada.get("new-room").first.click()
    ada.get("title").fill(title)
    ada.get("create").click()
    ada.at(title)
    grace.get("rooms-tab").click()
    grace.get("room-list").wait_for()
    grace.get("filter").fill(title)
    grace.get("room-item").filter(has_text=title).get_by_test_id("join-room").click()
    grace.at(title)
    ada.write("Welcome")
    grace.sees("Welcome")


def test_somebody_removed_from_a_group_hears_nothing_more(signed_up: Open) -> None:
    ada, grace = signed_up("Ada"), signed_up("Grace")
    ada.get("new-menu").first.click()
    ada.get("new-group").first.click()
    title = f"Group of {ada.name}"
    ada.get("title").fill(title)
    ada.get("people-search").fill(grace.name)
    ada.get("person").filter(has_text=grace.name).first.click()
    ada.get("create").click()
    ada.at(title)
    grace.open(title)
    ada.get("details").first.click()
    ada.get("member").filter(has_text=grace.name).get_by_test_id("member-menu").click()
    ada.get("remove-member").click()
    ada.get("confirm").click()
    expect(grace.item(title)).to_have_count(0)
    ada.get("close-details").click()
    ada.write("only for us")
    ada.state_of("only for us", "sent|delivered|read")
    assert "only for us" not in grace.page.content()


def test_hostile_text_is_shown_as_text(signed_up: Open) -> None:
    ada, grace = signed_up("Ada"), signed_up("Grace")
    ada.begin_chat(grace)
    ada.write(HOSTILE)
    grace.open(ada.name)
    expect(grace.get("message-text").first).to_contain_text('<img src=x onerror="')
    assert grace.page.locator("[data-testid=message] img, [data-testid=message] script").count() == 0
    assert grace.page.locator('a[href^="javascript"]').count() == 0
    assert "hacked" not in grace.page.title()


def test_older_messages_load_on_the_way_up_and_a_button_leads_back(signed_up: Open) -> None:
    ada, grace = signed_up("Ada"), signed_up("Grace")
    ada.begin_chat(grace)
    for number in range(1, 71):
        ada.write(f"line {number} of 70")
    ada.state_of("line 70 of 70", "sent|delivered|read")
    grace.open(ada.name)
    grace.sees("line 70 of 70")
    timeline = grace.get("timeline")
    for _ in range(10):
        if grace.message("line 1 of 70").count():
            break
        timeline.hover()
        grace.page.mouse.wheel(0, -4000)
        grace.page.wait_for_function("() => document.querySelectorAll('[data-testid=timeline-loading]').length === 0")
    grace.sees("line 1 of 70")
    grace.message("line 1 of 70").scroll_into_view_if_needed()
    ada.write("one more")
    expect(grace.get("jump-latest")).to_be_visible()
    grace.get("jump-latest").click()
    expect(grace.message("one more")).to_be_in_viewport()


@pytest.mark.parametrize(("width", "scheme"), [(DESK, "light"), (DESK, "dark"), (PHONE, "light"), (PHONE, "dark")])
def test_nothing_is_wider_than_the_window(signed_up: Open, width: dict[str, int], scheme: str) -> None:
    ada, grace = signed_up("Ada", viewport=width, color_scheme=scheme), signed_up("Grace")
    grace.begin_chat(ada)
    grace.write("w" * 300)
    ada.open(grace.name)
    ada.sees("w" * 300)
    assert ada.page.evaluate("document.documentElement.scrollWidth") <= width["width"]


def test_a_person_stays_signed_in_and_signs_out(signed_up: Open) -> None:
    ada = signed_up("Ada")
    ada.page.reload()
    expect(ada.get("chats-tab")).to_be_visible()
    ada.get("settings").first.click()
    ada.get("sign-out").click()
    expect(ada.get("sign-in-form")).to_be_visible()
    ada.page.reload()
    expect(ada.get("sign-in-form")).to_be_visible()


def test_a_wrong_password_is_told_plainly(browser: Browser, embedded: Deployment) -> None:
    window = Window(browser, embedded.url)
    window.get("sign-in-username").fill("nobody")
    window.get("sign-in-password").fill("not the password")
    window.get("sign-in").click()
    expect(window.get("form-error")).to_contain_text(re.compile("password", re.IGNORECASE))
    window.close()
