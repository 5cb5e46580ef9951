"""The storing of a file that was checked: each batch is stored under its key in one transaction, or only compared with the log."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import polars as pl
from sqlalchemy import Engine

from features.eventlog.append import Batch, Moment, append_batch, compare_batch
from features.eventlog.first_load import FirstLoad
from features.eventlog.grids import discover_grids
from features.intake.mapping import MappedBatch
from features.intake.quarantine import Code, Reason, Refusal, write_report
from features.intake.spool import MOST_SEEN
from features.intake.validation_pass import ValidationPass
from features.schema import Col


class StoringPass:
    """Stores the batches of one file, one after the other, and counts what became of their rows."""

    def __init__(self, engine: Engine, surveyed: ValidationPass, refused: Path | None, load: FirstLoad | None = None) -> None:
        """Begin with the paths above the grids, used where no grid table is registered, and the place of the list of refused rows.

        Without such a place nothing is stored: batches are compared with the log only.
        """
        self._engine, self._terms, self._paths, self.refused = engine, surveyed.terms, surveyed.paths, refused
        self._load = load
        self._known_grids: set[str] = set()
        self.read = self.accepted = self.duplicate = self.quarantined = self.normalised = 0
        self.corrected = self.vanished = 0
        self.by_field: Counter[Reason] = Counter()
        self.emptied: Counter[Reason] = Counter()
        self.seen: Counter[tuple[str, Code, str]] = Counter()

    def store(self, mapped: MappedBatch) -> None:
        """Store one batch and list its refused rows."""
        if self._terms.grids is None and self.refused:
            self._discover(mapped.cases[Col.GRID_ID])
        feed = self._terms.source.name
        quarantined = [(one.row_number, one.field, one.code.value, one.row_hash) for one in mapped.refusals]
        moment = Moment(self._terms.now, self._terms.zone)
        batch = Batch(
            mapped.key,
            feed,
            mapped.cases,
            quarantined,
            mapped.read,
            moment,
            lambda rows: mapped.hash_rows(rows[Col.ROW_NUMBER]),
        )
        counts = append_batch(self._engine, batch, self._load) if self.refused else compare_batch(self._engine, batch)
        conflicts = [Refusal(number, self._terms.source.field(field), Code[code], row) for number, field, code, row in counts.conflicts]
        refusals = sorted([*mapped.refusals, *conflicts], key=lambda one: one.row_number)
        if refusals and self.refused:
            write_report(self.refused, [replace(one, place=mapped.places.get(one.row_number, "")) for one in refusals])
        self.read += counts.read
        self.accepted += counts.accepted
        self.duplicate += counts.duplicate
        self.quarantined += counts.quarantined
        self.normalised += mapped.normalised
        self.corrected += counts.corrected
        self.vanished += counts.vanished
        self.by_field.update((one.field, one.code) for one in refusals)
        self.emptied.update(mapped.emptied)
        self._look(mapped.seen)

    def _look(self, seen: Counter[tuple[str, Code, str]]) -> None:
        """Keep what cells held that no list knows, the first `MOST_SEEN` different texts of it."""
        room = MOST_SEEN - len(self.seen)
        fresh = [key for key in seen if key not in self.seen][: max(room, 0)]
        self.seen.update({key: rows for key, rows in seen.items() if key in self.seen or key in fresh})

    def _discover(self, grids: pl.Series) -> None:
        """Let the grids be there before their events: new ones only, and only those of rows that are stored."""
        found = pl.DataFrame({Col.GRID_ID: grids.unique(maintain_order=True)}).filter(~pl.col(Col.GRID_ID).is_in(self._known_grids))
        if not found.is_empty():
            discover_grids(self._engine, found.join(self._paths, on=Col.GRID_ID, how="left", maintain_order="left"))
            self._known_grids.update(found[Col.GRID_ID])
