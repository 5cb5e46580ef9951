"""The first reading of a file: may it come in at all, and what lies above its grids. Nothing is written until it is done."""

from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import polars as pl

from features.errors import InputRefusedError
from features.intake.cells import Cells, read_cells
from features.intake.codes import LOST_DIGITS, spelt_differently
from features.intake.columns import grid_ids, parent_paths
from features.intake.personal_data.detector import identifier_share
from features.intake.personal_data.regular_codes import regular_codes
from features.intake.personal_data.screening import ADVICE, screen_rows
from features.intake.quarantine import Code
from features.intake.readers.batches import RowBatch, RowInput
from features.intake.rules import RowRules
from features.schema import Col

FEWEST = 20
"""Rows below which a share says nothing."""
IDENTIFYING_IDS = 0.3
IDENTIFYING_ROWS = 0.05
DAMAGED_ROWS = 0.05
SHOWN_PAIRS, SHOWN_ROWS = 3, 5
WORKERS = 2
"""Threads that read and screen batches: each holds one in memory."""


@dataclass
class _Counts:
    rows: int = 0
    damaged: int = 0
    unnamed: int = 0
    no_cases: list[int] = field(default_factory=list)
    """Numbers of the first rows that were left out as totals, notes or repeated headers."""
    left_out: int = 0
    identifying_rows: int = 0
    identifying: Counter[tuple[str, Code]] = field(default_factory=Counter)
    """Rows by column and class; without codes of areas, which are judged at the end."""
    suspects: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Rows by column and code of an area that could be the number of a card."""
    codes: dict[str, set[str]] = field(default_factory=dict)
    """All codes of areas, by column."""
    lost_digits: Counter[str] = field(default_factory=Counter)
    ids: int = 0
    identifying_ids: float = 0.0
    grids: set[str] = field(default_factory=set)
    unknown_grids: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class ValidationPass:
    """Findings of the first reading."""

    rows: int
    paths: pl.DataFrame
    """grid_id, parent_path: what lies above each grid according to most of its rows; grids without a whole path are not there.
    Empty where a grid table says it."""
    terms: RowRules
    """The terms, with the codes that were found to be no numbers of cards."""
    remarks: tuple[str, ...]
    """Warnings about a file that is taken."""


def validate(rows: RowInput, terms: RowRules) -> ValidationPass:
    """Read all rows, store nothing.

    Raises:
        InputRefusedError: too many rows identify persons or are no text, identity numbers were used as ids of cases, or codes went
            through a number.
    """
    counts = _Counts()
    paths = pl.DataFrame(schema={Col.GRID_ID: pl.String, Col.PARENT_PATH: pl.String, "rows": pl.UInt32})
    for batch, cells, persons in _looked_at(rows.batches(), terms):
        counts.rows += batch.read
        counts.unnamed += batch.unnamed
        counts.left_out += len(batch.no_cases)
        counts.no_cases += batch.no_cases[: SHOWN_ROWS - len(counts.no_cases)]
        counts.damaged += sum(row.code is Code.CELL_ENCODING for row in batch.broken)
        _count_persons(cells, persons, counts)
        _count_codes(cells, counts)
        if terms.grids is None:
            paths = _add_paths(paths, cells)
    vouched = _vouch(counts)
    _judge(counts, terms)
    likeliest = paths.sort("rows", Col.PARENT_PATH, descending=[True, False]).unique(Col.GRID_ID, keep="first", maintain_order=True)
    remarks = tuple(_remarks(counts, terms))
    return ValidationPass(counts.rows, likeliest.select(Col.GRID_ID, Col.PARENT_PATH), replace(terms, vouched=vouched), remarks)


_Looked = tuple[RowBatch, Cells, list[tuple[str, pl.Series]]]
"""A batch, its cells as read, and the columns that may identify persons with the code of each row."""


def _looked_at(batches: Iterator[RowBatch], terms: RowRules) -> Iterator[_Looked]:
    """Read and screen batches in two threads, a few ahead of the one that is counted, and yield them in their order."""

    def look(batch: RowBatch) -> _Looked:
        cells = read_cells(batch, terms)
        return batch, cells, list(screen_rows(cells))

    with ThreadPoolExecutor(WORKERS) as pool:
        coming = deque[Future[_Looked]]()
        for batch in batches:
            coming.append(pool.submit(look, batch))
            if len(coming) > WORKERS:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()


def _count_persons(cells: Cells, persons: list[tuple[str, pl.Series]], counts: _Counts) -> None:
    rows_hit = pl.repeat(False, cells.frame.height, dtype=pl.Boolean, eager=True)
    for name, codes in persons:
        may_be_code = (codes == Code.PERSON_ACCOUNT).fill_null(value=False) & (name in cells.terms.source.code_columns)
        for text, rows in cells.frame[name].filter(may_be_code).value_counts().iter_rows():
            counts.suspects[name, text] += rows
        sure = codes.set(may_be_code, None)
        rows_hit |= sure.is_not_null()
        for code, rows in sure.drop_nulls().value_counts().iter_rows():
            counts.identifying[name, Code[code]] += rows
    counts.identifying_rows += int(rows_hit.sum())
    ids = cells.code(Col.EVENT_ID).drop_nulls()
    counts.ids += len(ids)
    counts.identifying_ids += identifier_share(ids) * len(ids)


def _count_codes(cells: Cells, counts: _Counts) -> None:
    for name in (*cells.terms.source.columns[Col.EVENT_ID].origins, *cells.terms.source.code_columns):
        counts.lost_digits[name] += int(cells.frame[name].str.contains(LOST_DIGITS).sum())
    for name in cells.terms.source.code_columns:
        counts.codes.setdefault(name, set()).update(cells.frame[name].drop_nulls().unique())
    text, grids = cells.grid_code, grid_ids(cells)
    counts.grids.update(grids.drop_nulls().unique())
    counts.unknown_grids.update(text.filter(grids.is_null()).drop_nulls().unique())


def _vouch(counts: _Counts) -> frozenset[str]:
    """Return the codes of areas that only look like numbers of cards; count the others as such."""
    vouched: set[str] = set()
    for name in {name for name, _ in counts.suspects}:
        suspects = pl.Series([text for column, text in counts.suspects if column == name])
        vouched |= regular_codes(pl.Series(sorted(counts.codes[name]), dtype=pl.String), suspects)
    for (name, text), rows in counts.suspects.items():
        if text not in vouched:
            counts.identifying[name, Code.PERSON_ACCOUNT] += rows
            counts.identifying_rows += rows
    return frozenset(vouched)


def _add_paths(paths: pl.DataFrame, cells: Cells) -> pl.DataFrame:
    above = pl.DataFrame({Col.GRID_ID: grid_ids(cells), Col.PARENT_PATH: parent_paths(cells)}).drop_nulls()
    counted = above.group_by(Col.GRID_ID, Col.PARENT_PATH).agg(pl.len().alias("rows"))
    return pl.concat([paths, counted]).group_by(Col.GRID_ID, Col.PARENT_PATH).agg(pl.col("rows").sum())


def _judge(counts: _Counts, terms: RowRules) -> None:
    if lost := {name: rows for name, rows in counts.lost_digits.items() if rows}:
        found = "; ".join(f"{name} holds numbers such as 2.02601E+17 in {rows:,} of {counts.rows:,} rows" for name, rows in lost.items())
        advice = "Their last digits are lost. Format the column as text where the file comes from, and export it again."
        raise InputRefusedError(Code.FILE_CODES_LOST, f"codes must be whole, {found}. {advice}")
    if counts.ids >= FEWEST and counts.identifying_ids > IDENTIFYING_IDS * counts.ids:
        field_name = terms.source.field(Col.EVENT_ID)
        found = f"found identity numbers in {counts.identifying_ids / counts.ids:.0%} of {field_name}. Use the case number of the system."
        raise InputRefusedError(Code.FILE_COLUMN_REFUSED, f"ids of cases may not identify persons, {found}")
    if counts.rows >= FEWEST and counts.identifying_rows > IDENTIFYING_ROWS * counts.rows:
        found = "; ".join(_identifying(counts, terms))
        raise InputRefusedError(
            Code.FILE_COLUMN_REFUSED, f"at most {IDENTIFYING_ROWS:.0%} of the rows may identify persons, found: {found}"
        )
    if counts.rows >= FEWEST and counts.damaged > DAMAGED_ROWS * counts.rows:
        found = f"found other bytes in {counts.damaged:,} of {counts.rows:,} rows. State `encoding: gb18030` or save it as UTF-8."
        raise InputRefusedError(Code.FILE_ENCODING, f"the text must be in the stated encoding, {found}")


def _identifying(counts: _Counts, terms: RowRules) -> Iterator[str]:
    for (name, code), rows in counts.identifying.most_common():
        advice = ADVICE if name in terms.source.needed else "Nothing is read from it: leave it out."
        yield f"column {name} in {rows:,} of {counts.rows:,} rows ({code}: {code.en.rstrip('.')}). {advice}"


def _remarks(counts: _Counts, terms: RowRules) -> Iterator[str]:
    if counts.unnamed:
        yield f"Cells with content in columns without a name, which are not read: {counts.unnamed:,}."
    if counts.no_cases:
        shown = ", ".join(map(str, counts.no_cases)) + (", ..." if counts.left_out > len(counts.no_cases) else "")
        place = f"{counts.left_out:,} (row {shown} below the header)"
        yield f"Rows that are no cases (totals, notes or a repeated header) and are not read: {place}."
    alike = spelt_differently(pl.Series(sorted(counts.grids | counts.unknown_grids), dtype=pl.String))
    if terms.grids is not None:
        alike = [pair for pair in alike if counts.unknown_grids.intersection(pair)]
    if alike:
        pairs = ", ".join(f"{one} and {other}" for one, other in alike[:SHOWN_PAIRS])
        yield f"Codes of grids that differ by spelling only are taken for different ones: {pairs} ({len(alike):,} pairs)."
