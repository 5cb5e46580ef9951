"""Sentences about what was read, in both languages."""

from typing import Literal, Self


class Remark(str):
    """One sentence in English, as commands write it, that also knows itself in Chinese.

    >>> remark = Remark("Two rows are empty.", zh="两行为空。")
    >>> remark, remark.in_language("zh")
    ('Two rows are empty.', '两行为空。')
    """

    __slots__ = ("zh",)
    zh: str

    def __new__(cls, en: str, *, zh: str) -> Self:
        """Make the sentence; `zh` says the same in Chinese."""
        remark = super().__new__(cls, en)
        remark.zh = zh
        return remark

    def in_language(self, language: Literal["zh", "en"]) -> str:
        """Return the sentence in one language."""
        return self.zh if language == "zh" else str(self)
