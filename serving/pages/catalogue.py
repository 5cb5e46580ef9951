"""Every word of the pages, in both languages, from one file."""

import re
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

import yaml

from serving.words import Text

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
NARROW = re.compile(r"(?<=[\u4e00-\u9fff])[,;:]|[,;:](?=[\u4e00-\u9fff])")
WIDE = {",": "，", ";": "；", ":": "："}


@cache
def catalogue() -> dict[str, Text]:
    """Return the words by key."""
    written = files("serving.pages").joinpath("words.yaml").read_text(encoding="utf-8")
    return {key: Text(**both) for key, both in yaml.safe_load(written).items()}


class Speaker:
    """Says things in one language.

    >>> Speaker("zh")("cases", n=3), Speaker("en")("cases", n=3)
    ('3件', '3 cases')
    """

    def __init__(self, language: Language) -> None:
        self.language: Language = language

    def __call__(self, key: str, **values: object) -> str:
        """Return a phrase of the catalogue with its values filled in."""
        return self.of(catalogue()[key]).format(**values)

    def named(self, kind: str, name: str) -> str:
        """Return what a thing of some kind is called, or its name where the catalogue does not have it."""
        return self(key) if (key := f"{kind}_{name}") in catalogue() else name

    def of(self, text: Text) -> str:
        """Return the half of a text that is in this language; Chinese gets marks as wide as its letters.

        >>> Speaker("zh").of(Text(zh="截至24:00,范围:1,200至1,300件", en=""))
        '截至24:00，范围：1,200至1,300件'
        """
        return NARROW.sub(lambda found: WIDE[found[0]], text.zh) if self.language == "zh" else text.en
