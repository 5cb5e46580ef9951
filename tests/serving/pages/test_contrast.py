"""Letters stand out from what they are written on, in both themes."""

import re
from pathlib import Path

import pytest

CSS = Path(__file__).parents[3] / "serving" / "frontend" / "src" / "base.css"
LEAST = 4.5
GROUNDS = ("bg", "surface", "sunk")
PAIRS = [
    *((letters, ground) for letters in ("ink", "ink-2", "ink-3", "act") for ground in GROUNDS),
    *((f"lv{level}-ink", f"lv{level}") for level in range(4)),
    ("act-ink", "act"),
    ("act", "act-soft"),
    ("bg", "ink"),
]


def colours(theme: str) -> dict[str, str]:
    """Return the colours of a theme by name; the light ones hold where the dark theme sets none."""
    light, dark = CSS.read_text(encoding="utf-8").split('[data-theme="dark"]', 1)
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", light))
    return found if theme == "light" else found | dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", dark))


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours as WCAG defines it, 1 to 21."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_letters_stand_out_from_their_ground(theme: str) -> None:
    known = colours(theme)
    weak = {f"{one} on {other}": round(contrast(known[one], known[other]), 2) for one, other in PAIRS}

    assert {pair: ratio for pair, ratio in weak.items() if ratio < LEAST} == {}


def test_contrast_check_would_notice_grey_on_grey() -> None:
    assert round(contrast("#000000", "#ffffff")) == 21
    assert contrast("#93a2b0", "#ffffff") < LEAST
