from datetime import timedelta

import pytest

from features.errors import NotFoundError
from serving.rankings.ledger import newest, read_body
from serving.rankings.schemas import GridRow
from serving.scoring.on_demand import explain
from tests.support.published_world import AS_OF


def explain_in(world, grid_id, as_of=AS_OF):
    return explain(world.home, world.engine, world.settings, grid_id, as_of)


def published_rows(world):
    entry = newest(world.engine)
    return entry, [GridRow.model_validate_json(row.body) for row in read_body(world.engine, entry)["grid"]]


def test_explain_listed_grid_is_told_as_published(shared_world):
    entry, rows = published_rows(shared_world)

    explained = explain_in(shared_world, rows[0].grid_id)

    assert (entry.ranking_id, rows[0]) == (explained.ranking_id, explained.row)


def test_explain_grid_far_down_is_computed_and_scored_as_published(shared_world):
    _, rows = published_rows(shared_world)

    explained = explain_in(shared_world, rows[20].grid_id)

    assert explained.ranking_id is None
    assert explained.row.explanation.reasons
    assert rows[20].score == explained.row.score


def test_explain_day_without_a_list_is_computed(shared_world):
    explained = explain_in(shared_world, published_rows(shared_world)[1][0].grid_id, AS_OF - timedelta(days=3))

    assert explained.ranking_id is None
    assert explained.row.explanation


def test_explain_unknown_grid_is_not_found(shared_world):
    with pytest.raises(NotFoundError, match="one of the 40 grids"):
        explain_in(shared_world, "nowhere")
