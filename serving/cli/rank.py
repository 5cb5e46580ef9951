"""`yujing rank` and `yujing explain`: the list of a day, and the words behind one of its rows."""

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from features.errors import StoreError
from serving.cli.console import DAY, AsJson, AsOf, TargetName, day, json_text, message, print_table
from serving.cli.workspace import Workspace

if TYPE_CHECKING:
    from serving.rankings.entries import Entry
    from serving.rankings.schemas import GridRow

Today = Annotated[date | None, typer.Option("--as-of", parser=day, metavar=DAY, help="Day of the list; today by default.")]
Top = Annotated[int, typer.Option("--top", min=0, help="Rows to print; the ledger holds them all.")]
GridId = Annotated[str, typer.Argument(metavar="GRID", help="Code of a grid.")]

TOP = 20
COLUMNS = ("rank", "range", "grid", "name", "level", "expected", "usual", "factor", "risk", "confidence")


def rank(work: Workspace, *, as_of: Today = None, target: TargetName = None, top: Top = TOP, as_json: AsJson = False) -> None:
    """Publish the list of a day: only what was known before it counts.

    A list that stands already is printed as it stands.
    """
    from serving.audit import note_settings
    from training.learning.boosters_alone import import_boosters_alone

    import_boosters_alone()
    from serving.rankings.ledger import read_body
    from serving.scoring.daily_run import rank as publish

    note_settings(work.engine, work.settings, datetime.now(UTC))
    of_day = as_of or datetime.now(work.settings.tz).date()
    entry = publish(work.home, work.engine, work.settings, of_day, datetime.now(UTC), target)
    _note_chains(work)
    _note_small_grids(work)
    if as_json:
        about = {"ranking_id": entry.ranking_id, "as_of": of_day.isoformat(), "revision": entry.revision}
        rows = [json.loads(row.body) for row in read_body(work.engine, entry)["grid"]]
        typer.echo(json_text(about | {"rows": rows}))
        return
    _show(work, entry, top)


def _note_chains(work: Workspace) -> None:
    """Write down in the second place where both chains stand; a list that is published stands without it."""
    from serving.operations.integrity import second_place, write_checkpoint

    try:
        write_checkpoint(work.home, work.engine, second_place(work.home, work.settings.serving.checkpoint_dir), datetime.now(UTC))
    except (StoreError, OSError) as error:
        message(f"The checkpoint could not be written: {error}")


def _note_small_grids(work: Workspace) -> None:
    """Say how many grids are too small to be rated."""
    from features.eventlog.read import count_small_grids

    least = work.settings.ranking.least_households
    if count := count_small_grids(work.engine, least):
        message(f"{count} grids of the grid file have fewer than {least} households and are not rated; join them with others.")


def _show(work: Workspace, entry: "Entry", top: int) -> None:
    from serving.rankings.ledger import read_first
    from serving.rankings.schemas import GridRow
    from serving.text import SERVICE_ONLY

    bodies, grids = read_first(work.engine, entry, "grid", top)
    print_table(COLUMNS, [_cells(GridRow.model_validate_json(body)) for body in bodies])
    listed = f"List {entry.ranking_id} of {entry.origin.as_of}, revision {entry.revision}: {grids} grids"
    message(f"{listed}. {SERVICE_ONLY.zh} / {SERVICE_ONLY.en}.")


def explain(work: Workspace, *, grid_id: GridId, as_of: AsOf, target: TargetName = None, as_json: AsJson = False) -> None:
    """Say why one grid stands where it stands."""
    from training.learning.boosters_alone import import_boosters_alone

    import_boosters_alone()
    from serving.scoring.on_demand import explain as explain_row
    from serving.text import SERVICE_ONLY

    explained = explain_row(work.home, work.engine, work.settings, grid_id, as_of, target)
    if as_json:
        typer.echo(json_text({"ranking_id": explained.ranking_id, "row": explained.row.model_dump(mode="json")}))
        return
    print_table(COLUMNS, [_cells(explained.row)])
    print_table(("", ""), _sentences(explained.row))
    where = f"As published on list {explained.ranking_id}" if explained.ranking_id else "Computed now, not published"
    message(f"{where}. {SERVICE_ONLY.zh} / {SERVICE_ONLY.en}.")


def _cells(row: "GridRow") -> tuple[object, ...]:
    """Return what `COLUMNS` name; a grid that is not rated has its reason for a level and no figure."""
    score = row.score
    if score is None:
        return None, None, row.grid_id, row.name, row.withheld, None, None, None, None, row.confidence
    place = (score.rank, f"{score.rank_low}-{score.rank_high}", row.grid_id, row.name, score.attention_level)
    return *place, score.expected_escalations, score.usual_level, score.factor, score.risk, row.confidence


def _sentences(row: "GridRow") -> list[tuple[str, str]]:
    """Return Chinese and English: reasons first, then circumstances and how far the figures carry."""
    from serving.rankings.line_words import outcome_words, with_similar
    from serving.rankings.schemas import Explanation

    texts = [row.withheld_words] if row.withheld_words else []
    given = row.explanation
    if isinstance(given, Explanation):
        besides = (outcome_words(given.outcomes) if given.outcomes else None, given.unclear)
        texts += [*map(with_similar, given.reasons), *(text for text in besides if text), *given.calm]
    elif given:
        texts += [reason.words for reason in given.reasons]
    if given:
        texts += [*given.context, *given.certainty]
    return [(text.zh, text.en) for text in texts]
