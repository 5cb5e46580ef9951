"""Report of an ingest: counts, cells that could not be read, and what to do next.

A tally counts what became of the rows of the other files (covariates, undertakings), and lists those that were refused.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from features.display import Remark
from features.intake.codes import without_text_marks
from features.intake.pseudonyms import keyed_hashes
from features.intake.quarantine import Code, Reason, Refusal, RowErrors, write_report
from features.intake.readers.batches import RowBatch, RowInput

SHOWN_VALUES = 8
FEWEST_ROWS = 2
"""Rows in which a value must stand to be shown: what stands once may be anything, a code of a list does not."""
BULK_SHARE, BULK_ROWS = 0.05, 3
SHORT_YEAR = r"(?:9{1,2}[-/.年]){2}9{1,2}(?:\D|$)|99年"
"""Patterns of days whose year has two digits, wherever it stands."""
SERIAL_PATTERNS = ("99999", "99999.9")

ROW_OUTCOMES = ("accepted", "duplicate", "quarantined")
"""Every row that was read became one of these."""


@dataclass(frozen=True)
class Unmapped:
    """A text that no list or format knows; of a time only its pattern, such as 99/99/9999."""

    field: str
    code: Code
    text: str
    rows: int


@dataclass(frozen=True)
class IngestReport:
    """Account of the rows: read = accepted + duplicate + quarantined."""

    read: int
    accepted: int
    duplicate: int
    quarantined: int
    seconds: float
    by_code: dict[str, int]
    """Quarantined rows by code."""
    normalised: int
    """Cells whose full-width characters were made half-width."""
    left_out: tuple[str, ...]
    """Columns of the file that nothing is read from."""
    redrawn: int
    """Grids that gave way to others by the crosswalk file that came with it."""
    refused: Path | None
    """File that lists the quarantined rows, without their text."""
    by_field: dict[Reason, int] = field(default_factory=dict)
    """Quarantined rows by column and code."""
    emptied: dict[Reason, int] = field(default_factory=dict)
    """Cells of optional columns that could not be read and count as empty; their rows were kept."""
    unmapped: tuple[Unmapped, ...] = ()
    """Values of cells that no list or format knows, the most frequent first."""
    corrected: int = 0
    """Rows that moved a known case to another grid or category."""
    vanished: int = 0
    """Times that the log knows of a case and its row no longer holds; the log keeps them."""
    remarks: tuple[Remark, ...] = ()
    """Findings about the files, and parts of them that were not read: one sentence each."""

    @property
    def figures(self) -> dict[str, float]:
        """Rows by what became of them, and seconds: what is kept of a run."""
        return {name: getattr(self, name) for name in ("read", *ROW_OUTCOMES, "seconds")}


def load_faults(report: IngestReport, most_refused: float) -> list[str]:
    """Return why a load counts as failed: it took nothing in, or more than a share of its rows or of the cells of a column was lost."""
    faults = []
    if report.read and not report.accepted and not report.duplicate:
        faults.append(f"none of {report.read:,} rows was taken in.")
    elif report.quarantined > most_refused * report.read:
        faults.append(f"{report.quarantined:,} of {report.read:,} rows were refused, more than the {most_refused:.0%} that may be.")
    for (name, code), cells in report.emptied.items():
        if cells > most_refused * report.read:
            faults.append(f"column {name} could not be read in {cells:,} of {report.read:,} rows ({code}); their cells count as empty.")
    return faults


def advice(report: IngestReport) -> Iterator[Remark]:
    """Yield what to do about what stands in a report, the likely reason first."""
    if report.read and report.duplicate == report.read:
        yield Remark("All rows were known already: is it the file of last time?", zh="所有行此前都已收录：是否重复上传了上次的文件？")
    if _is_bulk(report, Code.ID_CONFLICT):
        rows = f"{report.by_code[Code.ID_CONFLICT]:,}"
        yield Remark(
            f"{rows} rows bear the id of another case. Where numbers begin anew every year or office, "
            "make the id of several columns in a source file: `event_id: {from: [year, number]}`.",
            zh=f"有{rows}行的编号与其他事项相同。若编号按年度或单位重新起编，"
            "请在来源文件中用多列合成编号：`event_id: {from: [year, number]}`。",
        )
    if _is_bulk(report, Code.TIME_ORDER):
        yield Remark(
            "Many rows end before they begin: is a column in another zone (`zone:` of the source file), or are two exchanged?",
            zh="多行的结束早于开始：是否有一列属于其他时区（来源文件的`zone:`），或有两列填反？",
        )
    if _is_bulk(report, Code.GRID_UNKNOWN):
        yield Remark(
            "Many rows are in no known grid: are grids missing in the grid file, or cells in the file merged, empty or filled with 同上?",
            zh="多行的网格未登记：网格文件是否缺少网格，或文件中是否有合并、空白或写“同上”的单元格？请逐行填写。",
        )
    yield from _unread_times(report)
    yield from _unmapped_codes(report)


def _is_bulk(report: IngestReport, code: Code) -> bool:
    return report.by_code.get(code, 0) >= max(BULK_ROWS, BULK_SHARE * report.read)


def _unread_times(report: IngestReport) -> Iterator[Remark]:
    patterns: dict[str, list[str]] = {}
    for one in report.unmapped:
        if one.code is Code.TIME_FORMAT:
            patterns.setdefault(one.field, []).append(one.text)
    serial = [name for name, texts in patterns.items() if texts[0].startswith(SERIAL_PATTERNS)]
    if serial:
        remedy = "Format the columns as dates, or state `formats: [excel]`."
        yield Remark(
            f"{', '.join(serial)}: numbers such as 45299.6 look like Excel dates. {remedy}",
            zh=f"{'、'.join(serial)}：形如45299.6的数字像是Excel日期。请将这些列设为日期格式，或写明`formats: [excel]`。",
        )
    for name, texts in patterns.items():
        if name not in serial:
            yield Remark(
                f"{name}: times are written like {', '.join(texts[:2])} (9 for any digit). State that under `formats` of a source file.",
                zh=f"{name}：时间写作{'、'.join(texts[:2])}（9代表任一数字）。请在来源文件的`formats`中写明格式。",
            )
            if any(re.match(SHORT_YEAR, text) for text in texts):
                yield Remark(
                    f"{name}: years seem to have two digits. State the order under `formats`, such as %y/%m/%d for 26/3/7.",
                    zh=f"{name}：年份似乎只有两位。请在`formats`中写明顺序，例如26/3/7写作%y/%m/%d。",
                )


def _unmapped_codes(report: IngestReport) -> Iterator[Remark]:
    values: dict[Reason, list[Unmapped]] = {}
    for one in report.unmapped:
        if one.code is not Code.TIME_FORMAT:
            values.setdefault((one.field, one.code), []).append(one)
    for (name, code), texts in values.items():
        shown = [one for one in texts if one.rows >= FEWEST_ROWS or not one.text][:SHOWN_VALUES]
        rest = len(texts) - len(shown)
        en = [f"{one.text or 'empty cells'} ({one.rows:,} rows)" for one in shown] + [f"{rest:,} others"] * bool(rest)
        zh = [f"{one.text or '空单元格'}（{one.rows:,}行）" for one in shown] + [f"另有{rest:,}种"] * bool(rest)
        yield Remark(
            f"{name}: not in the code list ({code}): {', '.join(en)}. Map them under `values` of a source file, or declare the codes.",
            zh=f"{name}：不在代码表中：{'、'.join(zh)}。请在来源文件的`values`中对应，或声明这些代码。",
        )


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
