"""Features of both real logs against plain SQL over the published files: code that shares nothing with the counters."""

import csv
import gzip
import re
import sqlite3
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from features.days import every, to_date
from features.eventlog.snapshot import RECORD_SCHEMA, Feed, LogSnapshot
from features.facts.derive import read_facts
from features.panel.build import build_features, catalogue
from features.targets import DeadlinePassed, Target, UnresolvedAfter
from serving.settings import Settings
from tests.support.event_logs import Case, make_facts, make_log

DATA = Path(__file__).parents[4] / "shared" / "data"
TRIPLES = 2000
HORIZON = 7
TARGET = Target(transitions=("overdue",))
SETTINGS = Settings(zone="America/New_York", target=TARGET, panel={"threads": 1})


@dataclass(frozen=True)
class RealLog:
    """A published file: rows of (id, grid, parent, kind, source, opened, due, closed), local times as ISO text, and its rule."""

    file: str
    columns: tuple[str, ...]
    rule: DeadlinePassed | UnresolvedAfter
    as_ofs: tuple[date, date]

    def rows(self):
        """Yield the rows that have a place, as the columns say, tidied."""
        path = DATA / self.file
        if not path.exists():
            pytest.skip(f"{self.file} is not beside this project")
        with gzip.open(path, "rt", encoding="utf-8", newline="") as text:
            for row in csv.DictReader(text):
                key, grid, parent, kind, source, opened, due, closed = (row.get(name, "").strip() for name in self.columns)
                if grid:
                    yield (
                        key,
                        grid.removesuffix(".0").zfill(4),
                        parent,
                        _code(kind) or "other",
                        _code(source),
                        _iso(opened),
                        _iso(due),
                        _iso(closed),
                    )


LOGS = {
    "boston": RealLog(
        "boston_311_2015.csv.gz",
        ("CASE_ENQUIRY_ID", "precinct", "", "REASON", "Source", "OPEN_DT", "TARGET_DT", "CLOSED_DT"),
        DeadlinePassed(action="overdue", when="deadline_passed"),
        (date(2015, 1, 20), date(2015, 12, 29)),
    ),
    "nyc": RealLog(
        "nyc_council_complaints.csv.gz",
        ("unique_key", "account", "", "complaint_type", "", "opendate", "", "closedate"),
        UnresolvedAfter(action="overdue", when="unresolved_after", days=30),
        (date(2015, 2, 1), date(2019, 12, 1)),
    ),
}


def _code(words):
    return re.sub("[^a-z]+", "_", words.lower()).strip("_") or None


def _iso(text):
    """Return "01/31/2015 02:05:00 PM" as "2015-01-31T14:05:00", a date as its midnight and nothing as None."""
    if len(text) == 22:
        hour = int(text[11:13]) % 12 + 12 * (text[20] == "P")
        return f"{text[6:10]}-{text[:2]}-{text[3:5]}T{hour:02}{text[13:19]}"
    return f"{text}T00:00:00" if text else None


def panel_of(log, rows):
    names = ("id", "grid_id", "parent", "category", "source", "opened", "due", "closed")
    frame = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row").unique("id", keep="first", maintain_order=True)
    local = pl.col("opened", "due", "closed").str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="us")
    frame = frame.with_columns(local.dt.replace_time_zone(SETTINGS.zone, ambiguous="earliest").dt.convert_time_zone("UTC"))
    frame = frame.with_row_index("seq", 1).with_columns(event_seq="seq", feed=pl.lit("real"))
    opened = pl.col("opened")
    reports = frame.with_columns(
        action=pl.lit("reported"), at=opened, known_at=opened, occurred_at=opened, deadline_at="due", event_type=pl.lit("service_request")
    )
    closings = frame.drop_nulls("closed").select("event_seq", "feed", action=pl.lit("resolved"), at="closed", known_at="closed")
    closings = closings.with_row_index("seq", len(frame) + 1)
    records = pl.concat([reports, closings], how="diagonal_relaxed")
    missing = [pl.lit(None).alias(name) for name in RECORD_SCHEMA if name not in records.columns]
    records = records.with_columns(missing).select(pl.col(name).cast(kind) for name, kind in RECORD_SCHEMA.items())
    empty = make_log([], grids=dict.fromkeys(frame["grid_id"].unique().to_list(), ""))
    feed = Feed("real", frame["opened"].max(), (log.rule,))
    snapshot = LogSnapshot(records, empty.grids, empty.neighbours, empty.crosswalk, {"real": feed}, len(records))
    facts = read_facts(snapshot, None, SETTINGS)
    answered = tuple(feature for feature in catalogue(facts, HORIZON, SETTINGS) if oracle(feature.name))
    return build_features(facts, every(*log.as_ofs, 20), HORIZON, SETTINGS, answered)


def tables_of(log, rows):
    """Return a database of the same rows with their local days: when each was opened, closed, fell due and escalated."""
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE raw (id PRIMARY KEY, grid, parent, kind, source, opened_at, due_at, closed_at)")
    database.executemany("INSERT OR IGNORE INTO raw VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
    fires_at = "due_at" if isinstance(log.rule, DeadlinePassed) else f"strftime('%Y-%m-%dT%H:%M:%S', opened_at, '+{log.rule.days} days')"
    day = "strftime('%s', {}) / 86400".format
    database.execute(
        f"""CREATE TABLE cases AS
        SELECT id, grid, kind, source, {day("opened_at")} AS opened, {day("closed_at")} AS closed, {day("due_at")} AS deadline,
               {day("fires_at")} AS due,
               CASE WHEN fires_at >= opened_at AND (closed_at IS NULL OR closed_at > fires_at) THEN {day("fires_at")} END AS escalated
        FROM (SELECT *, {fires_at} AS fires_at FROM raw)"""
    )
    database.execute("CREATE INDEX by_grid ON cases (grid, kind, opened)")
    return database


IS_OPEN = "opened < :as_of AND (closed IS NULL OR closed >= :as_of)"
DURING = "{0} >= :as_of - {1} AND {0} < :as_of"
ORACLES = (
    (r"service_request_count_grid_(\d+)d", f"SELECT count(*) FROM cases WHERE grid = :grid AND {DURING.format('opened', '{0}')}"),
    (r"target_count_grid_(\d+)d", f"SELECT count(*) FROM cases WHERE grid = :grid AND {DURING.format('escalated', '{0}')}"),
    (r"service_request_closed_count_grid_(\d+)d", f"SELECT count(*) FROM cases WHERE grid = :grid AND {DURING.format('closed', '{0}')}"),
    (
        r"service_request_handling_days_mean_grid_(\d+)d",
        f"SELECT avg(closed - opened) FROM cases WHERE grid = :grid AND {DURING.format('closed', '{0}')}",
    ),
    (r"service_request_open_count_grid", f"SELECT count(*) FROM cases WHERE grid = :grid AND {IS_OPEN}"),
    (
        r"service_request_open_over_(\d+)d_count_grid",
        f"SELECT count(*) FROM cases WHERE grid = :grid AND {IS_OPEN} AND opened < :as_of - {{0}}",
    ),
    (r"service_request_open_age_mean_grid", f"SELECT avg(:as_of - opened) FROM cases WHERE grid = :grid AND {IS_OPEN}"),
    (r"service_request_overdue_count_grid", f"SELECT count(*) FROM cases WHERE grid = :grid AND {IS_OPEN} AND deadline < :as_of"),
    (
        r"service_request_due_count_grid_(\d+)d",
        f"SELECT count(*) FROM cases WHERE grid = :grid AND {IS_OPEN} AND deadline < :as_of + {{0}}",
    ),
    (
        r"service_request_at_risk_due_count_grid_(\d+)d",
        f"SELECT count(*) FROM cases WHERE grid = :grid AND {IS_OPEN} AND due >= :as_of AND due < :as_of + {{0}}",
    ),
    (r"due_count_grid_(\d+)d", f"SELECT count(*) FROM cases WHERE grid = :grid AND {IS_OPEN} AND due >= :as_of AND due < :as_of + {{0}}"),
    (
        r"service_request_since_grid",
        "SELECT nullif(min(:as_of - opened), max(:as_of - opened, 366)) FROM cases WHERE grid = :grid AND opened < :as_of",
    ),
    (r"target_since_grid", f"SELECT min(:as_of - escalated) FROM cases WHERE grid = :grid AND {DURING.format('escalated', 365)}"),
    (
        r"service_request_decay_grid_(\d+)d",
        f"""SELECT coalesce(sum(exp((opened - :as_of) / {{0}}.0)), 0) FROM cases
        WHERE grid = :grid AND {DURING.format("opened", "min(6 * {0}, 365)")}""",
    ),
    (
        r"target_decay_grid_(\d+)d",
        f"""SELECT coalesce(sum(exp((escalated - :as_of) / {{0}}.0)), 0) FROM cases
        WHERE grid = :grid AND {DURING.format("escalated", "min(6 * {0}, 365)")}""",
    ),
    (
        r"repeat_count_grid_(\d+)d",
        f"""SELECT count(*) FROM (SELECT opened, lag(opened) OVER (PARTITION BY kind ORDER BY opened) AS before FROM cases
        WHERE grid = :grid) WHERE opened - before <= {{0}} AND {DURING.format("opened", "{0}")}""",
    ),
    (
        r"(\w+)_source_count_grid_(\d+)d",
        f"SELECT count(*) FROM cases WHERE grid = :grid AND source = '{{0}}' AND {DURING.format('opened', '{1}')}",
    ),
    (
        r"service_request_(\w+)_count_grid_(\d+)d",
        f"SELECT count(*) FROM cases WHERE grid = :grid AND kind = '{{0}}' AND {DURING.format('opened', '{1}')}",
    ),
)
"""Feature names and the SQL that answers them, special names before general ones; braces stand for what the name's groups say."""


def oracle(name):
    """Return the SQL of a feature, None where SQL does not answer it."""
    for pattern, sql in ORACLES:
        found = re.fullmatch(pattern, name)
        if found:
            return sql.format(*found.groups())
    return None


@pytest.fixture(scope="module", params=list(LOGS))
def both(request):
    log = LOGS[request.param]
    rows = list(log.rows())
    database = tables_of(log, rows)
    yield panel_of(log, rows), database
    database.close()


def compare(panel, database, triples, seed):
    """Return (name, grid, as_of, SQL's answer, the panel's value) of random triples that differ by more than 1e-6."""
    rng = np.random.default_rng(seed)
    names = [name for name in panel.names if oracle(name)]
    wrong = []
    for name in rng.choice(names, triples):
        at, grid = rng.integers(len(panel.as_ofs)), rng.integers(len(panel.grid_ids))
        key = {"grid": str(panel.grid_ids[grid]), "as_of": int(panel.as_ofs[at])}
        answer = database.execute(oracle(name), key).fetchone()[0]
        expected, found = np.float32(np.nan if answer is None else answer), panel.column(name)[at, grid]
        if not np.isclose(expected, found, rtol=1e-6, atol=1e-6, equal_nan=True):
            wrong.append((str(name), key["grid"], to_date(key["as_of"]), float(expected), float(found)))
    return wrong


def test_build_panel_equals_plain_sql_on_random_triples_of_a_real_log(both):
    assert [] == compare(*both, TRIPLES // len(LOGS), seed=1)


def test_build_panel_window_of_one_day_more_is_caught(both):
    panel, database = both
    later = type(panel)(panel.grid_ids, panel.as_ofs + 1, panel.features, panel.values)

    assert len(compare(later, database, 200, seed=2)) > 10


def test_oracle_answers_every_window_state_and_recency_feature():
    cases = [Case("a", 1, 2, "service_request", kind, deadline=3, source=kind) for kind in ("litter", "noise")]
    facts = make_facts(cases, settings=SETTINGS, rules=(LOGS["boston"].rule,))
    families = {"counts", "kinds", "sources", "backlog", "handling", "recency", "repeats"}
    features = [feature for feature in catalogue(facts, HORIZON, SETTINGS) if feature.family in families]

    assert len(features) > 30
    assert [] == [feature.name for feature in features if not oracle(feature.name)]
