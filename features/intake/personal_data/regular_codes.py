"""Codes that look like numbers of bank cards and are none: of sixteen digits, one in ten passes their check by chance."""

from collections import Counter

import polars as pl
from scipy.stats import binom

CHANCE = 0.1
"""Share of plain numbers that pass the check digit of a card."""
SURE = 1e-3
"""Codes are doubted when so many hits had a smaller probability than this."""
PREFIX_CHARS = 6
"""Codes of grids begin with the code of a county."""
FEWEST_ALIKE = 3


def regular_codes(codes: pl.Series, suspects: pl.Series) -> frozenset[str]:
    """Return those suspects that are codes by all other signs: one length, beginnings that many share, no more hits than chance gives.

    Args:
        codes: all codes of a column that is declared to hold codes.
        suspects: those among them that could be numbers of cards.
    """
    distinct = codes.drop_nulls().unique()
    length = Counter(distinct.str.len_chars()).most_common(1)[0][0] if len(distinct) else 0
    alike = pl.DataFrame({"code": distinct}).filter(pl.col("code").str.contains(rf"^\d{{{length}}}$"))
    alike = alike.filter(pl.len().over(pl.col("code").str.head(PREFIX_CHARS)) >= FEWEST_ALIKE)
    hits = alike.filter(pl.col("code").is_in(suspects.implode()))["code"]
    if binom.sf(len(hits) - 1, alike.height, CHANCE) < SURE:
        return frozenset()
    return frozenset(hits)
