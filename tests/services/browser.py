"""A real Chromium, driven by Playwright."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, expect, sync_playwright

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""The first is the same engine without a window's frame, whose own pages cost four times what ours do."""
FLAGS = [
    "--no-sandbox",  # CI runs as root
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
PATIENCE = 20_000
"""Milliseconds for what a page should come to show: it is no measure of speed."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium or Chrome, else the one Playwright installed."""
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()
