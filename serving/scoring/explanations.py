"""Explanations: the expected count of a grid, taken apart into lines that add up to it.

One line per kind of open case, one for cases that may come back, one for what is not in the log yet; inside a line the contributions of
the model's columns add up in the margin of that part, and the one that raises the line most may be named.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.panel.build import Panel
from features.panel.case_columns import CaseColumn
from features.panel.case_rows import CaseRows
from features.panel.feature import Feature, Kind
from features.schema import SENSITIVE_CATEGORIES
from features.undertakings.undertaking import UndertakingKind
from serving.rankings.line_words import say_line
from serving.rankings.schemas import MICRO, Explanation, ExplanationLine, Outcomes
from serving.text import Text, fill
from training.learning.calibration import NO_CHANCES, CaseChances
from training.learning.design_matrix import cases_of
from training.learning.model import Contributions, Fitted, FittedPart, Replicated
from training.learning.outcome_split import OUTCOMES
from training.learning.parts import Part

NAMED_SHARE = 0.9
"""Share of the expected count that the named lines carry at least."""
OPEN_FIRST_SHARE = 0.25
"""Share of the expected count from which a kind of open case is said before lines that add more."""
WORTH_SAYING = float(np.log(1.05))
"""Contribution from which a fact is worth a word."""
LEAST_AGREEMENT = 0.5
"""Share of the refits that must put the published first line first."""
UNCLEAR = Text(zh="原因不清，请看一看", en="what drives this is unclear; please have a look")
CONTEXTS = 2
"""Circumstances that move the count most; what goes on in the grid by the register is said besides, whatever it moves."""
GOING_ON = frozenset(
    {
        (UndertakingKind.PROJECT, "starting_count"),
        (UndertakingKind.PROJECT, "begun_count"),
        (UndertakingKind.CAMPAIGN, "underway_count"),
    }
)
SAID_ALREADY = frozenset(
    {"kind_odds", "due_odds", "age", "days_left", "falls_due", "term_passed", "days_closed", "on_paper", "handling", "delay"}
)
"""Columns of cases that the line speaks of anyway, or that say nothing to a reader."""

Floats = npt.NDArray[np.float64]
Positions = npt.NDArray[np.int64]


@dataclass(frozen=True)
class _Raw:
    """A line before it is rounded."""

    expected: float
    fields: Mapping[str, object]
    rows: Positions | None = None
    """Rows of its part that it is made of."""


def explain_cells(
    model: Fitted, panel: Panel, refits: Mapping[Part, Replicated], cells: Positions, certainty: Iterable[tuple[Text, ...]]
) -> Iterator[Explanation]:
    """Explain some cells of a panel (as_of x G + grid), each with how far its figures carry; `refits` expect something of every row."""
    contributions = model.contributions(panel, cells)
    chances = model.case_chances if model.scale == 1 else NO_CHANCES  # a rare target is told by the chances of its parent
    for cell, certain in zip(cells.tolist(), certainty, strict=True):
        pairs = list(zip(model.parts, contributions, strict=True))
        raw = [line for part, given in pairs for line in _lines(part, panel, given, cell, chances)]
        said = _Said(model.parts[-1].describe(panel), panel, contributions[-1], cell)
        yield Explanation(
            reasons=tuple(_publish(raw)),
            calm=tuple(said.calm()),
            context=(*_going_on(panel, cell), *said.context()),
            certainty=certain,
            outcomes=_outcomes(contributions, cell),
            unclear=UNCLEAR if _disagree(raw, refits) else None,
        )


def _outcomes(contributions: Sequence[Contributions], cell: int) -> Outcomes | None:
    """Return the expected count by outcome in whole millionths that add up to it; None where there is one outcome only."""
    shares = [given.outcomes[given.cell == cell].sum(axis=0) for given in contributions if given.outcomes.shape[1]]
    if not shares or not all(given.outcomes.shape[1] for given in contributions if (given.cell == cell).any()):
        return None
    by_outcome = dict(zip(OUTCOMES, _round_together(np.sum(shares, axis=0).tolist()), strict=True))
    return Outcomes.model_validate({outcome.name.lower(): micro / MICRO for outcome, micro in by_outcome.items()})


def _disagree(raw: Sequence[_Raw], refits: Mapping[Part, Replicated]) -> bool:
    """Tell whether fewer than `LEAST_AGREEMENT` of the refits put the same line first; without refits nobody disagrees."""
    if len(raw) < 2 or not len(refits[Part.NEW].expected):
        return False
    sums = [refits[Part(str(line.fields["part"]))].expected[:, line.rows].sum(axis=1) for line in raw]
    return bool((_first(np.transpose(sums), raw) == _first(np.array([line.expected for line in raw]), raw)).mean() < LEAST_AGREEMENT)


def _first(expected: Floats, raw: Sequence[_Raw]) -> Positions:
    """Return which line goes first by what is expected of each, (..., lines): open cases that carry enough of it, else the largest."""
    carries = np.array([line.fields["part"] == Part.OPEN for line in raw]) & (
        expected >= OPEN_FIRST_SHARE * expected.sum(axis=-1, keepdims=True)
    )
    return np.asarray(np.where(carries.any(axis=-1), np.where(carries, expected, -1.0).argmax(axis=-1), expected.argmax(axis=-1)))


def may_be_named(feature: Feature) -> bool:
    """Tell whether a feature may stand in a sentence about one grid: no sensitive category, no petition volume."""
    return feature.category not in SENSITIVE_CATEGORIES and not feature.is_petition_volume


def tells_what_goes_on(feature: Feature) -> bool:
    """Tell whether a feature is said of a grid whatever the model reads."""
    return (feature.subject, feature.measure) in GOING_ON and feature.scope == "grid"


def _going_on(panel: Panel, cell: int) -> Iterator[Text]:
    """Yield projects near their start and campaigns under way in a cell; by sub-kind where the register knows several."""
    shown = [feature for feature in panel.features if tells_what_goes_on(feature)]
    by_sub_kind = {(feature.subject, feature.measure) for feature in shown if feature.category}
    for feature in shown:
        count = float(panel.column(feature.name).flat[cell])
        if count and (feature.category or (feature.subject, feature.measure) not in by_sub_kind):
            yield Text(zh=fill(feature.zh, count, feature.unit), en=fill(feature.en, count, feature.unit))


def _lines(part: FittedPart, panel: Panel, given: Contributions, cell: int, chances: CaseChances) -> Iterator[_Raw]:
    """Yield the lines of one part of one cell."""
    rows = np.flatnonzero(given.cell == cell)
    if part.part is Part.NEW:
        said = _Said(part.describe(panel), panel, given, cell).fact()
        yield _Raw(float(given.expected[rows].sum()), {"part": "new", "topic": said and said[0], "fact": said and said[1]}, given.row[rows])
        return
    cases = cases_of(panel, part.part)
    if part.part is Part.CLOSED:
        if len(rows):
            yield _closed_line(cases, given, rows)
        return
    kinds = np.array([_shown_kind(cases.kinds[code]) for code in cases.kind[given.row[rows]].tolist()], dtype=object)
    for kind in dict.fromkeys(kinds.tolist()):
        yield _open_line(cases, given, rows[[each == kind for each in kinds.tolist()]], kind, chances)


def _shown_kind(kind: tuple[str, str]) -> str:
    """Return how a kind is told apart in explanations: sensitive ones are one."""
    return "" if kind[1] in SENSITIVE_CATEGORIES else "/".join(kind)


def _open_line(cases: CaseRows, given: Contributions, rows: Positions, kind: str, chances: CaseChances) -> _Raw:
    at = given.row[rows]
    event_type, _, category = kind.partition("/")
    left = cases.column("days_left")[at]
    ahead = left[left >= 0]
    figures: dict[str, object] = {
        "event_type": event_type or None,
        "category": category or None,
        "count": _whole(cases.weight[at].sum()),
        "oldest_days": int(cases.column("age")[at].max()),
        "days_left": int(ahead.min()) if len(ahead) else None,
        "past_term": _whole((cases.weight[at] * cases.column("term_passed")[at]).sum()),
    }
    if not kind:
        figures |= dict.fromkeys(("count", "oldest_days", "days_left", "past_term")) | {"few": True}
    figures |= {"fact": _case_fact(cases, given, rows) if kind else None, "similar": _similar(cases, given, rows, chances)}
    return _Raw(float(given.expected[rows].sum()), {"part": "open", **figures}, at)


def _similar(cases: CaseRows, given: Contributions, rows: Positions, chances: CaseChances) -> int | None:
    """Return how many of ten cases like those of a line escalated; None where it cannot be told."""
    weight = cases.weight[given.row[rows]]
    escalated = float(weight @ chances.of(given.expected[rows] / weight) / weight.sum())
    return None if np.isnan(escalated) else round(10 * escalated)


def _closed_line(cases: CaseRows, given: Contributions, rows: Positions) -> _Raw:
    at = given.row[rows]
    paper = _whole((cases.weight[at] * cases.column("on_paper")[at]).sum())
    figures = {"part": "closed", "count": _whole(cases.weight[at].sum()), "on_paper": paper}
    return _Raw(float(given.expected[rows].sum()), figures | {"fact": _case_fact(cases, given, rows)}, at)


def _whole(weight: float) -> int:
    """Return a number of cases; of a redrawn grid's shared cases every begun one counts."""
    return int(np.ceil(weight - 1e-9))


def _case_fact(cases: CaseRows, given: Contributions, rows: Positions) -> Text | None:
    """Return the column that raises the line most, unless the line speaks of it anyway."""
    strength = given.expected[rows] @ given.values[rows] / max(float(given.expected[rows].sum()), 1e-12)
    best = int(strength.argmax())
    name = given.feature_names[best]
    if strength[best] < WORTH_SAYING or name in SAID_ALREADY:
        return None
    column = next(column for column in cases.columns if column.name == name)
    return _say_case(column, float(cases.column(name)[given.row[rows]].max()))


def _say_case(column: CaseColumn, value: float) -> Text | None:
    if column.unit == "yes":
        return Text(zh=column.zh, en=column.en) if value else None
    unit = "share" if column.unit == "share" else "times"
    return Text(zh=fill(column.zh, value, unit), en=fill(column.en, value, unit)) if value else None


@dataclass(frozen=True)
class _Said:
    """Words of the columns of the part on new cases for one cell."""

    columns: Sequence[Feature | CaseColumn]
    panel: Panel
    given: Contributions
    cell: int

    def fact(self) -> tuple[str, Text] | None:
        """Return the fact that raises the count most, after its reason group."""
        return next(self._strongest(Kind.DRIVER, 1), None)

    def calm(self) -> Iterator[Text]:
        """Yield the fact that lowers the count most, if it is worth a word."""
        yield from [fact for _, fact in self._strongest(Kind.DRIVER, -1)][:1]

    def context(self) -> Iterator[Text]:
        """Yield circumstances that move the count either way."""
        yield from [fact for _, fact in self._strongest(Kind.CONTEXT, 0)][:CONTEXTS]

    def _strongest(self, kind: Kind, sign: int) -> Iterator[tuple[str, Text]]:
        values = self.given.values[int(np.flatnonzero(self.given.cell == self.cell)[0])]
        score = np.abs(values) if sign == 0 else sign * values
        place = divmod(self.cell, len(self.panel.grid_ids))
        for index in np.argsort(-score, kind="stable").tolist():
            column = self.columns[index]
            if score[index] < WORTH_SAYING:
                return
            if isinstance(column, Feature) and column.kind is kind and may_be_named(column):
                known = float(self.panel.column(column.name)[place])
                if not np.isnan(known):
                    yield column.reason, Text(zh=fill(column.zh, known, column.unit), en=fill(column.en, known, column.unit))


def _publish(raw: Sequence[_Raw]) -> Iterator[ExplanationLine]:
    """Yield lines in whole millionths whose sum is that of all; the smallest are joined once enough is named.

    Open cases that carry `OPEN_FIRST_SHARE` go first, for they can be worked on; else, and after them, the largest.
    """
    first = raw[int(_first(np.array([line.expected for line in raw]), raw))] if raw else None
    ordered = sorted(raw, key=lambda line: (line is not first, -line.expected))
    rounded = _round_together([line.expected for line in ordered])
    total, named, shown = sum(rounded), 0, 0
    while shown < len(ordered) and (named < NAMED_SHARE * total or shown == 0):
        named += rounded[shown]
        shown += 1
    for line, micro in zip(ordered[:shown], rounded[:shown], strict=True):
        yield _line(line.fields, micro)
    if total > named:
        yield _line({"part": "rest"}, total - named)


def _line(fields: Mapping[str, object], micro: int) -> ExplanationLine:
    blank = ExplanationLine.model_validate({**fields, "expected": micro / MICRO, "words": {"zh": "", "en": ""}})
    return blank.model_copy(update={"words": say_line(blank)})


def _round_together(values: Sequence[float]) -> list[int]:
    """Round to whole millionths so that the sum is the rounded sum.

    >>> _round_together([0.0000004, 0.0000004, 0.0000004])
    [1, 0, 0]
    """
    whole = [int(np.floor(value * MICRO)) for value in values]
    missing = round(sum(values) * MICRO) - sum(whole)
    by_rest = sorted(range(len(values)), key=lambda place: whole[place] - values[place] * MICRO)
    for place in by_rest[:missing]:
        whole[place] += 1
    return whole
