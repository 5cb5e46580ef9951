"""A filled form becomes a source file, and a source file a form again."""

from pathlib import Path

import pytest

from features.errors import UsageError
from serving.intake.mapping import answers_of, keep_answers, read_kept

ANSWERS = {
    "name": "ledger",
    "format": "",
    "column:event_id": "编号",
    "column:grid_id": "网格",
    "column:event_type": "=dispute",
    "column:category": "类别",
    "code:category:邻里": "neighbor",
    "code:category:欠薪": "labor_wage",
    "column:occurred_at": "时间",
    "column:reported_at": "时间",
    "column:deadline_at": "时限",
    "parent:1": "区",
    "parent:2": "街道",
    "escalation": "overdue",
}


def test_answers_become_a_source_file_and_are_read_back(tmp_path: Path) -> None:
    path = tmp_path / "source.yaml"
    keep_answers(path, ANSWERS | {"csrf": "x", "column:level": "", "code:category:其他": ""})

    source = read_kept(path)

    assert ANSWERS == answers_of(path)
    assert {"neighbor": ("邻里",), "labor_wage": ("欠薪",)} == source.columns["category"].values
    assert ("overdue",) == source.targets["overdue"].transitions
    assert ["区", "街道"] == [column.source for column in source.parents]


def test_answers_that_lack_a_needed_column_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "source.yaml"
    keep_answers(path, ANSWERS | {"column:category": ""})

    with pytest.raises(UsageError, match="a case also needs category"):
        read_kept(path)
