"""The font of plots and papers: every character of GB 2312 and Latin letters, so that they look the same on every machine."""

from pathlib import Path

FONT = Path(__file__).with_name("fonts") / "yujing-sans.otf"
