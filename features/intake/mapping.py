"""Rows of a source become cases of the log, or are refused for one stated reason each."""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import polars as pl
import polars.selectors as cs

from features.eventlog.cases import CASE_SCHEMA
from features.intake.columns import (
    Cells,
    read_cells,
    read_codes,
    read_grids,
    read_ids,
    read_people,
    read_times,
    refuse_closed_grids,
    refuse_disorder,
    refuse_formulas,
)
from features.intake.personal_data.screening import screen_rows
from features.intake.pseudonyms import keyed_hashes
from features.intake.quarantine import Code, Reason, Refusal, RowErrors
from features.intake.readers.batches import RowBatch
from features.intake.rules import CODE_COLUMNS, RowRules
from features.schema import Col


@dataclass(frozen=True)
class MappedBatch:
    """Account of the rows of one batch."""

    cases: pl.DataFrame
    """Columns of `CASE_SCHEMA`."""
    refusals: tuple[Refusal, ...]
    key: str
    """Idempotency key: the same rows under the same terms are the same batch, in whatever file they come."""
    normalised: int
    """Cells that held full-width characters."""
    emptied: Counter[Reason]
    """Cells of optional columns that could not be read, in rows that are kept."""
    seen: Counter[tuple[str, Code, str]]
    """Contents of cells that no list or format knows: field, code, value or the pattern of a time."""
    places: Mapping[int, str]
    """Places of rows in a workbook, by their number; empty for other inputs."""
    hash_rows: Callable[[pl.Series], pl.Series]
    """Return the keyed hashes of rows by their numbers: each takes longer than all else that is done to a row, and few need one."""

    @property
    def read(self) -> int:
        """Number of rows, fit or refused."""
        return len(self.cases) + len(self.refusals)


def map_batch(batch: RowBatch, terms: RowRules, key: bytes) -> MappedBatch:
    """Check every row and turn those without fault into cases; each other row is refused for the first fault found."""
    cells = read_cells(batch, terms)
    return map_cells(batch, cells, list(screen_rows(cells)), key)


def map_cells(batch: RowBatch, cells: Cells, persons: Sequence[tuple[str, pl.Series]], key: bytes) -> MappedBatch:
    """Return `map_batch` of a batch whose cells were read, and screened for persons, before."""
    faults = RowErrors(cells.frame.height)
    for field, codes in persons:
        faults.add_codes(field, codes)
    refuse_formulas(cells, faults)
    columns = _read_columns(cells, faults, key)
    rows = pl.DataFrame({**columns, Col.ROW_NUMBER: batch.numbers})
    hash_rows = partial(hash_rows_of, batch, key)
    cases = _complete(rows.filter(~faults.rows))
    refusals = (*_refuse_broken(batch, key), *_refuse(batch.numbers.filter(faults.rows), faults, hash_rows))
    return MappedBatch(
        cases=cases,
        refusals=refusals,
        key=_batch_key(cells.terms.source.name, cases, refusals),
        normalised=cells.normalised,
        emptied=faults.emptied,
        seen=faults.seen,
        places={} if batch.places is None else dict(zip(batch.numbers, batch.places, strict=True)),
        hash_rows=hash_rows,
    )


def _read_columns(cells: Cells, faults: RowErrors, key: bytes) -> dict[str, pl.Series]:
    source = cells.terms.source
    columns = {Col.EVENT_ID: read_ids(cells, faults, key), Col.GRID_ID: read_grids(cells, faults)}
    columns |= {name: read_codes(name, cells, faults) for name in CODE_COLUMNS if name in source.columns}
    times = {name: read_times(name, cells, faults) for name in source.times}
    refuse_disorder(pl.DataFrame(times), cells, faults)
    refuse_closed_grids(columns[Col.GRID_ID], times[Col.OCCURRED_AT], cells, faults)
    if Col.PEOPLE in source.columns:
        columns[Col.PEOPLE_BUCKET] = read_people(cells, faults)
    return columns | times


def _complete(rows: pl.DataFrame) -> pl.DataFrame:
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in CASE_SCHEMA.items() if name not in rows.columns]
    return rows.with_columns(missing).select(CASE_SCHEMA.keys())


def _batch_key(feed: str, cases: pl.DataFrame, refusals: Sequence[Refusal]) -> str:
    rows = cases.drop(Col.ROW_HASH).with_columns(cs.datetime().to_physical()).write_csv()
    refused = "\n".join(f"{one.row_number},{one.code}" for one in refusals)
    return hashlib.sha256(f"{feed}\x1d{rows}\x1d{refused}".encode()).hexdigest()


def hash_rows_of(batch: RowBatch, key: bytes, numbers: pl.Series) -> pl.Series:
    """Return the keyed hashes of the texts of rows, in the order of their numbers as given."""
    places = batch.numbers.search_sorted(numbers)
    return keyed_hashes(key, batch.cells[places].select(pl.concat_str(pl.all().fill_null(""), separator="\x1f")).to_series())


def _refuse(numbers: pl.Series, faults: RowErrors, hash_rows: Callable[[pl.Series], pl.Series]) -> list[Refusal]:
    refused = zip(numbers, faults.reasons, hash_rows(numbers), strict=True)
    return [Refusal(number, field, code, row_hash) for number, (field, code), row_hash in refused]


def _refuse_broken(batch: RowBatch, key: bytes) -> list[Refusal]:
    hashes = keyed_hashes(key, pl.Series([row.text for row in batch.broken], dtype=pl.String))
    return [Refusal(row.number, row.field, row.code, row_hash) for row, row_hash in zip(batch.broken, hashes, strict=True)]
