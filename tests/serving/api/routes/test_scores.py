import tempfile
from datetime import datetime, timedelta

import polars as pl
import pytest

from features.eventlog.feeds import FeedSpec, declare_feed
from features.eventlog.read import log_state
from features.schema import Col
from serving.accounts.permissions import Role
from serving.app import create_app
from serving.rankings.ledger import newest, read_body
from serving.rankings.schemas import GridRow, ScoredFile
from serving.scoring.on_demand import FileScorer
from tests.support.audit_entries import newest_entries
from tests.support.golden_sample import make_sample
from tests.support.published_world import AS_OF, LAST_DAY, PUBLISHED_AT
from tests.support.visitors import open_client, sign_up

ADDRESS = f"/v1/scores?as_of={AS_OF}"


@pytest.fixture(scope="module")
def cases() -> pl.DataFrame:
    import numpy as np

    return make_sample(LAST_DAY, days=500, grids=40, rng=np.random.default_rng(7)).cases


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    """Where temporary files go."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def analyst(world, clock, scratch):
    _, token = sign_up(world.engine, PUBLISHED_AT, Role.ANALYST)
    app = create_app(world.settings, world.home, clock, None, lambda: FileScorer(world.home, world.engine, world.settings))
    with open_client(app, token) as client:
        yield client


def as_csv(cases: pl.DataFrame) -> bytes:
    moments = [name for name, kind in cases.schema.items() if isinstance(kind, pl.Datetime)]
    return cases.with_columns(pl.col(moments).dt.strftime("%Y-%m-%dT%H:%M:%S%.6f")).write_csv().encode()


def test_score_of_the_same_cases_is_that_of_the_list_and_nothing_is_left(analyst, world, cases, scratch):
    declare_feed(world.engine, "sample", FeedSpec(bursts="join"))  # as an ingest of this file would
    before = log_state(world.engine)
    entry = world.rank()
    rows = [GridRow.model_validate_json(row.body) for row in read_body(world.engine, entry)["grid"]]

    scored = ScoredFile.model_validate_json(analyst.post(ADDRESS, content=as_csv(cases)).content)

    listed = {row.grid_id: row.score and (row.score.expected_escalations, row.score.usual_level) for row in rows}
    found = {each.grid_id: each.withheld is None and (each.expected_escalations, each.usual_level) for each in scored.grids}
    assert scored.cases == len(cases)
    assert {grid: figures or False for grid, figures in listed.items()} == found
    assert log_state(world.engine) == before
    assert list(scratch.iterdir()) == []
    assert newest_entries(world.engine, 1)[0].action == "score"


@pytest.mark.parametrize("exact", ["1us", "1d"])
def test_score_of_rows_in_another_order_is_the_same(analyst, cases, exact):
    moments = [name for name, kind in cases.schema.items() if isinstance(kind, pl.Datetime)]
    cases = cases.with_columns(pl.col(moments).dt.truncate(exact))

    answers = [analyst.post(ADDRESS, content=as_csv(posted)).content for posted in (cases, cases.sample(fraction=1, shuffle=True, seed=1))]

    assert answers[0] == answers[1]


def test_score_sees_only_what_was_known_before_its_day(analyst, cases):
    early = cases.filter(pl.col(Col.REPORTED_AT) < datetime(2025, 12, 1))  # noqa: DTZ001 - local, as in the file
    asked = "/v1/scores?as_of=2025-12-01"

    answers = [analyst.post(asked, content=as_csv(posted)).json()["grids"] for posted in (cases, early)]

    assert [each["usual_level"] for each in answers[0]] == [each["usual_level"] for each in answers[1]]


def test_score_rows_that_do_not_fit_are_named_by_number_and_code(analyst, cases, scratch):
    broken = cases.head(60).with_columns(
        pl.when(pl.int_range(pl.len()) == 6).then(pl.lit("gossip")).otherwise(Col.CATEGORY).alias(Col.CATEGORY)
    )
    answer = analyst.post(ADDRESS, content=as_csv(broken))

    assert (answer.status_code, answer.headers["Content-Type"]) == (422, "application/problem+json")
    assert [(each["field"], each["code"]) for each in answer.json()["errors"]] == [("row.7.category", "CATEGORY_UNKNOWN")]
    assert "gossip" not in answer.text
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "FILE_EMPTY"),
        (b"event_id,grid\n1,x\n", "FILE_HEADER"),
        (b"PK\x03\x04\x00\x00", "FILE_ENCODING"),
        (b"\x1f\x8b\x08\x00", "FILE_ENCODING"),
    ],
)
def test_score_file_that_is_none_is_refused_by_its_code(analyst, scratch, content, code):
    answer = analyst.post(ADDRESS, content=content)

    assert (422, code) == (answer.status_code, answer.json()["errors"][0]["code"])
    assert str(scratch) not in answer.text


def test_score_above_the_limits_is_refused(analyst):
    lines = b"1,2\n" * 200_002

    assert analyst.post(ADDRESS, content=lines).status_code == 422
    assert analyst.post(ADDRESS, content=b"x" * (50 * 1024**2 + 1)).status_code == 413


def test_score_of_a_day_to_come_or_of_none_is_refused(analyst, cases):
    tomorrow = AS_OF + timedelta(days=1)

    assert analyst.post(f"/v1/scores?as_of={tomorrow}", content=as_csv(cases.head(3))).status_code == 409
    assert analyst.post("/v1/scores", content=b"").status_code == 422


def test_score_is_for_analysts(fresh_client):
    assert fresh_client.post(ADDRESS, content=b"").status_code == 403


def test_score_covers_ones_own_area_only(world, clock, cases, scratch):
    township = newest_township(world)
    _, token = sign_up(world.engine, PUBLISHED_AT, Role.ANALYST, township)
    app = create_app(world.settings, world.home, clock, None, lambda: FileScorer(world.home, world.engine, world.settings))
    with open_client(app, token) as client:
        grids = client.post(ADDRESS, content=as_csv(cases)).json()["grids"]

    assert {township.rpartition("/")[2]} == {each["grid_id"][:9] for each in grids}


def newest_township(world) -> str:
    world.rank()
    rows = read_body(world.engine, newest(world.engine))["grid"]
    return GridRow.model_validate_json(rows[0].body).township


def test_score_source_is_named_and_one_that_is_unknown_is_refused_before_the_file_is_read(analyst, cases):
    named = analyst.post(f"{ADDRESS}&source=sample", content=as_csv(cases))
    unnamed = analyst.post(ADDRESS, content=as_csv(cases))
    unknown = analyst.post(f"{ADDRESS}&source=nobody", content=b"\xff not read")

    assert (200, named.content) == (named.status_code, unnamed.content)
    assert 404 == unknown.status_code
    assert "sample" in unknown.json()["detail"]


def test_score_by_an_account_without_the_right_reads_nothing(world, clock):
    _, token = sign_up(world.engine, PUBLISHED_AT, Role.COMMAND)
    with open_client(create_app(world.settings, world.home, clock, None, lambda: pytest.fail("opened")), token) as client:
        assert 403 == client.post(ADDRESS, content=b"\xff not read").status_code
