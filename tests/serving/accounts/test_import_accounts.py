import csv
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert

from features.database.engine import writing
from features.database.tables import area, grid
from features.errors import UsageError
from serving.accounts.accounts import NewAccount, accounts, create_account
from serving.accounts.import_accounts import MAX_ROWS, Outcome, Refusal, count_outcomes, import_accounts, one_time_rows
from serving.accounts.permissions import Role, Scope
from serving.accounts.sessions import open_session
from serving.audit import OPERATOR
from serving.settings import DEPARTMENTS
from tests.support.audit_entries import newest_entries

NOW = datetime(2026, 1, 9, 8, tzinfo=UTC)
DECISION = (OPERATOR, NOW)
GOOD = "账号,角色,辖区,责任单位,单位\nli,镇街,n/u1,,城东街道\nwu,grid_worker,h1,,\nchen,责任单位,,人社部门,人社局\n"


@pytest.fixture
def grids(engine):
    rows = [{"grid_id": f"h{number}", "name": f"第{number}网格", "parent_path": f"n/u{number}"} for number in (1, 2)]
    with writing(engine) as connection:
        connection.execute(insert(grid), rows)
    return engine


def take_in(engine, text, *, dry_run=False, encoding="utf-8"):
    return import_accounts(engine, text.encode(encoding), DEPARTMENTS, DECISION, dry_run=dry_run)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_import_accounts_creates_every_row_with_a_password_of_its_own(grids, encoding):
    rows = take_in(grids, GOOD, encoding=encoding)

    assert [Outcome.CREATED] * 3 == [row.outcome for row in rows]
    made = {each.actor.name: each for each in accounts(grids)}
    assert (Role.TOWNSHIP, Scope("n/u1"), "城东街道") == (made["li"].actor.role, made["li"].actor.scope, made["li"].unit)
    assert (Role.GRID_WORKER, Scope("n/u1/h1")) == (made["wu"].actor.role, made["wu"].actor.scope)
    assert (Role.DEPARTMENT, Scope("", "labour")) == (made["chen"].actor.role, made["chen"].actor.scope)
    assert ["li", "wu", "chen"] == [name for name, *_ in one_time_rows(rows)]
    assert len({row.password for row in rows}) == 3
    assert open_session(grids, "wu", rows[1].password, NOW)[1].must_change_password
    assert 3 == [entry.action for entry in newest_entries(grids, 9)].count("account.create")


def test_import_accounts_dry_run_says_the_same_and_stores_nothing(grids):
    rows = take_in(grids, GOOD, dry_run=True)

    assert ([Outcome.CREATED] * 3, []) == ([row.outcome for row in rows], accounts(grids))
    assert one_time_rows(rows) == []


def test_import_accounts_file_taken_in_twice_changes_nothing(grids):
    take_in(grids, GOOD)
    rows = take_in(grids, GOOD)

    assert [Outcome.UNCHANGED] * 3 == [row.outcome for row in rows]
    assert 3 == len(accounts(grids))


@pytest.mark.parametrize(
    ("row", "refusal"),
    [
        ("x,township,n/u1,", Refusal.NAME_WRONG),
        ("li,township,n/u2,", Refusal.NAME_TWICE),
        ("old,township,n/u2,", Refusal.EXISTS_OTHERWISE),
        ("wu,chief,n/u1,", Refusal.ROLE_UNKNOWN),
        ("wu,wall,n/u1,", Refusal.ROLE_UNKNOWN),
        ("wu,township,n/u9,", Refusal.AREA_UNKNOWN),
        ("wu,department,,fire", Refusal.DEPARTMENT_UNKNOWN),
        ("wu,department,,", Refusal.DEPARTMENT_MISFIT),
        ("wu,township,n/u1,labour", Refusal.DEPARTMENT_MISFIT),
        ("wu,department,n/u1,labour", Refusal.DEPARTMENT_MISFIT),
    ],
)
def test_import_accounts_one_wrong_row_is_named_and_nothing_is_stored(grids, row, refusal):
    create_account(grids, NewAccount("old", Role.TOWNSHIP, Scope("n/u1")), OPERATOR, NOW)
    first, second = take_in(grids, f"name,role,area,department\nli,township,n/u1,\n{row}\n")

    assert (2, Outcome.CREATED, 3, refusal) == (first.number, first.outcome, second.number, second.refusal)
    assert ["old"] == [each.actor.name for each in accounts(grids)]


def test_import_accounts_code_of_two_areas_is_refused(grids):
    with writing(grids) as connection:
        connection.execute(insert(grid), {"grid_id": "h3", "name": "第3网格", "parent_path": "m/u1"})
    (row,) = take_in(grids, "name,role,area\nli,township,u1\n")

    assert Refusal.AREA_AMBIGUOUS is row.refusal


def test_import_accounts_takes_the_name_of_an_area_unless_several_have_it(grids):
    with writing(grids) as connection:
        names = {"n": "示例区", "n/u1": "城东街道", "n/u2": "城西街道", "m/u3": "城西街道"}
        connection.execute(insert(area), [{"path": path, "name": name, "stated": True} for path, name in names.items()])
    east, west = take_in(grids, "name,role,area\nli,township,城东街道\nwu,township,城西街道\n")

    assert Scope("n/u1") == east.account.scope
    assert Refusal.AREA_AMBIGUOUS is west.refusal


@pytest.mark.parametrize("text", ["", "name,area\nli,d\n", "<html>", "\n"])
def test_import_accounts_file_without_its_columns_is_refused(grids, text):
    with pytest.raises(UsageError, match="must name the columns"):
        take_in(grids, text)


def test_import_accounts_bytes_that_are_no_text_are_refused(grids):
    with pytest.raises(UsageError, match="Save it as CSV"):
        import_accounts(grids, b"PK\x03\x04\xff\xff", DEPARTMENTS, DECISION, dry_run=True)


def test_import_accounts_takes_several_areas(grids):
    take_in(grids, "name,role,area\nli,township,n/u1；u2\n")
    (li,) = accounts(grids)

    assert (Scope("n/u1"), ("n/u1", "n/u2")) == (li.actor.scope, li.actor.areas)
    assert [Outcome.UNCHANGED] == [row.outcome for row in take_in(grids, "name,role,area\nli,township,u1;u2\n")]


@pytest.fixture
def usual_cells():
    """Let a cell of a CSV file be as long as Python has it, whatever was read in this process before."""
    before = csv.field_size_limit(131_072)
    yield
    csv.field_size_limit(before)


def test_import_accounts_quotation_mark_left_open_is_refused_in_words(grids, usual_cells):
    with pytest.raises(UsageError, match="quotation mark that is left open"):
        take_in(grids, 'name,role\n"li,township\n' + "x" * 200_000)

    assert [] == accounts(grids)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_import_accounts_reads_the_separator_of_the_first_row_and_skips_blank_rows(grids, separator):
    text = "role,name,remark\ntownship,li,说明\n\n , ,\ngrid_worker, wu \n".replace(",", separator)

    assert [(2, "li"), (5, "wu")] == [(row.number, row.fields["name"]) for row in take_in(grids, text, dry_run=True)]


@pytest.mark.parametrize(("rows", "refused"), [(MAX_ROWS, False), (MAX_ROWS + 1, True)])
def test_import_accounts_file_of_too_many_rows_is_refused_before_any_is_looked_at(grids, rows, refused):
    text = "name,role\n" + "".join(f"user{number},chief\n" for number in range(rows))

    if refused:
        with pytest.raises(UsageError, match=f"at most {MAX_ROWS} accounts"):
            take_in(grids, text)
    else:
        assert {Refusal.ROLE_UNKNOWN} == {row.refusal for row in take_in(grids, text)}


def test_count_outcomes_says_nothing_too(grids):
    rows = take_in(grids, "name,role\nli,township\nx,township\n", dry_run=True)

    assert {"created": 1, "unchanged": 0, "refused": 1} == count_outcomes(rows)
    assert {"created": 0, "unchanged": 0, "refused": 0} == count_outcomes([])
