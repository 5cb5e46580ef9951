"""Check of alerts: what the words of each must show. `python -m tests.support.alert_check HOME` prints the alerts of a home as a table."""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import select

from features.database.alert_tables import alert
from features.database.engine import open_database
from features.schema import EventType
from features.storage.home import Home
from serving.alerts.recommended_actions import OTHERWISE, actions_for
from serving.alerts.schemas import AlertText, read_text
from serving.rankings.ledger import entries
from serving.rankings.list_rows import read_rows
from serving.rankings.schemas import ExplanationLine, GridRow
from serving.scoring.explanations import NAMED_SHARE, OPEN_FIRST_SHARE

PETITION_LAW = "信访"
TOLERANCE = 1e-9


def named_share(row: GridRow) -> float:
    """Return the share of the expected count that the named lines of a row carry."""
    assert row.explanation
    total = sum(line.expected for line in row.explanation.reasons)
    return sum(line.expected for line in row.explanation.named) / total if total else 1.0


def find_faults(text: AlertText, row: GridRow) -> Iterator[str]:
    """Yield what an alert does not show as it must; `row` is that of its list."""
    lines = [reason.line for reason in text.reasons if reason.line]
    if named_share(row) < NAMED_SHARE - TOLERANCE:
        yield "names too little"
    words = {reason.words for reason in text.reasons}
    if not lines or min(line.expected for line in lines) < 0 or words & set(row.explanation.calm):
        yield "a reason lowers"
    if any(carries_enough(line, row) for line in row.explanation.reasons) and not (lines and lines[0].part == "open"):
        yield "first line names no kind of open case"
    if not advice_fits(text, lines):
        yield "advice does not fit"


def carries_enough(line: ExplanationLine, row: GridRow) -> bool:
    """Tell whether a line is about open cases and carries enough of the expected count to go first."""
    return line.part == "open" and line.expected >= OPEN_FIRST_SHARE * row.score.expected_escalations + TOLERANCE


def advice_fits(text: AlertText, lines: list[ExplanationLine]) -> bool:
    """Tell whether the first advice is that of the first line, each other that of some line, and petition law cited for petitions alone."""
    fitting = {code for line in lines for code in actions_for(line)} | set(OTHERWISE)
    codes = [advice.code for advice in text.suggestions]
    of_petitions = any(line.event_type == EventType.PETITION for line in lines)
    cited = any(PETITION_LAW in advice.legal_basis.zh for advice in text.suggestions if advice.legal_basis)
    return codes[:1] == list(actions_for(lines[0])[:1]) and set(codes) <= fitting and (of_petitions or not cited)


def read_alerts(home: Home) -> Iterator[tuple[AlertText, GridRow]]:
    """Yield the words of every alert of a home beside the row of its list."""
    engine = open_database(home.database_url, home.archive)
    lists = {entry.id for entry in entries(engine)}
    with engine.connect() as connection:
        for stored in connection.execute(select(alert).order_by(alert.c.raised_at, alert.c.alert_id)).mappings():
            if stored["ranking_id"] in lists:
                row = next(iter(read_rows(connection, [stored["ranking_id"]], "grid", [stored["grid_id"]])))
                yield read_text(stored["body"]), GridRow.model_validate_json(row.body)


def table(alerts: list[tuple[AlertText, GridRow]]) -> Iterator[str]:
    """Yield one line per alert, and last how many show what they must."""
    faults: Counter[str] = Counter()
    yield "grid             place  expected  named  first line"
    for text, row in alerts:
        own = list(find_faults(text, row))
        faults.update(own or ["no fault"])
        figures = f"{row.score.rank:>5}  {row.score.expected_escalations:8.3f}  {named_share(row):5.0%}"
        first = text.reasons[0].words.zh if text.reasons else "—"
        yield f"{row.grid_id}  {figures}  {first}{'  ! ' + ', '.join(own) if own else ''}"
    yield f"{len(alerts)} alerts: " + ", ".join(f"{name} {count}" for name, count in faults.most_common())


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in table(list(read_alerts(Home(Path(sys.argv[1]))))))
