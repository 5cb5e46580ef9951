"""The person screen over whole rows and whole files: what may not come in is found before anything is written."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl

from features.errors import InputRefusedError
from features.intake.cells import Cells
from features.intake.personal_data.detector import find_identifier, screen, suspect_column_names
from features.intake.quarantine import Code
from features.intake.source_file import SourceFile
from features.schema import Col

SERIAL_TIME = r"^[1-9]\d{4}(?:\.\d+)?$"
"""Times as spreadsheets count them, 45299.6: read or not, they are no telephone numbers."""
ADVICE = "Remove them at the source and send the file again."


def refuse_personal_names(path: Path | None, header: tuple[str, ...], today: date) -> None:
    """Refuse a file whose name or header identifies a person, or whose header announces a column about persons.

    Raises:
        InputRefusedError: says where, never what.
    """
    if path is not None and find_identifier(path.name, today):
        raise InputRefusedError(Code.FILE_COLUMN_REFUSED, f"the name of a file may not identify a person. {ADVICE}")
    hits = [place for place, name in enumerate(header, start=1) if find_identifier(name, today)]
    if hits:
        raise InputRefusedError(Code.FILE_COLUMN_REFUSED, f"the header may not identify a person, found it in column {hits[0]}. {ADVICE}")
    if suspect := suspect_column_names(header):
        found = ", ".join(suspect)
        raise InputRefusedError(Code.FILE_COLUMN_REFUSED, f"a file may not have columns about persons, found {found}. {ADVICE}")


def screen_rows(cells: Cells) -> Iterator[tuple[str, pl.Series]]:
    """Yield each column that may identify persons with the code of each row, null where it does not.

    Every column is screened, whether mapped or not, except the id of the case, which is replaced by a keyed hash. Cells that are
    read as a time or found in a closed list are known not to.
    """
    id_columns = cells.terms.source.columns[Col.EVENT_ID].origins
    for name in cells.frame.columns:
        if name in id_columns:
            continue
        text = cells.frame[name]
        distinct = text.filter(~_is_known(name, cells) & text.is_not_null()).unique()
        codes = screen(distinct, cells.terms.today)
        if codes.null_count() < len(codes):
            found = pl.DataFrame({"text": distinct, "code": codes}).drop_nulls()
            yield name, text.replace_strict(found["text"], found["code"], default=None, return_dtype=pl.String)


def _is_known(name: str, cells: Cells) -> pl.Series:
    """Return the rows whose cell was judged by the reader of its column: as a time or a number of a time, a code of a list, a grid."""
    terms = cells.terms
    known = pl.repeat(False, cells.frame.height, dtype=pl.Boolean, eager=True)
    for case_column in _uses(name, terms.source):
        if case_column in cells.moments:
            known |= cells.moments[case_column][0].is_not_null()
            if not known.all():
                known |= cells.frame[name].str.contains(SERIAL_TIME).fill_null(False)
        elif case_column in terms.codes:
            known |= cells.frame[name].is_in(list(terms.codes[case_column])).fill_null(False)
        elif case_column == Col.GRID_ID and terms.grids is not None:
            known |= cells.is_registered
    if terms.vouched and name in terms.source.code_columns:
        known |= cells.frame[name].is_in(list(terms.vouched)).fill_null(False)
    return known


def _uses(name: str, source: SourceFile) -> list[str]:
    return [case_column for case_column, column in source.columns.items() if name in column.origins]
