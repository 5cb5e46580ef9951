"""A finished page, opened as its reader would: from a file, in a real browser, without a network."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Seen:
    """What a browser made of a page 1440 pixels wide."""

    faults: list[str]
    """Words on the console, errors of scripts, and requests that fail or leave the file."""
    width: int
    """Width of the document in pixels; more than the window's means that a reader has to scroll sideways."""
    images: list[int]
    """Width of each image in pixels, 0 for one that cannot be drawn."""
    cut: int
    """Number of panels whose content is wider than they are."""


def open_page(path: Path) -> Seen:
    """Open an HTML file and tell what was seen; skip the test where there is no browser."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = shutil.which("chromium") or pytest.skip("Chromium is not installed")
    faults: list[str] = []
    with playwright.sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.on("console", lambda message: faults.append(message.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("requestfailed", lambda request: faults.append(request.url))
        page.on("request", lambda request: request.url.startswith(("file:", "data:")) or faults.append(request.url))
        page.goto(path.as_uri())
        width = page.evaluate("document.documentElement.scrollWidth")
        images = page.evaluate("[...document.images].map(image => image.naturalWidth)")
        cut = page.evaluate("[...document.querySelectorAll('.panel')].filter(panel => panel.scrollWidth > panel.clientWidth + 1).length")
        browser.close()
    return Seen(faults, width, images, cut)
