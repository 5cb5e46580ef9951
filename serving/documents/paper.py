"""A paper: sentences first, then what they rest on; made once, written as PDF, Word, HTML that loads nothing, or plain text."""

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from serving.documents.templates import html_environment
from serving.text import Text

Language = Literal["zh", "en"]
NARROW = re.compile(r"(?<=[\u3000-\uff5e])[,;:()]|[,;:()](?=[\u3000-\uff5e])")
WIDE = str.maketrans(",;:()", "，；：（）")


def spoken(text: Text, language: Language) -> str:
    """Return a text in one language; Chinese gets marks as wide as its letters.

    >>> spoken(Text(zh="新事项(距上一次警情4天)", en="new (4 days since a call)"), "zh")
    '新事项（距上一次警情4天）'
    """
    return NARROW.sub(lambda found: found[0].translate(WIDE), text.zh) if language == "zh" else text.en


@dataclass(frozen=True)
class Speaker:
    """Chooses between Chinese and English.

    >>> Speaker("zh")("无", "none"), Speaker("en").of(Text(zh="无", en="none"))
    ('无', 'none')
    """

    language: Language

    def __call__(self, zh: str, en: str) -> str:
        """Choose one of two sentences."""
        return zh if self.language == "zh" else en

    def of(self, text: Text) -> str:
        """Return a text in the language."""
        return spoken(text, self.language)


@dataclass(frozen=True)
class Table:
    """Cells as they are printed; the first column is words, the others are figures."""

    header: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


@dataclass(frozen=True)
class Point:
    """One thing to look at."""

    head: str
    body: str = ""
    mark: str = ""
    """A word in front of the head, such as 新."""


@dataclass(frozen=True)
class Section:
    """One heading and what stands below it."""

    title: str
    sentences: tuple[str, ...] = ()
    table: Table | None = None
    plot: str | None = None
    """Name of the plot; `title` describes it to who cannot see it."""
    points: tuple[Point, ...] = ()
    on_new_page: bool = False


@dataclass(frozen=True)
class Paper:
    """One paper in one language."""

    title: str
    lead: str
    sections: Sequence[Section]
    standing: tuple[str, ...]
    """Sentences at its end: what it is for, and what it is not."""
    headline: tuple[str, ...] = ()
    """Notices to the reader, in order of importance."""
    plots: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """PNG by name."""
    language: Language = "zh"
    one_page: bool = False
    """True where it must fit on one A4 page; the type shrinks until it does."""


def to_text(paper: Paper) -> str:
    """Return a paper as lines; tables and pictures are left to the files."""
    lines = [paper.title, paper.lead, "", *paper.headline]
    for section in paper.sections:
        lines += ["", *_lines(section, zh=paper.language == "zh")]
    return "\n".join([*lines, "", *paper.standing]) + "\n"


def _lines(section: Section, *, zh: bool) -> Iterator[str]:
    yield f"【{section.title}】" if zh else section.title.upper()
    yield from section.sentences
    for number, point in enumerate(section.points, start=1):
        mark = (f"【{point.mark}】" if zh else f" [{point.mark}]") if point.mark else ""
        yield f"{number}. {point.head}{mark}"
        if point.body:
            yield f"   {point.body}"


def to_html(paper: Paper) -> bytes:
    """Return the file."""
    return html_environment("serving.documents", "").get_template("paper.html").render(page=paper, plots=picture_urls(paper)).encode()


def picture_urls(paper: Paper) -> dict[str, str]:
    """Return the pictures of a paper as addresses that hold them."""
    return {name: f"data:image/png;base64,{b64encode(content).decode()}" for name, content in paper.plots.items()}
