"""The proposed source file: what is likely stands as a line, what a person has to decide as a comment."""

from pathlib import Path

import pytest
import yaml

from features.intake.inspection import CodeCount, ColumnFinding, Inspection
from features.intake.source_proposal import is_complete, propose, source_name
from features.intake.time_formats import TimeFormats
from features.schema import CASE_REQUIRED

ZONE = "Asia/Shanghai"


def finding(name: str, meaning: str | None, by: str = "name", *, codes: tuple[CodeCount, ...] = (), **other) -> ColumnFinding:
    known = {"times": None, "persons": {}, "announces_persons": False} | other
    return ColumnFinding(name, meaning, by, 5, 5, codes=codes, other_codes=0, lost_digits=0, **known)


def inspection(*columns: ColumnFinding, path: str = "ledger.csv") -> Inspection:
    return Inspection(Path(path), "csv", "utf-8", ",", 1, (), 5, 0, 0, True, columns, 0, 0, ())


def required(**other: ColumnFinding | None) -> list[ColumnFinding]:
    """Return a finding for each column a case needs, those given in place of the plain one; None leaves it out."""
    return [one for name in CASE_REQUIRED if (one := other.get(name, finding(f"col {name}", name))) is not None]


def written(*patterns: str, ambiguous: tuple[str, ...] = ()) -> TimeFormats:
    return TimeFormats(stated=patterns, ambiguous=ambiguous, seen={}, unread=0)


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        ("Ledger 2026-03.v2", "ledger_2026_03_v2"),
        ("三月台账", "ledger"),
        ("2026 cases", "ledger"),
        ("__a__", "a"),
        ("x" * 90, "x" * 63),
        ("", "ledger"),
    ],
)
def test_source_name_is_made_of_letters_and_digits(stem: str, expected: str) -> None:
    assert expected == source_name(stem)


def test_propose_whole_file_is_a_source_file_that_names_its_columns() -> None:
    proposed = yaml.safe_load(propose(inspection(*required()), "ledger", ZONE))

    assert {"name": "ledger", "zone": ZONE, "columns": {name: f"col {name}" for name in CASE_REQUIRED}} == proposed


def test_propose_column_that_nothing_fills_is_left_to_fill() -> None:
    given = inspection(*required(grid_id=None))
    text = propose(given, "ledger", ZONE)

    assert not is_complete(given)
    assert "  # grid_id: TO FILL, a column of the file\n" in text
    assert "grid_id" not in yaml.safe_load(text)["columns"]


def test_propose_column_with_a_list_names_its_codes_where_nothing_fills_it() -> None:
    assert "# category: TO FILL, a column of the file, one value for all rows ({value: ...}: marriage_family, " in propose(
        inspection(*required(category=None)), "ledger", ZONE
    )


def test_propose_event_type_is_read_from_the_name_of_the_file() -> None:
    given = inspection(*required(event_type=None), path="矛盾纠纷台账.csv")

    assert is_complete(given)
    assert {"value": "dispute"} == yaml.safe_load(propose(given, "ledger", ZONE))["columns"]["event_type"]


def test_propose_one_of_the_two_times_stands_in_for_the_other_and_says_so() -> None:
    text = propose(inspection(*required(occurred_at=None)), "ledger", ZONE)

    assert "  occurred_at: col reported_at  # the file has no such time of its own\n" in text


def test_propose_columns_that_share_a_name_are_left_to_choose() -> None:
    twins = [finding(f"网格编号 ({number})", None) for number in (1, 2)]
    text = propose(inspection(*required(grid_id=None), *twins), "ledger", ZONE)

    assert "# grid_id: TO FILL, a column of the file (网格编号 (1) or 网格编号 (2), which share a name)" in text


def test_propose_known_codes_are_mapped_and_unknown_ones_told() -> None:
    codes = (
        CodeCount("邻里", 3, "neighbor"),
        CodeCount("合同", 2, "contract"),
        CodeCount("噪声: 夜间", 1234, None),
        CodeCount("相邻", 1, "neighbor"),
    )
    text = propose(inspection(*required(category=finding("类别", "category", "content", codes=codes))), "ledger", ZONE)

    mapped = {"from": "类别", "values": {"neighbor": ["邻里", "相邻"], "contract": ["合同"]}}
    assert mapped == yaml.safe_load(text)["columns"]["category"]
    assert "  category:  # by what it holds\n" in text
    assert "  #   噪声: 夜间 (1,234 rows)\n" in text


def test_propose_codes_of_the_project_need_no_map() -> None:
    codes = (CodeCount("neighbor", 3, "neighbor"), CodeCount("contract", 2, "contract"))

    assert "  category: 类别\n" in propose(inspection(*required(category=finding("类别", "category", codes=codes))), "ledger", ZONE)


def test_propose_formats_are_stated_once() -> None:
    times = {name: finding(name, name, times=written("%d/%m/%Y")) for name in ("occurred_at", "reported_at")}

    assert ["%d/%m/%Y"] == yaml.safe_load(propose(inspection(*required(**times)), "ledger", ZONE))["formats"]


def test_propose_two_readings_are_settled_by_another_column() -> None:
    occurred = finding("a", "occurred_at", times=written(ambiguous=("%m/%d/%Y", "%d/%m/%Y")))
    reported = finding("b", "reported_at", times=written("%d/%m/%Y"))
    given = inspection(*required(occurred_at=occurred, reported_at=reported))

    assert is_complete(given)
    assert ["%d/%m/%Y"] == yaml.safe_load(propose(given, "ledger", ZONE))["formats"]


def test_propose_two_readings_that_nothing_settles_are_left_to_choose() -> None:
    given = inspection(*required(occurred_at=finding("a", "occurred_at", times=written(ambiguous=("%m/%d/%Y", "%d/%m/%Y")))))
    text = propose(given, "ledger", ZONE)

    assert not is_complete(given)
    assert "# a can be read in each of these, as different moments. State the right one:" in text
    assert "formats" not in yaml.safe_load(text)


def test_propose_format_that_would_read_other_columns_differently_stands_apart() -> None:
    times = {
        name: finding(name, name, times=written(pattern)) for name, pattern in (("occurred_at", "%d/%m/%Y"), ("reported_at", "%m/%d/%Y"))
    }
    text = propose(inspection(*required(**times)), "ledger", ZONE)

    assert ["%d/%m/%Y"] == yaml.safe_load(text)["formats"]
    assert "# reported_at is written in %m/%d/%Y, which reads the times of other columns differently." in text


def test_propose_years_of_two_digits_are_explained() -> None:
    text = propose(inspection(*required(occurred_at=finding("a", "occurred_at", times=written("%y-%m-%d")))), "ledger", ZONE)

    assert "# Years are written with two digits: 26 is read as 2026, 99 as 1999." in text


def test_propose_names_columns_that_are_not_read_and_those_about_persons() -> None:
    text = propose(inspection(*required(), finding("备注\n二", None), finding("当事人", None, announces_persons=True)), "ledger", ZONE)

    assert "# Nothing is read from: 备注 二\n" in text
    assert "# To be removed at the source, for they speak of persons: 当事人\n" in text


def test_propose_name_with_marks_of_yaml_is_read_back_as_it_is() -> None:
    name = "编号: #1, [a] 'b' \"c\""

    assert name == yaml.safe_load(propose(inspection(*required(event_id=finding(name, "event_id"))), "ledger", ZONE))["columns"]["event_id"]
