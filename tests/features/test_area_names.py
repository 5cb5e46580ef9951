"""Names of areas that the full names of their grids tell."""

import pytest

from features.area_names import names_from_grids


@pytest.mark.parametrize(
    ("grids", "expected"),
    [
        ([("d/t/c", "甲街道滨河社区第1网格"), ("d/t/c", "甲街道滨河社区第2网格")], {"d/t": "甲街道", "d/t/c": "滨河社区"}),
        ([("d/t/c", "甲镇乙村第1网格"), ("d/t/e", "甲镇丙村第1网格")], {"d/t": "甲镇", "d/t/c": "乙村", "d/t/e": "丙村"}),
        ([("d/t/c", "甲街道滨河社区第1网格"), ("d/t/c", "乙街道滨河社区第2网格")], {}),
        ([("d/t/c", "甲街道滨河社区第1网格"), ("d/t/c", "第2网格")], {}),
        ([("d/t/c", "第1网格")], {}),
        ([("t", "甲街道第1网格"), ("", "甲街道第2网格")], {}),
        ([], {}),
    ],
    ids=["one community", "two villages", "two townships in one", "one without names", "none", "at the top", "no grids"],
)
def test_names_from_grids_are_those_that_all_grids_below_share(grids: list[tuple[str, str]], expected: dict[str, str]) -> None:
    assert expected == names_from_grids(grids)


@pytest.mark.parametrize("kind", ["街道", "镇", "乡", "开发区", "园区", "农场"])
def test_names_from_grids_knows_townships_of_every_kind(kind: str) -> None:
    assert {"d/t1": f"东湖{kind}"} == names_from_grids([("d/t1", f"东湖{kind}第{number}网格") for number in (1, 2)])
