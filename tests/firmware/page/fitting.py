"""Opens the page on a screen and in a language, and says in words what does not fit there."""

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from tests.firmware.page.catalogues import PSEUDO, pseudo_catalogue
from tests.firmware.page.serving import Server

SCREENS = {"800x480": (800, 480), "1024x600": (1024, 600)}
WIDE_MM = 152  # of the picture on both, 7 inches across
TOUCH_MM, GAP_MM = 18, 4
PICTURES = Path(__file__).resolve().parents[3] / "build" / "screens"
PICTURES.mkdir(parents=True, exist_ok=True)
FIT = Path(__file__).with_name("fit.js").read_text()


def open_page(
    browser: Browser, server: Server, screen: str, language: str, theme: str = "sun"
) -> Page:
    wide, high = SCREENS[screen]
    page = browser.new_page(viewport={"width": wide, "height": high}, locale="en-GB")
    kept = {"greenline-language": language, "greenline-theme": theme}
    page.add_init_script(f"Object.assign(localStorage, {json.dumps(kept)})")
    page.route(f"**/words/{PSEUDO}.json", lambda route: route.fulfill(json=pseudo_catalogue()))
    page.goto(server.url)
    page.locator("#kiosk", has_text="kiosk-07").wait_for()
    return page


def wrong(found: dict[str, Any], screen: str) -> list[str]:
    """Return in words what is wrong with what fit.js measured."""
    one_mm = SCREENS[screen][0] / WIDE_MM
    small = [
        name for name, wide, high in found["targets"] if min(wide, high) < TOUCH_MM * one_mm - 0.6
    ]
    near = [name for name, gap in found["gaps"] if gap < GAP_MM * one_mm - 0.6]
    told = {
        "small": small,
        "near": near,
        "cut off": found["cut"],
        "outside": found["outside"],
        "scrolls": found["scrolls"],
        "untranslated": [] if found["untranslated"] == "0" else [found["untranslated"]],
    }
    return [f"{what}: {', '.join(names)}" for what, names in told.items() if names]
