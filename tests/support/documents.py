"""Pages of docs/ that are generated from declarations: `python -m tests.support.documents` writes them, a test compares them."""

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from sqlalchemy import Column, Table

from features.database.copying import metadata
from features.database.views import COLUMNS
from features.panel.build import catalogue
from features.panel.feature import Feature
from features.settings import BuildSettings, CalendarSettings, Period
from tests.support.alert_texts import alert_texts_page
from tests.support.event_logs import HORIZON, make_facts, make_rich_log

DOCS = Path(__file__).parents[2] / "docs"
SEASON = Period(name="gaokao", start="2025-06-07", end="2025-06-10")
SETTINGS = BuildSettings(calendar=CalendarSettings(country="CN", exam_periods=(SEASON,), sensitive_periods=(SEASON,)))
TABLES = {
    "account": "who may sign in, with role and scope",
    "alert": "one open or ended alert of a grid; its words are frozen when it is raised",
    "alert_decision": "every grid that the alert rule looked at, and what it decided",
    "alert_transition": "steps of an alert, in order",
    "area": "what the areas above the grids are called",
    "archived_list": "lists whose rows were moved to a file of the archive",
    "answered": "answers by idempotency key, so that a repeated request changes nothing",
    "audit": "the audit trail, chained by hashes",
    "batch": "one run of `yujing ingest` over one file",
    "correction": "what staff hold to be wrong in the data",
    "correction_step": "what was decided about a correction",
    "daily_run": "days on which the daily list was made or failed",
    "delivery": "messages to receivers that wait or were given up",
    "event": "the event log: one row per case, never overwritten",
    "event_transition": "what happened to a case, each step with its own known_at",
    "feed": "sources and the last sequence number of each",
    "feedback": "whether a reason holds, said by staff",
    "grid": "grids with name, path, validity and geometry",
    "grid_mapping": "crosswalk of redrawn grids",
    "grid_neighbour": "which grids touch, with a weight",
    "job_run": "every run of ingest, rank, monitor and backup: when, how long, and how it ended",
    "lease": "which process does a job that only one may do",
    "login_attempt": "failed sign-ins, for the brake",
    "model_publication": "who was champion when, and why",
    "quarantine": "rows that were refused: field and code, never the value",
    "ranking": "the ledger: one published list, chained by hashes",
    "ranking_row": "rows of a published list, frozen as JSON",
    "rescore": "corrections that a later list took up",
    "review": "lists that an analyst released",
    "segment": "the columnar copy of the event log, by sequence number",
    "sequel": "what followed an alert, once its window is over",
    "sequence": "last sequence numbers",
    "session": "who is signed in",
    "silence": "areas in which no alert is raised for a time",
    "token": "tokens of programs",
    "undertaking": "projects, campaigns, treatments, periods and shocks, in versions",
    "undertaking_review": "what past undertakings were followed by, and what helped",
    "covariate": "numbers about grids that others measure, such as weather or floating population",
    "effort": "visits, campaigns and active reporters per grid and day",
    "visit": "visits, and whether an alert prompted them",
    "key_fingerprint": "which keys this database was written with",
}


def data_page() -> str:
    """Return the data dictionary: one row per table and column, as declared."""
    lines = [
        "# Tables",
        "",
        "Generated from `features/database` by `make docs`; do not edit. Times are microseconds since 1970-01-01 UTC.",
        "**Bold** is the primary key.",
        "Event log, ledger and audit trail are append-only: triggers refuse other changes.",
        "",
        "| table | holds | columns |",
        "| --- | --- | --- |",
    ]
    lines += [
        f"| `{table.name}` | {TABLES.get(table.name, '')} | {_columns(table)} |" for table in sorted(metadata.tables.values(), key=_name)
    ]
    lines += ["", "## Views", "", "Read-only, for BI tools; times are timestamps in UTC.", "", "| view | columns |", "| --- | --- |"]
    lines += [f"| `{view}` | {'; '.join(f'{name} ({words})' for name, words in columns.items())} |" for view, columns in COLUMNS.items()]
    return "\n".join(lines) + "\n"


def features_page() -> str:
    """Return the feature catalogue of a log in which every family finds something to count."""
    features = catalogue(make_facts(**make_rich_log()), HORIZON, SETTINGS)
    lines = [
        "# Features",
        "",
        "Generated from `features/panel/families` by `make docs`; do not edit.",
        "A column's name is `subject_category_measure_scope_window`;",
        "window counts use facts with known_at in `[as_of - days, as_of)`. `use` says who reads a column: the trees of a model",
        "(`model`), only the level that they start from (`level_only`), only people (`shown_only`), or nobody (`never`). How many",
        "columns there are depends on the log.",
        "",
        "| family | measure | subjects | scope | days | unit | use | in words |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    ordered = sorted(features, key=_group)
    lines += [_feature_row(list(group)) for _, group in groupby(ordered, key=_group)]
    lines += ["", "## Columns of this log", ""]
    lines += ["Names are a contract: stored models, published lists and analysts' tables go by them. Add lines, change none.", ""]
    lines += ["```", *(feature.name for feature in features), "```"]
    return "\n".join(lines) + "\n"


PAGES = {"alert-texts.md": alert_texts_page, "data.md": data_page, "features.md": features_page}


def _name(table: Table) -> str:
    return table.name


def _columns(table: Table) -> str:
    return "; ".join(_column(column) for column in table.columns)


def _column(column: Column[object]) -> str:
    name = f"**{column.name}**" if column.primary_key else column.name
    return f"{name} ({column.comment})" if column.comment else name


def _group(feature: Feature) -> tuple[str, str, str, str]:
    return feature.family, feature.measure, feature.unit, feature.use


def _feature_row(group: list[Feature]) -> str:
    first = group[0]
    cells = (
        first.family,
        first.measure,
        _several(f"{feature.subject}{' by category' if feature.category else ''}" for feature in group),
        _several(feature.scope for feature in group),
        _several(feature.window_days for feature in group),
        first.unit,
        first.use,
        f"{first.zh} / {first.en}",
    )
    return f"| {' | '.join(map(str, cells))} |"


def _several(values: Iterable[object]) -> str:
    return ", ".join(dict.fromkeys(str(value) for value in values if value is not None)) or "-"


if __name__ == "__main__":
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")
