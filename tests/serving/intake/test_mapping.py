"""A filled form becomes a source file, and a source file a form again."""

from datetime import date
from pathlib import Path

import pytest

from features.errors import UsageError
from features.intake.inspection import inspect_file
from features.storage.home import Home
from serving.intake.mapping import ESCALATION_RULES, answers_of, keep_answers, keep_mapping, propose_answers, read_kept

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


LEDGER = "编号,网格编码,类别,发生时间,登记时间,办理时限\n" + "".join(
    f"{day},33010600100200{day % 3},{('邻里纠纷', '劳资纠纷')[day % 2]},2026-03-0{day} 09:00,2026-03-0{day} 10:00,2026-03-20\n"
    for day in range(1, 9)
)


@pytest.fixture
def inspected(tmp_path: Path):
    """Return a function that looks at a ledger of a name."""

    def look(name: str = "纠纷台账.csv", text: str = LEDGER):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return inspect_file(tmp_path / name, "Asia/Shanghai", date(2026, 6, 1))

    return look


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def keep(home: Home, tmp_path: Path, answers: dict[str, str]) -> None:
    keep_answers(tmp_path / "source.yaml", answers)
    keep_mapping(home, read_kept(tmp_path / "source.yaml"), (tmp_path / "source.yaml").read_text(encoding="utf-8"))


def test_propose_answers_of_an_unknown_ledger_are_what_its_columns_speak_of(home, inspected) -> None:
    answers = propose_answers(home, inspected())

    columns = {"event_id": "编号", "grid_id": "网格编码", "category": "类别", "reported_at": "登记时间", "deadline_at": "办理时限"}
    assert columns == {name: answers[f"column:{name}"] for name in columns}
    assert ("=dispute", "overdue") == (answers["column:event_type"], answers["escalation"])
    assert {"neighbor", "labor_wage"} == {code for key, code in answers.items() if key.startswith("code:category:")}


@pytest.mark.parametrize(("more", "escalation"), [("办理时限", "overdue"), ("办理时限,上交时间", "escalated"), ("备注", "unresolved")])
def test_propose_answers_choose_an_escalation_that_the_columns_can_tell(home, inspected, more: str, escalation: str) -> None:
    head, *lines = LEDGER.splitlines()
    extra = ",2026-03-21" * more.count(",")
    text = "\n".join([head.replace("办理时限", more), *(line + extra for line in lines)])

    assert escalation == propose_answers(home, inspected(text=text))["escalation"]


def test_propose_answers_of_a_ledger_with_one_time_use_it_for_both(home, inspected) -> None:
    text = "\n".join(",".join(line.split(",")[:4]) for line in LEDGER.splitlines())
    answers = propose_answers(home, inspected(text=text))

    assert ("发生时间", "发生时间") == (answers["column:occurred_at"], answers["column:reported_at"])


def test_propose_answers_of_the_same_columns_are_those_of_the_last_file(home, inspected, tmp_path: Path) -> None:
    kept = propose_answers(home, inspected()) | {"name": "ours", "escalation": "unresolved", "column:event_type": "=hazard"}
    keep(home, tmp_path, kept)

    assert kept == propose_answers(home, inspected("四月.csv"))
    assert "ours" != propose_answers(home, inspected("other.csv", LEDGER.replace("类别", "矛盾类型")))["name"]


def test_propose_answers_name_a_mapping_that_is_not_taken(home, inspected, tmp_path: Path) -> None:
    """A new name in place of a kept one would change how other files are read."""
    first = propose_answers(home, inspected("ledger.csv"))
    assert "ledger" == first["name"]
    keep(home, tmp_path, first)
    other = LEDGER.replace("编号,", "单号,")
    second = propose_answers(home, inspected("ledger.csv", other))
    keep(home, tmp_path, second)

    third = propose_answers(home, inspected("ledger.csv", LEDGER.replace("编号,", "案号,")))
    assert ("ledger_2", "ledger_3") == (second["name"], third["name"])


def test_kept_mapping_is_its_owner_s_alone(home, inspected, tmp_path: Path) -> None:
    keep(home, tmp_path, propose_answers(home, inspected("ledger.csv")))

    assert [0o600] == [path.stat().st_mode & 0o777 for path in home.sources.iterdir()]


@pytest.mark.parametrize("rule", ESCALATION_RULES)
def test_escalation_that_was_chosen_is_read_back(tmp_path: Path, rule: str) -> None:
    keep_answers(tmp_path / "source.yaml", ANSWERS | {"escalation": rule})

    assert rule == answers_of(tmp_path / "source.yaml")["escalation"]
    assert set(ESCALATION_RULES[rule].get("targets", {})) == set(read_kept(tmp_path / "source.yaml").targets)


def test_answers_of_strangers_do_not_become_keys_of_a_source_file(tmp_path: Path) -> None:
    keep_answers(tmp_path / "source.yaml", ANSWERS | {"column:sql": "x", "sql": "x", "targets": "x", "column:category": "=neighbor"})
    source = read_kept(tmp_path / "source.yaml")

    assert (None, {"overdue"}) == (source.sql, set(source.targets))
    assert "neighbor" == source.columns["category"].value
