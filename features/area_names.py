"""Names of areas as the full names of their grids tell them, where no grid file states them."""

import re
from collections.abc import Iterable

TOWNSHIP = re.compile(r".+?(?:街道|镇|乡|开发区|园区|农场)")
COMMUNITY = re.compile(r".+?(?:社区|居委会|村委会|村|居)")


def names_from_grids(grids: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return path -> name of the areas below the top whose grids all begin with it.

    Args:
        grids: parent_path and full name of each.

    >>> names_from_grids([("d/t1/c1", "甲街道滨河社区第1网格"), ("d/t1/c2", "甲街道滨江社区第1网格")])
    {'d/t1': '甲街道', 'd/t1/c1': '滨河社区', 'd/t1/c2': '滨江社区'}
    """
    spans: dict[str, tuple[str, str]] = {}
    for parent_path, name in grids:
        codes = parent_path.split("/")
        for depth in range(2, len(codes) + 1):
            path = "/".join(codes[:depth])
            first, last = spans.get(path, (name, name))
            spans[path] = min(first, name), max(last, name)
    names = {path: _common_name(first, last, path.count("/")) for path, (first, last) in spans.items()}
    return {path: name for path, name in names.items() if name}


def _common_name(first: str, last: str, depth: int) -> str:
    """Return the name of the area that the first and the last of some names share; empty where they share none.

    >>> _common_name("甲街道滨江社区第1网格", "甲街道滨河社区第1网格", depth=1)
    '甲街道'
    >>> _common_name("第1网格", "第2网格", depth=1)
    ''
    """
    common = first[: next((place for place, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), len(first))]
    township = TOWNSHIP.match(common)
    if depth == 1:
        return township[0] if township else ""
    community = COMMUNITY.match(common, township.end() if township else 0)
    return community[0] if community else ""
