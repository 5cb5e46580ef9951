"""Explanations of a published world: lines add up, most of each is named, nothing that calms stands among them."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from features.database.engine import writing
from features.display import forbidden_words
from features.eventlog.undertakings import append_from_source
from features.undertakings.undertaking import Undertaking
from serving.rankings.line_words import mask
from serving.rankings.schemas import GridRow, micro, published
from serving.scoring.explanations import NAMED_SHARE, UNCLEAR, _disagree, _going_on, _publish, _Raw, _round_together, explain_cells
from serving.scoring.scoring import score_day
from serving.text import Text
from tests.support.event_logs import GRIDS, Case, Plan, make_panel
from tests.support.published_world import AS_OF, PUBLISHED_AT
from training.learning.calibration import CaseChances
from training.learning.model import Replicated
from training.learning.parts import Part


@pytest.fixture(scope="module")
def day(shared_world):
    return score_day(shared_world.home, shared_world.engine, shared_world.settings, AS_OF)


@pytest.fixture(scope="module")
def explained(day):
    return day.explain(day.rated)


def test_lines_of_all_grids_add_up_to_the_expected_count(day, explained):
    sums = [sum(micro(line.expected) for line in explanation.reasons) for explanation in explained]

    assert sums == [micro(published(float(expected))) for expected in day.expected[day.rated]]


def test_lines_of_all_grids_name_nine_tenths_of_the_expected_count(explained):
    shares = [sum(line.expected for line in each.named) / sum(line.expected for line in each.reasons) for each in explained]

    assert min(shares) >= NAMED_SHARE


def test_lines_are_ordered_by_what_they_add_and_none_takes_away(explained):
    for explanation in explained:
        first, *others = [line.expected for line in explanation.named]
        assert others == sorted(others, reverse=True)
        assert first >= max(others, default=0.0) or explanation.named[0].part == "open"
        assert min([first, *others]) >= 0


@pytest.mark.parametrize(("opened", "first"), [(0.3, "open"), (0.2, "new")])
def test_publish_open_cases_go_first_where_they_carry_a_quarter(opened, first):
    """A line that can be worked on goes before one that adds more, unless it adds next to nothing."""
    kind = {"part": "open", "event_type": "dispute", "category": "other", "count": 3}

    lines = list(_publish([_Raw(1 - opened, {"part": "new"}), _Raw(opened, kind)]))

    assert lines[0].part == first


def test_outcomes_of_all_grids_add_up_to_the_expected_count(explained):
    sums = [sum(micro(value) for value in each.outcomes.model_dump().values()) for each in explained]

    assert sums == [sum(micro(line.expected) for line in each.reasons) for each in explained]


def test_words_of_lines_are_lawful_and_filled(explained):
    texts = [text for each in explained for text in (*(line.words for line in each.reasons), *each.calm, *each.context, *each.certainty)]

    assert len(texts) > len(explained)
    assert not [text for text in texts if forbidden_words(text.zh + text.en) or "{" in text.zh or "nan" in text.zh]


def test_explanations_are_read_from_json_as_they_were(explained):
    row = GridRow.model_construct(explanation=mask(explained[0]))

    assert type(row.explanation).model_validate_json(row.explanation.model_dump_json()) == row.explanation


@pytest.mark.parametrize("seed", range(5))
def test_publish_rounds_and_joins_without_losing_a_millionth(seed):
    values = np.random.default_rng(seed).exponential(0.05, 9).tolist()
    lines = list(_publish([_Raw(value, {"part": "open", "event_type": "dispute", "category": "other", "count": 3}) for value in values]))

    assert sum(micro(line.expected) for line in lines) == sum(_round_together(values)) == micro(sum(values))
    assert sum(line.expected for line in lines if line.part != "rest") >= NAMED_SHARE * sum(values)


def disagreement(*refits):
    """Tell whether refits disagree on the first of two lines, given what each expects of an open case and of new ones."""
    opened, new = np.array(refits, float).T
    lines = [_Raw(0.4, {"part": "open"}, np.array([0])), _Raw(0.2, {"part": "new"}, np.array([0]))]
    at = np.zeros(1, np.int64)
    return _disagree(lines, {Part.OPEN: Replicated(at, opened[:, None]), Part.NEW: Replicated(at, new[:, None])})


def test_disagree_where_most_refits_put_another_line_first():
    assert disagreement((0.4, 0.1), (0.1, 0.4), (0.05, 0.3))
    assert not disagreement((0.4, 0.1), (0.2, 0.3), (0.05, 0.3))


def test_explanation_says_unclear_where_refits_put_other_lines_first(day, explained):
    cells = day.rated
    turned = {part: replace(rows, expected=rows.expected * (0.0 if part is Part.OPEN else 1.0)) for part, rows in day.refitted.items()}
    doubted = list(explain_cells(day.model, day.panel, turned, cells, [()] * len(cells)))
    first_open = [number for number, each in enumerate(explained) if each.reasons[0].part == "open"]

    assert first_open
    assert {doubted[number].unclear for number in first_open} == {UNCLEAR}


def test_lines_of_open_cases_say_how_many_of_ten_like_cases_escalated(day):
    model = replace(day.model, case_chances=CaseChances((0.42,) * 13))
    explained = explain_cells(model, day.panel, day.refitted, day.rated, [()] * len(day.rated))
    similar = {line.part: line.similar for each in explained for line in each.reasons}

    assert similar["open"] == 4
    assert {similar[part] for part in similar.keys() - {"open"}} == {None}


PROJECT = Plan("a", start=40, end=200, public=20)
NOTICE = Plan("a", start=60, end=200, sub_kind="eia_notice", name="q", public=20)


@pytest.mark.parametrize(
    ("plans", "as_of", "words"),
    [
        ([PROJECT], 30, ["本网格有1个项目14天内开始"]),
        ([PROJECT], 50, ["本网格有1个项目开始不足56天"]),
        ([PROJECT, NOTICE], 50, ["本网格有1个施工项目开始不足56天", "本网格有1个环评公示项目14天内开始"]),
        ([PROJECT], 96, []),
        ([replace(PROJECT, places="b")], 50, []),
        (
            [Plan("D", 45, 58, kind="campaign", sub_kind="screening")],
            50,
            ["正值专项行动（1个），排查发现的事项按平常的发现水平折算"],
        ),
    ],
)
def test_going_on_names_projects_near_their_start_and_campaigns(plans, as_of, words):
    panel = make_panel([Case(grid, 1) for grid in GRIDS], [as_of - 7, as_of], undertakings=plans)
    cell = len(GRIDS) + list(panel.grid_ids).index("a")

    assert sorted(text.zh for text in _going_on(panel, cell)) == sorted(words)


def test_explanation_names_a_project_that_the_model_has_never_seen(world):
    """The champion was trained without any undertaking, so it reads no column about them."""
    before = score_day(world.home, world.engine, world.settings, AS_OF)
    grid_id = str(before.panel.grid_ids[before.rated[0]])
    public, start = AS_OF - timedelta(days=40), AS_OF - timedelta(days=10)
    project = Undertaking("p", "project", "construction", grid_id, public, start)
    with writing(world.engine) as connection:
        append_from_source(connection, [project], "operator", PUBLISHED_AT, world.settings.tz)
    day = score_day(world.home, world.engine, world.settings, AS_OF)
    said = {str(day.panel.grid_ids[grid]): explained.context for grid, explained in zip(day.rated, day.explain(day.rated), strict=True)}

    assert Text(zh="本网格有1个项目开始不足56天", en="1 project begun within 56 days here") in said[grid_id]
    assert [] == [other for other, context in said.items() if other != grid_id and any("项目" in text.zh for text in context)]
    np.testing.assert_array_equal(before.expected, day.expected)
