"""Plots on a machine without any installed font."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from fontTools.ttLib import TTFont
from matplotlib import font_manager

from features.display import FONT
from features.errors import StoreError
from training.plots import figure
from training.plots.figure import font_family, paint

ROOT = Path(__file__).parents[3]
ROOMS = ("features", "training", "serving")
TEXTS = [path for room in ROOMS for path in (ROOT / room).rglob("*") if path.suffix in {".py", ".yaml", ".html"}]
LAST_OF_THE_BLOCK = "\u9fff"
"""The end of a range in patterns, no character of a text."""
MOST_BYTES = 2_000_000


@pytest.fixture(scope="module")
def drawn_characters():
    with TTFont(FONT) as font:
        return set(map(chr, font.getBestCmap()))


def test_font_holds_every_chinese_character_of_our_texts(drawn_characters):
    written = {character for path in TEXTS for character in path.read_text(encoding="utf-8") if "\u3000" <= character <= "\uffef"}

    assert len(written) > 500
    assert set() == written - drawn_characters - {LAST_OF_THE_BLOCK}


def test_font_holds_the_characters_that_names_of_places_are_written_with(drawn_characters):
    ideographs = [bytes([row, cell]).decode("gb2312", "ignore") for row in range(0xB0, 0xF8) for cell in range(0xA1, 0xFF)]

    assert 6763 == sum(map(bool, ideographs))
    assert set() == set(filter(None, ideographs)) - drawn_characters


def test_font_is_small_and_has_its_licence_beside_it():
    assert FONT.stat().st_size < MOST_BYTES
    assert "SIL OPEN FONT LICENSE" in FONT.with_name("OFL.txt").read_text(encoding="utf-8")


def test_paint_without_installed_fonts_misses_no_glyph():
    """In a process of its own, where matplotlib finds no fonts but those it brings; a missing glyph is a warning, and so an error."""
    program = (
        "from matplotlib import font_manager\n"
        "font_manager.fontManager.ttflist = [font for font in font_manager.fontManager.ttflist if 'matplotlib' in font.fname]\n"
        "from training.plots.figure import paint\n"
        "paint(lambda axes: axes[0].set_title('矛盾纠纷：近28天，×1.80 − 0.5 ±95% ≥ (浏家桥镇)'))\n"
    )

    subprocess.run([sys.executable, "-W", "error::UserWarning", "-c", program], check=True, cwd=ROOT)


def test_paint_writes_in_the_shipped_font():
    used = []
    paint(lambda axes: used.append(font_manager.findfont(axes[0].title.get_fontproperties())))

    assert ["Yujing Sans"] == [font_family()]
    assert [str(FONT)] == used


def test_font_that_is_damaged_is_an_error_that_says_what_to_do(tmp_path, monkeypatch):
    (tmp_path / "broken.otf").write_bytes(np.arange(100, dtype=np.uint8).tobytes())
    monkeypatch.setattr(figure, "FONT", tmp_path / "broken.otf")

    with pytest.raises(StoreError, match="Install yujing again"):
        font_family.__wrapped__()
