"""Which rows of a batch are refused, and why."""

import polars as pl

from features.intake.quarantine import Code

Reason = tuple[str, Code]
"""Field and code."""


class Faults:
    """Reasons against rows of one batch; of several against the same row the first one found stays."""

    def __init__(self, rows: int) -> None:
        self._found: list[Reason] = []
        self._index = pl.repeat(None, rows, dtype=pl.Int16, eager=True)

    def add(self, field: str, code: Code, rows: pl.Series) -> None:
        """Refuse the rows that are true; null counts as false."""
        if rows.any():
            self._index = self._index.set(rows.fill_null(False) & self._index.is_null(), len(self._found))
            self._found.append((field, code))

    def add_codes(self, field: str, codes: pl.Series) -> None:
        """Refuse the rows that have a code."""
        for code in codes.drop_nulls().unique().sort():
            self.add(field, Code[code], codes == code)

    @property
    def rows(self) -> pl.Series:
        """True for each refused row."""
        return self._index.is_not_null()

    @property
    def reasons(self) -> list[Reason]:
        """The reason against each refused row, in their order."""
        return [self._found[place] for place in self._index.drop_nulls()]
