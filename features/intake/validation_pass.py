"""The check of a file: may it come in at all, and what lies above its grids. Nothing is stored until it is done."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import polars as pl

from features.display import Remark
from features.errors import InputRefusedError
from features.intake.checking import PATHS, BatchCheck, FileCounts, in_processes
from features.intake.codes import spelt_differently, tell_spelling
from features.intake.personal_data.screening import ADVICE, regular_codes
from features.intake.quarantine import Code
from features.intake.readers.batches import RowInput
from features.intake.rules import RowRules
from features.intake.spool import Spool
from features.schema import Col

FEWEST = 20
"""Rows below which a share says nothing."""
IDENTIFYING_IDS = 0.3
IDENTIFYING_ROWS = 0.05
DAMAGED_ROWS = 0.05


@dataclass(frozen=True)
class ValidationPass:
    """Findings of the check."""

    rows: int
    paths: pl.DataFrame
    """grid_id, parent_path: what lies above each grid according to most of its rows; grids without a whole path are not there.
    Empty where a grid table says it."""
    terms: RowRules
    """The terms, with the codes that were found to be no numbers of cards."""
    remarks: tuple[Remark, ...]
    """Warnings about a file that is taken."""


def validate(rows: RowInput, terms: RowRules, key: bytes, spool: Spool) -> ValidationPass:
    """Check all rows and map them into the spool; nothing is stored.

    Raises:
        InputRefusedError: too many rows identify persons or are no text, identity numbers were used as ids of cases, or codes went
            through a number.
        WorkersLostError: a process that checked rows died.
    """
    counts = FileCounts()
    paths = pl.DataFrame(schema=PATHS)
    for checked in in_processes(BatchCheck(terms, key, hash_all=not rows.repeats), rows.batches()):
        counts.add(checked.counts)
        spool.add(checked.mapped, frozenset(text for _, text in checked.counts.suspects))
        if terms.grids is None:
            paths = pl.concat([paths, checked.paths]).group_by(Col.GRID_ID, Col.PARENT_PATH).agg(pl.col("rows").sum())
    vouched = _vouch(counts)
    _judge(counts, terms)
    likeliest = paths.sort("rows", Col.PARENT_PATH, descending=[True, False]).unique(Col.GRID_ID, keep="first", maintain_order=True)
    remarks = tuple(_remarks(counts, terms))
    return ValidationPass(counts.rows, likeliest.select(Col.GRID_ID, Col.PARENT_PATH), replace(terms, vouched=vouched), remarks)


def _vouch(counts: FileCounts) -> frozenset[str]:
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


def _judge(counts: FileCounts, terms: RowRules) -> None:
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


def _identifying(counts: FileCounts, terms: RowRules) -> Iterator[str]:
    for (name, code), rows in counts.identifying.most_common():
        advice = ADVICE if name in terms.source.needed else "Nothing is read from it: leave it out."
        yield f"column {name} in {rows:,} of {counts.rows:,} rows ({code}: {code.en.rstrip('.')}). {advice}"


def _remarks(counts: FileCounts, terms: RowRules) -> Iterator[Remark]:
    if counts.unnamed:
        yield Remark(
            f"Cells with content in columns without a name, which are not read: {counts.unnamed:,}.",
            zh=f"无列名的列中有{counts.unnamed:,}个单元格有内容，未读取。",
        )
    if counts.no_cases:
        shown = ", ".join(map(str, counts.no_cases)) + (", ..." if counts.left_out > len(counts.no_cases) else "")
        place = f"{counts.left_out:,} (row {shown} below the header)"
        rows = "、".join(map(str, counts.no_cases)) + ("等" if counts.left_out > len(counts.no_cases) else "")
        yield Remark(
            f"Rows that are no cases (totals, notes or a repeated header) and are not read: {place}.",
            zh=f"合计行、备注行或重复的表头不是事项，未读取：共{counts.left_out:,}行（表头下第{rows}行）。",
        )
    alike = spelt_differently(pl.Series(sorted(counts.grids | counts.unknown_grids), dtype=pl.String))
    if terms.grids is not None:
        alike = [pair for pair in alike if counts.unknown_grids.intersection(pair)]
    if alike:
        yield tell_spelling(alike)
