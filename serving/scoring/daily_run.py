"""The daily run: score, explain, sum, and write the ledger once; settle alerts whose windows are ripe.

A published list is computed again from what the ledger says it was made of, to show that nobody made it up.
"""

import gc
import reprlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from functools import partial
from itertools import groupby, zip_longest
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import Engine, RowMapping, insert, select

from features.database.alert_tables import alert, sequel
from features.database.engine import reading, writing
from features.database.tables import grid
from features.days import day_number, midnight, to_date
from features.errors import NotReadyError, StoreError, UsageError
from features.eventlog.read import read_log
from features.facts.facts import Facts
from features.facts.places import positions
from features.provenance import code_version
from features.storage.home import Home, check_free_disk
from serving.alerts.corrections import accepted_corrections, note_rescores
from serving.alerts.raising import Raising
from serving.alerts.rule import RankedGrids
from serving.maps.drawing import pack_all
from serving.maps.polygons import prepare
from serving.rankings.entries import Body, Entry, Origin, hash_body
from serving.rankings.expiry import refuse_expired
from serving.rankings.ledger import newest, publish, read_body
from serving.rankings.publishing import refuse_while_paused
from serving.rankings.schemas import Explanation, GridRow
from serving.scoring.list_builder import list_grids, sum_up
from serving.scoring.scoring import ScoredDay, score_days, score_snapshot
from serving.settings import RankingSettings, Settings
from serving.undertakings.review import review_monthly
from training.learning.folds import Gap
from training.learning.labels import count_labels
from training.learning.model import most_expected
from training.registry.published import read_published


def record_outcomes(engine: Engine, facts: Facts, delay_allowance_days: int, now: datetime) -> int:
    """Store what followed each alert of the facts' target whose window is ripe, and return how many were settled.

    A window is ripe once the log is complete through its end and the days that reports may take; what counts is what was known by
    then. So nothing is told early because it was bad news, and whoever settles later finds the same. `now` is only kept beside it.
    """
    ripe_until = to_date(facts.known_through_day - delay_allowance_days)
    settled = select(sequel.c.alert_id).where(sequel.c.alert_id == alert.c.alert_id).exists()
    query = (
        select(alert.c.alert_id, alert.c.grid_id, alert.c.starts, alert.c.ends)
        .where(alert.c.target == facts.target_name, alert.c.ends <= ripe_until, ~settled)
        .order_by(alert.c.starts, alert.c.ends, alert.c.alert_id)
    )
    with reading(engine) as connection:
        if not connection.execute(query.limit(1)).first():
            return 0
    with writing(engine) as connection:
        waiting = connection.execute(query).mappings().all()
        counted = [entry | {"at": now} for entry in _count(waiting, facts, delay_allowance_days)]
        if counted:
            connection.execute(insert(sequel), counted)
    return len(counted)


def _count(waiting: Sequence[RowMapping], facts: Facts, delay_allowance_days: int) -> Iterator[dict[str, object]]:
    for (starts, ends), group in groupby(waiting, key=lambda row: (row["starts"], row["ends"])):
        alerts, last = list(group), day_number(ends)
        as_of = np.array([day_number(starts)], np.int32)
        counts = count_labels(facts, as_of, last - int(as_of[0]), known_before=last + delay_allowance_days)[0]
        place = positions(facts.places.grid_ids, np.array([each["grid_id"] for each in alerts], np.str_))
        for each, at in zip(alerts, place.tolist(), strict=True):
            yield {"alert_id": each["alert_id"], "escalations": float(counts[at]) if at >= 0 else None}


def rank(home: Home, engine: Engine, settings: Settings, as_of: date, now: datetime, target: str | None = None) -> Entry:
    """Publish the list of one day and return its entry; a list that says the same already is returned as it stands.

    Only what was known before the local midnight of `as_of` counts; `now` is the moment of publication, `target` what is predicted: that
    of the model published last by default.

    Raises:
        UsageError: the day has not begun.
        NotReadyError: there is no champion, or no record to rank by.
    """
    return next(rank_days(home, engine, settings, [as_of], lambda _: now, target))


def rank_days(
    home: Home,
    engine: Engine,
    settings: Settings,
    as_ofs: Sequence[date],
    published_at: Callable[[date], datetime],
    target: str | None = None,
) -> Iterator[Entry]:
    """Publish the lists of several days, as `rank` would one after the other, and yield their entries; the log is read once.

    `published_at` says at which moment the list of a day is published.

    Raises:
        PausedError: publishing is paused.
        ExpiredError: the audit of the model is too old, or the charter has ended.
    """
    refuse_while_paused(engine)
    for as_of in as_ofs:
        refuse_expired(engine, settings, target, published_at(as_of))
    check_free_disk(home)
    corrected = accepted_corrections(engine)
    for as_of in as_ofs:
        if midnight(day_number(as_of), settings.tz) > published_at(as_of):
            raise UsageError(f"as_of must not lie after today, got {as_of}. A list is computed once its day has begun.")
    names = grid_names(engine)
    pack_all(home, prepare(home, engine))
    for day in score_days(home, engine, settings, as_ofs, target):
        now = published_at(day.as_of)
        record_outcomes(engine, day.facts, settings.delay_allowance_days, now)
        before = newest(engine, target=day.model.target)
        entry = _publish(engine, day, names, settings, now)
        review_monthly(engine, day.facts, Gap(day.model.horizon_days, settings.delay_allowance_days), settings.alerts, now)
        if day.as_of == now.astimezone(settings.tz).date():
            note_rescores(engine, corrected, before, entry, now)
        yield entry
        corrected = accepted_corrections(engine)  # before the next day was published


def grid_names(engine: Engine) -> dict[str, str]:
    """Return grid_id -> name."""
    with reading(engine) as connection:
        return {row.grid_id: row.name for row in connection.execute(select(grid.c.grid_id, grid.c.name))}


def _publish(engine: Engine, day: ScoredDay, names: Mapping[str, str], settings: Settings, now: datetime) -> Entry:
    _refuse_stale(day)
    _refuse_implausible(day)
    with _collection_paused():
        grids = list_grids(day, names, settings.ranking)
        raising = _raising(day, grids, settings)
        return publish(engine, origin_of(day, settings.tz, settings.ranking), sum_up(day, grids), now, raising)


def _raising(day: ScoredDay, grids: Sequence[GridRow], settings: Settings) -> Raising:
    return Raising(RankedGrids(grids), partial(_explain, day), settings.alerts, settings.tz)


@contextmanager
def _collection_paused() -> Iterator[None]:
    """Pause the garbage collector: rows of a list hold no cycles, and each of its searches would look at all of them."""
    paused = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if paused:
            gc.enable()


def _refuse_stale(day: ScoredDay) -> None:
    """Refuse a list on which no grid could be rated, for every source is behind: an empty list would look like a calm day."""
    if not len(day.rated) and "stale_source" in day.coverage.withheld:
        through = to_date(day.facts.known_through_day)
        raise NotReadyError(
            f"at least one source must be up to date on {day.as_of}, and the newest report is of {through}. Ingest newer data."
        )


def _refuse_implausible(day: ScoredDay) -> None:
    """Refuse a list with an expected count that neither the cases nor the level of its grid can justify."""
    rated = day.rated
    most = most_expected(day.model, day.panel)[0, rated]
    expected = day.expected[rated]
    beyond = np.flatnonzero(~(expected <= most))
    if len(beyond):
        worst = beyond[np.argmax(expected[beyond] - most[beyond])]
        raise NotReadyError(
            f"grid {day.panel.grid_ids[rated[worst]]} must expect at most {most[worst]:.4g} escalations on {day.as_of}, got "
            f"{expected[worst]:.4g}: its cases and its level do not justify more. Publish an earlier model, or train again."
        )


def _explain(day: ScoredDay, grid_ids: Sequence[str]) -> dict[str, Explanation]:
    places = np.array([np.searchsorted(day.panel.grid_ids, grid_id) for grid_id in grid_ids], np.int64)
    return dict(zip(grid_ids, day.explain(places), strict=True))


def origin_of(day: ScoredDay, tz: ZoneInfo, ranking: RankingSettings) -> Origin:
    """Return what the list of a scored day is made from."""
    through = min(day_number(day.as_of), day.facts.known_through_day + 1)
    return Origin(
        as_of=day.as_of,
        target=day.model.target,
        horizon_days=day.model.horizon_days,
        model_hash=day.model_hash,
        model_version=day.model_version,
        sequence=day.facts.sequence,
        data_through=midnight(through, tz),
        code_version=code_version(),
        seed=ranking.seed,
    )


def reproduce(home: Home, engine: Engine, settings: Settings, entry: Entry) -> None:
    """Compute a list and its alerts again from the records up to its sequence number, its model and its seed: all must be as published.

    The ledger does not hold the settings and the table of grids: those of today are used. Whom the rule chose is read, not decided again.

    Raises:
        StoreError: it comes out differently, or its model is not what was published.
    """
    day, grids = _compute(home, engine, settings, entry)
    again = sum_up(day, grids)
    if hash_body(again) != entry.body_hash:
        raise _not_reproduced(entry, "list", "places", _different(read_body(engine, entry), again))
    with reading(engine) as connection:
        changed = _raising(day, grids, settings).find_changed(connection, entry)
    if changed:
        raise _not_reproduced(entry, "alerts", "alerts", changed)


def _not_reproduced(entry: Entry, what: str, parts: str, different: Sequence[str]) -> StoreError:
    return StoreError(
        f"the {what} of {entry.origin.as_of} must come out as published, and {len(different)} {parts} differ: {reprlib.repr(different)}. "
        f"Code {entry.origin.code_version} made it, this is {code_version()}; look for what changed in code, settings or grids."
    )


def _different(published: Body, again: Body) -> list[str]:
    """Return the places whose rows are not the same, or stand elsewhere."""
    levels = published.keys() | again.keys()
    rows = [pair for level in levels for pair in zip_longest(published.get(level, []), again.get(level, []))]
    return sorted({row.place for pair in rows if pair[0] != pair[1] for row in pair if row})


def _compute(home: Home, engine: Engine, settings: Settings, entry: Entry) -> tuple[ScoredDay, list[GridRow]]:
    origin = entry.origin
    ranking = settings.ranking.model_copy(update={"seed": origin.seed})
    snapshot = read_log(home, engine, origin.sequence)
    day = next(score_snapshot(read_published(home, origin.model_hash), snapshot, settings, [origin.as_of]))
    return day, list_grids(day, grid_names(engine), ranking)
