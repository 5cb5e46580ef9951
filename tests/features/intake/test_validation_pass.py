"""The check of a whole file: what is refused altogether, and what is only told."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime

import polars as pl
import pytest

from features.errors import InputRefusedError
from features.intake.quarantine import Code
from features.intake.readers.batches import BrokenRow, RowBatch, RowInput
from features.intake.rules import set_terms
from features.intake.source_file import SourceFile
from features.intake.spool import Spool
from features.intake.validation_pass import FEWEST, ValidationPass, validate
from features.schema import CASE_REQUIRED
from features.settings import LogSettings

RIGHT = dict(zip(CASE_REQUIRED, ("E", "g1", "dispute", "neighbor", "2026-01-01 08:00", "2026-01-01 09:00"), strict=True))
PHONE, ID_CARD = "13812345678", "11010519491231002X"
"""The second is the example of the national standard."""


def rows(count: int, wrong: int = 0, **cells: str) -> list[dict[str, str]]:
    """Return `count` right rows, the first `wrong` of them with other cells; every row has all columns."""
    blank = dict.fromkeys(cells, "")
    return [blank | RIGHT | {"event_id": f"E{number}"} | (cells if number < wrong else {}) for number in range(count)]


def check(*batches: list[dict[str, str]], grids: pl.DataFrame | None = None, parents: tuple[str, ...] = (), **other) -> ValidationPass:
    source = SourceFile(name="ledger", columns={name: name for name in CASE_REQUIRED}, parents=parents)
    terms = set_terms(source, LogSettings(), grids, datetime(2026, 6, 1, tzinfo=UTC))

    def read() -> Iterator[RowBatch]:
        first = 1
        for batch in batches:
            yield RowBatch(pl.int_range(first, first + len(batch), eager=True), pl.DataFrame(batch), **other)
            first += len(batch)

    with closing(Spool(None)) as spool:
        return validate(RowInput(tuple(batches[0][0]), read), terms, bytes(32), spool)


def refusal(*batches: list[dict[str, str]], **other) -> tuple[Code, str]:
    with pytest.raises(InputRefusedError) as error:
        check(*batches, **other)
    return error.value.code, str(error.value)


def test_validate_right_rows_are_counted_over_all_batches() -> None:
    found = check(rows(3), rows(2))

    assert (5, ()) == (found.rows, found.remarks)


@pytest.mark.parametrize(("wrong", "refused"), [(2, False), (3, True)], ids=["a twentieth", "more"])
def test_validate_more_than_a_twentieth_of_rows_that_identify_persons_refuses_the_file(wrong: int, refused: bool) -> None:
    given = rows(40, wrong, note=f"tel {PHONE}")
    if not refused:
        assert 40 == check(given).rows
    else:
        code, text = refusal(given)
        assert Code.FILE_COLUMN_REFUSED == code
        assert "at most 5% of the rows may identify persons, found: column note in 3 of 40 rows (PERSON_PHONE" in text
        assert "Nothing is read from it: leave it out." in text
        assert PHONE not in text


def test_validate_few_rows_are_judged_one_by_one_only() -> None:
    assert FEWEST - 1 == check(rows(FEWEST - 1, FEWEST - 1, note=PHONE)).rows


def test_validate_one_row_with_two_columns_about_a_person_is_one_row() -> None:
    assert 40 == check(rows(40, 2, note=PHONE, remark=PHONE)).rows


@pytest.mark.parametrize(("wrong", "refused"), [(6, False), (7, True)])
def test_validate_identity_numbers_as_ids_of_cases_refuse_the_file(wrong: int, refused: bool) -> None:
    given = rows(20, wrong, event_id=ID_CARD)
    if not refused:
        assert 20 == check(given).rows
    else:
        assert (Code.FILE_COLUMN_REFUSED, True) == ((found := refusal(given))[0], "found identity numbers in 35% of event_id" in found[1])


def test_validate_codes_that_went_through_a_number_refuse_the_file_at_once() -> None:
    code, text = refusal(rows(3, 1, grid_id="3.30483E+11"))

    assert Code.FILE_CODES_LOST == code
    assert "codes must be whole, grid_id holds numbers such as 2.02601E+17 in 1 of 3 rows. Their last digits are lost." in text


def test_validate_rows_in_another_encoding_refuse_the_file() -> None:
    broken = tuple(BrokenRow(100 + number, "note", Code.CELL_ENCODING, "") for number in range(2))
    code, text = refusal(rows(22), broken=broken)

    assert Code.FILE_ENCODING == code
    assert "found other bytes in 2 of 24 rows. State `encoding: gb18030` or save it as UTF-8." in text


def test_validate_path_of_a_grid_is_that_of_most_of_its_rows() -> None:
    given = [RIGHT | {"town": town} for town in ("T1", "T2", "T2")], [RIGHT | {"town": "T1"}] * 2
    found = check(*given, parents=("town",))

    assert [("g1", "T1")] == found.paths.rows()


def test_validate_paths_named_equally_often_are_settled_by_their_order() -> None:
    assert [("g1", "T1")] == check([RIGHT | {"town": town} for town in ("T2", "T1")], parents=("town",)).paths.rows()


def test_validate_grid_table_says_what_lies_above_its_grids() -> None:
    grids = pl.DataFrame({"grid_id": ["g1"], "at": [None]}, schema={"grid_id": pl.String, "at": pl.Date})

    assert check(rows(2), grids=grids).paths.is_empty()


def test_validate_totals_and_cells_without_a_column_are_told_in_both_languages() -> None:
    found = check(rows(2), unnamed=3, no_cases=(7, 8, 9, 10, 11, 12))

    assert [
        "Cells with content in columns without a name, which are not read: 3.",
        "Rows that are no cases (totals, notes or a repeated header) and are not read: 6 (row 7, 8, 9, 10, 11, ... below the header).",
    ] == [str(remark) for remark in found.remarks]
    assert "无列名的列中有3个单元格有内容，未读取。" == found.remarks[0].zh


def test_validate_codes_that_differ_by_spelling_only_are_told() -> None:
    remarks = check(rows(2, 1, grid_id="G-01")).remarks

    assert ["Codes of grids that differ by spelling only are taken for different ones: G-01 and g1 (1 pairs)."] == [
        str(one) for one in remarks
    ]


@pytest.mark.parametrize(("written", "told"), [("G-01", 1), ("g2", 0)], ids=["not in the table", "both in the table"])
def test_validate_spelling_is_told_only_of_codes_outside_the_grid_table(written: str, told: int) -> None:
    grids = pl.DataFrame({"grid_id": ["g1", "g2", "g02"], "at": [None, None, date(2026, 1, 1)]})

    assert told == len(check(rows(2, 1, grid_id=written), grids=grids).remarks)


def test_validate_codes_of_areas_that_look_like_card_numbers_are_vouched_for() -> None:
    codes = [f"620102001001{number:04d}" for number in range(200)]
    found = check([RIGHT | {"event_id": f"E{number}", "grid_id": code} for number, code in enumerate(codes)])

    assert (200, 20) == (found.rows, len(found.terms.vouched))


def test_validate_card_numbers_in_a_column_of_codes_refuse_the_file() -> None:
    """Each of them passes the check of card numbers, which one in ten codes does."""
    cards = [f"62010200100{number:04d}" for number in range(40)]
    given = [RIGHT | {"event_id": f"E{number}", "grid_id": card + check_digit(card)} for number, card in enumerate(cards)]

    assert Code.FILE_COLUMN_REFUSED == refusal(given)[0]


def check_digit(body: str) -> str:
    doubled = sum(sum(divmod(int(digit) * 2, 10)) for digit in body[::-2])
    return str(-(doubled + sum(map(int, body[-2::-2]))) % 10)
