"""Count what became of the rows of one file beside the case files, and list those that were refused."""

from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path

import polars as pl

from features.intake.codes import without_text_marks
from features.intake.pseudonyms import keyed_hashes
from features.intake.quarantine import Refusal, RowErrors, write_report
from features.intake.readers.batches import RowBatch, RowInput
from features.intake.report import IngestReport


class Tally:
    """Counts what became of the rows of one file, and lists those that were refused."""

    def __init__(self, key: bytes, refused: Path) -> None:
        self._key, self._refused = key, refused
        self.read = self.accepted = self.quarantined = 0
        self.by_code: Counter[str] = Counter()

    def count(self, batch: RowBatch, faults: RowErrors, accepted: int) -> None:
        """Count a batch and list its refused rows."""
        texts = batch.cells.select(pl.concat_str(pl.all().fill_null(""), separator="\x1f")).to_series().filter(faults.rows)
        hashes = keyed_hashes(self._key, texts)
        numbers = zip(batch.numbers.filter(faults.rows), faults.reasons, hashes, strict=True)
        refusals = [Refusal(number, field, code, row_hash) for number, (field, code), row_hash in numbers]
        broken = keyed_hashes(self._key, pl.Series([row.text for row in batch.broken], dtype=pl.String))
        refusals += [Refusal(row.number, row.field, row.code, row_hash) for row, row_hash in zip(batch.broken, broken, strict=True)]
        if refusals:
            write_report(self._refused, sorted(refusals, key=lambda one: one.row_number))
        self.read += batch.read
        self.accepted += accepted
        self.quarantined += len(refusals)
        self.by_code.update(one.code.value for one in refusals)

    def report(self, seconds: float, rows: RowInput, used: Collection[str] | None = None) -> IngestReport:
        """Return the report of a file that was read to its end; `used` names the columns that were read, None is all."""
        return IngestReport(
            read=self.read,
            accepted=self.accepted,
            duplicate=self.read - self.accepted - self.quarantined,
            quarantined=self.quarantined,
            seconds=seconds,
            by_code=dict(self.by_code.most_common()),
            normalised=0,
            left_out=() if used is None else tuple(name for name in rows.header if name not in used),
            redrawn=0,
            refused=self._refused if self.quarantined else None,
            remarks=rows.remarks,
        )


def bare_batches(rows: RowInput) -> Iterator[RowBatch]:
    """Yield the batches of a file, cells without surrounding blanks and null where empty."""
    for batch in rows.batches():
        plain = batch.cells.select(pl.all().str.normalize("NFKC").str.strip_chars())
        bare = plain.select(without_text_marks(plain[name]) for name in plain.columns)
        yield RowBatch(batch.numbers, bare.select(pl.when(pl.all() != "").then(pl.all())), batch.broken)
