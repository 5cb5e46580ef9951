"""Documents of accountability: figures from the run, blanks for whoever runs it."""

from datetime import date
from typing import Any

import pytest

from tests.training.registry.reports import PARAMETERS, make_report
from training.registry.accountability import origin, write_impact_assessment, write_transparency_record
from training.settings import CharterSettings

PROFILE = {"grids": 605, "cases": 12_345, "columns": 87, "as_ofs": 104, "first_as_of": "2024-01-01", "last_as_of": "2025-12-22"}


def record(objections: tuple[str, ...] = (), **changed: Any) -> str:
    return write_transparency_record(make_report(**changed), PARAMETERS, objections)


def test_origin_names_what_the_figures_belong_to() -> None:
    told = origin(make_report(), PARAMETERS)

    assert "| 定义 definition | `transitions: escalated` |" in told
    assert "| 检验行 tested rows | 800，其中有升级 with an escalation 40 (5.00%) |" in told
    assert "| 模型 model | `0123456789abcdef` |" in told


def test_write_transparency_record_has_nine_sections() -> None:
    assert 9 == record().count("\n## ")


def test_write_transparency_record_leaves_owner_and_basis_to_be_filled_in() -> None:
    assert "〔待填：运行单位 · to be filled in: body that runs it〕" in record()
    assert record().endswith("〔待填：法律、规范性文件和内部决定 · to be filled in: law, regulation and decision of the body〕\n")


def test_write_transparency_record_states_the_charter_or_that_there_is_none() -> None:
    charter = CharterSettings(operator="示例区综治中心", contact="0000-12345", since=date(2026, 1, 1), until=date(2026, 12, 31))
    told = write_transparency_record(make_report(), PARAMETERS, (), charter)

    assert "| 使用授权到期日 last day of the charter | 未设定使用授权，没有到期日 No charter is set, and so no end |" in record()
    assert "| 运行单位 body that runs it | 示例区综治中心 |" in told
    assert "| 启用日期 in use since | 2026-01-01 |\n| 使用授权到期日 last day of the charter | 2026-12-31 |" in told
    assert "〔待填：负责岗位 · to be filled in: office that answers for it〕" in told


@pytest.mark.parametrize(
    ("intervals", "expected"),
    [
        (([-0.2, -0.1], [-0.2, -0.01]), "2 / 2"),
        (([-0.2, -0.1], [-0.2, 0.0]), "1 / 2"),
        (([0.1, 0.2], None), "0 / 2"),
        ((None, None), "0 / 2"),
    ],
    ids=["both", "one touches nought", "worse and unknown", "unknown"],
)
def test_write_transparency_record_counts_the_rules_that_are_surely_beaten(
    intervals: tuple[list[float] | None, ...], expected: str
) -> None:
    names = ("count_28d", "open_backlog")
    gaps = {name: {"poisson_deviance": {"value": 0.0, "ci95": interval}} for name, interval in zip(names, intervals, strict=True)}
    peer = {"plain_lightgbm": {"poisson_deviance": {"value": -1.0, "ci95": [-2.0, -1.0]}}}

    assert f"| 胜过的简单规则 simple rules that it beats | {expected} |" in record(differences=gaps | peer)


@pytest.mark.parametrize(
    ("verdict", "ratio", "expected"),
    [
        ("pass", 0.95, "| area_type | 一样 alike | 0.9500 |"),
        ("block", 0.4, "| area_type | 不一样 not alike | 0.4000 |"),
        ("inconclusive", 0.7, "| area_type | 不能判断 inconclusive | 0.7000 |"),
        ("not_estimable", None, "| area_type | 数据不足 too little to tell | cannot be estimated |"),
    ],
)
def test_write_transparency_record_says_whether_kinds_of_places_are_served_alike(verdict: str, ratio: float | None, expected: str) -> None:
    assert expected in record(disparity={"area_type": {"verdict": verdict, "ratio": ratio}})


def test_write_transparency_record_without_kinds_of_places_says_so() -> None:
    assert "网格表没有区分地方的类别。The grid table tells no kinds of places apart." in record(disparity={})


@pytest.mark.parametrize(
    ("objections", "expected"), [((), "无异议。Nothing speaks against promotion."), (("too bold",), "\n\n- too bold\n")]
)
def test_write_transparency_record_tells_the_verdict_of_the_gate(objections: tuple[str, ...], expected: str) -> None:
    assert expected in record(objections)


def test_write_impact_assessment_tells_how_much_was_learnt_from() -> None:
    text = write_impact_assessment(make_report(), PARAMETERS, PROFILE)

    assert "| 案件 cases | 12345 |" in text
    assert "| 训练用的日子 as_ofs learnt from | 104，2024-01-01 – 2025-12-22 |" in text
    assert "| 信访数量 petition counts | left out |" in text


def test_write_impact_assessment_leaves_nine_places_to_the_operator() -> None:
    text = write_impact_assessment(make_report(), PARAMETERS, PROFILE)

    assert (6, 9) == (text.count("\n## "), text.count("〔待填："))


@pytest.mark.parametrize("write", [record, lambda: write_impact_assessment(make_report(), PARAMETERS, PROFILE)])
def test_documents_of_equal_inputs_are_equal(write) -> None:
    assert write() == write()
