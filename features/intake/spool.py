"""The mapped rows of a file between its check and its storing: they wait in a file without a name, which ends with the process.

It holds nothing that the event log does not hold: keyed ids, codes and times, never a text of the ledger.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from itertools import islice
from pathlib import Path
from tempfile import SpooledTemporaryFile

import polars as pl

from features.eventlog.cases import CASE_SCHEMA
from features.intake.mapping import MappedBatch, hash_rows_of, map_batch
from features.intake.quarantine import Code, Reason, Refusal
from features.intake.readers.batches import RowBatch, RowInput
from features.intake.rules import RowRules
from features.schema import Col

MOST_SEEN = 1_000
"""Different texts of cells that could not be read that are counted."""
IN_MEMORY = 32 * 1024 * 1024
"""Bytes that wait in memory before a file is used."""

_REFUSALS = pl.Schema({"row_number": pl.Int64(), "field": pl.String(), "code": pl.String(), "row_hash": pl.String()})
_PLACES = pl.Schema({"row_number": pl.Int64(), "place": pl.String()})


@dataclass(frozen=True)
class PackedBatch:
    """A mapped batch on its way to the spool."""

    frames: bytes
    """Cases, refusals and places as streams of Arrow, one after the other; empty once they are in the file."""
    lengths: tuple[int, int, int]
    key: str
    normalised: int
    emptied: Counter[Reason]
    seen: Counter[tuple[str, Code, str]]
    suspects: frozenset[str] = frozenset()
    """Codes of areas in it that could be numbers of cards."""


def pack(mapped: MappedBatch, *, with_hashes: bool) -> PackedBatch:
    """Write a batch as bytes; every row gets its hash where it cannot be read again."""
    cases = mapped.cases
    if with_hashes:
        cases = cases.with_columns(mapped.hash_rows(cases[Col.ROW_NUMBER]).alias(Col.ROW_HASH))
    refusals = [(one.row_number, one.field, one.code.value, one.row_hash) for one in mapped.refusals]
    places = pl.DataFrame({"row_number": mapped.places.keys(), "place": mapped.places.values()}, schema=_PLACES)
    frames = [_write(frame) for frame in (cases, pl.DataFrame(refusals, schema=_REFUSALS, orient="row"), places)]
    lengths = len(frames[0]), len(frames[1]), len(frames[2])
    seen = Counter(dict(islice(mapped.seen.items(), MOST_SEEN)))
    return PackedBatch(b"".join(frames), lengths, mapped.key, mapped.normalised, mapped.emptied, seen)


class Spool:
    """The batches of one file in their order."""

    def __init__(self, folder: Path | None) -> None:
        """Begin without batches; the file, once one is needed, lies in `folder`, or where the system keeps temporary ones."""
        self._file = SpooledTemporaryFile(IN_MEMORY, dir=None if folder is None else str(folder))  # noqa: SIM115 closed by `close`
        self._batches: list[tuple[int, PackedBatch]] = []

    def close(self) -> None:
        """Let go of all batches."""
        self._file.close()

    def add(self, packed: PackedBatch, suspects: frozenset[str]) -> None:
        """Keep the next batch."""
        start = self._batches[-1][0] + sum(self._batches[-1][1].lengths) if self._batches else 0
        self._file.write(packed.frames)
        self._batches.append((start, replace(packed, frames=b"", suspects=suspects)))

    def read(self, rows: RowInput, terms: RowRules, key: bytes) -> Iterator[MappedBatch]:
        """Yield the batches as they are to be stored.

        Those with codes that turned out to be no numbers of cards are mapped anew from the rows of the file.
        """
        anew = [bool(packed.suspects & terms.vouched) for _, packed in self._batches]
        if any(anew) and not rows.repeats:
            yield from (map_batch(batch, terms, key) for batch in rows.batches())
            return
        for_mapping, for_hashes = _Again(rows), _Again(rows)
        for place, is_anew in enumerate(anew):
            yield map_batch(for_mapping.batch(place), terms, key) if is_anew else self._unpack(place, for_hashes, key)

    def _unpack(self, place: int, again: "_Again", key: bytes) -> MappedBatch:
        start, packed = self._batches[place]
        self._file.seek(start)
        cases, refusals, places = (pl.read_ipc_stream(BytesIO(self._file.read(length))) for length in packed.lengths)
        hashed = cases.select(Col.ROW_NUMBER, Col.ROW_HASH).drop_nulls()

        def hash_rows(numbers: pl.Series) -> pl.Series:
            if not hashed.is_empty():
                return numbers.to_frame(Col.ROW_NUMBER).join(hashed, on=Col.ROW_NUMBER, how="left", maintain_order="left")[Col.ROW_HASH]
            return hash_rows_of(again.batch(place), key, numbers) if len(numbers) else pl.Series(dtype=pl.String)

        return MappedBatch(
            cases.cast(CASE_SCHEMA),
            tuple(Refusal(number, field, Code[code], row) for number, field, code, row in refusals.iter_rows()),
            packed.key,
            packed.normalised,
            packed.emptied,
            packed.seen,
            dict(places.iter_rows()),
            hash_rows,
        )


class _Again:
    """The rows of a file once more, read forwards as far as they are asked for."""

    def __init__(self, rows: RowInput) -> None:
        self._rows = rows
        self._left: Iterator[tuple[int, RowBatch]] | None = None
        self._last: tuple[int, RowBatch] | None = None

    def batch(self, place: int) -> RowBatch:
        """Return a batch, none before the one asked for last."""
        if self._left is None:
            self._left = enumerate(self._rows.batches())
        while self._last is None or self._last[0] < place:
            self._last = next(self._left)
        return self._last[1]


def _write(frame: pl.DataFrame) -> bytes:
    stream = BytesIO()
    frame.write_ipc_stream(stream, compression="lz4")
    return stream.getvalue()
