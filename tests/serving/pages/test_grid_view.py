from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.accounts.permissions import Scope
from serving.alerts.schemas import NOT_DUE
from serving.maps.place_names import Gazetteer
from serving.pages.grid_view import BASE, FEW_HEIGHT, LEFT, TOP, WIDTH, PastAlert, _crumbs, _quarters, draw_reasons, draw_year, place
from serving.pages.translations import Translator
from serving.rankings.entries import Entry, Origin
from serving.rankings.line_words import similar_words
from serving.rankings.schemas import Explanation, FactorExplanation, Reason
from serving.text import Text
from tests.support.made_alerts import make_line, make_row

T = Translator("zh")
AS_OF = date(2026, 1, 9)
WEEKS = st.lists(st.one_of(st.none(), st.just(0), st.integers(3, 40)), max_size=60)


def bars_of(*weeks: int | None):
    return year_of(weeks).bars


def year_of(weeks=(), lists=(), notices=(), as_of: date = AS_OF):
    return draw_year(make_row().model_copy(update={"weekly_cases": tuple(weeks)}), lists, notices, as_of, T)


def entry_of(day: date) -> Entry:
    return Entry(1, Origin(day, "escalation", 14, "m", "1", 1, None, "0.1.0", 0), 0, None, "b", "p")


def test_draw_reasons_are_as_wide_as_what_they_add() -> None:
    bars = draw_reasons(Explanation(reasons=(make_line(expected=0.4), make_line("new", expected=0.1), make_line("rest", expected=0.01))), T)

    assert [bar.name for bar in bars.bars] == ["邻里纠纷5件未办结，最久21天", "尚未上报的新事项", "其余各项合计"]
    assert [bar.is_rest for bar in bars.bars] == [False, False, True]
    assert bars.bars[0].width == pytest.approx(4 * bars.bars[1].width, abs=0.2)


def test_draw_reasons_of_an_older_list_are_words_alone() -> None:
    old = FactorExplanation(
        contributions={"base": 0.1},
        reasons=(Reason(group="x", factor=1.8, words=Text(zh="↑ 近28天新增5件:与高于本网格常态相关(×1.80)", en="")),),
        context=(),
        certainty=(),
    )

    assert draw_reasons(old, T).words == ("近28天新增5件",)


def test_draw_reasons_that_add_nothing_have_no_width() -> None:
    assert [0.0] == [bar.width for bar in draw_reasons(Explanation(reasons=(make_line(expected=0.0),)), T).bars]
    assert () == draw_reasons(Explanation(reasons=()), T).bars


def test_draw_reasons_say_of_ten_like_cases_only_where_it_is_known() -> None:
    known, unknown = draw_reasons(Explanation(reasons=(make_line(similar=4), make_line())), T).bars

    assert T.of(similar_words(4)) == known.similar
    assert "" == unknown.similar


@pytest.mark.parametrize(
    ("weeks", "label", "few"),
    [
        ((0, 0, 0, 0), "无", False),
        ((3, 4, 0, 5), "12", False),
        ((None, 0, 0, 0), "少量", True),
        ((None, None, 0, 0), "2–4", True),
        ((None, 5, 0, None), "7–9", False),
    ],
)
def test_bar_of_four_weeks_says_a_range_where_weeks_are_masked(weeks, label: str, few: bool) -> None:
    (bar,) = bars_of(*weeks)

    assert (label, few) == (bar.label, bar.few)


def test_bar_of_one_or_two_cases_is_as_high_for_both_and_reads_the_same() -> None:
    one, several = bars_of(None, 0, 0, 0), bars_of(0, 0, 0, None)

    assert (FEW_HEIGHT, one[0].label) == (several[0].height, several[0].label)


def test_bars_count_weeks_back_from_the_newest() -> None:
    """Five weeks are one bar of four and, before it, one of the week that is left."""
    first, last = bars_of(9, 1, 1, 1, 1)

    assert ("9", "4") == (first.label, last.label)
    assert (WIDTH - LEFT) / 13 == pytest.approx(last.x - first.x)
    assert pytest.approx(WIDTH) == last.x + last.width + 4


@settings(derandomize=True, deadline=None, max_examples=60)
@given(WEEKS)
def test_bars_stay_within_the_drawing_and_its_scale_is_of_whole_cases(weeks: list[int | None]) -> None:
    year = year_of(weeks)

    assert min(13, -(-len(weeks) // 4)) == len(year.bars)
    assert all(LEFT <= bar.x and bar.x + bar.width <= WIDTH + 1e-6 and 0 <= bar.height <= BASE - TOP for bar in year.bars)
    assert [BASE, (BASE + TOP) / 2, TOP] == pytest.approx([y for y, _ in year.axis])


@pytest.mark.parametrize(("days", "x"), [(0, WIDTH), (364, LEFT), (182, (WIDTH + LEFT) / 2)])
def test_place_of_a_day_is_its_share_of_the_year(days: int, x: float) -> None:
    assert x == place(AS_OF - timedelta(days=days), AS_OF)


def test_year_shows_levels_of_its_own_lists_alone_and_grids_without_a_score_as_such() -> None:
    days = (AS_OF, AS_OF - timedelta(days=363), AS_OF - timedelta(days=364))
    lists = [(entry_of(day), make_row(rank=rank)) for day, rank in zip(days, (1, None, 1), strict=True)]

    assert ((WIDTH, "2"), (place(days[1], AS_OF), "n")) == year_of(lists=lists).levels


def test_year_leaves_out_notices_of_before() -> None:
    alert = SimpleNamespace(alert_id="a1", sequel=None)
    notices = [PastAlert(alert, day, T.of(NOT_DUE), place(day, AS_OF)) for day in (AS_OF, AS_OF - timedelta(days=365))]

    assert tuple(notices[:1]) == year_of(notices=notices).notices


@pytest.mark.parametrize(
    ("as_of", "months"),
    [
        (date(2026, 1, 9), [(2025, 4), (2025, 7), (2025, 10), (2026, 1)]),
        (date(2028, 2, 29), [(2027, 5), (2027, 8), (2027, 11), (2028, 2)]),
        (date(2026, 12, 31), [(2026, 3), (2026, 6), (2026, 9), (2026, 12)]),
    ],
)
def test_quarters_are_first_days_of_every_third_month_back_from_this_one(as_of: date, months) -> None:
    assert [date(*month, 1) for month in months] == _quarters(as_of)


@pytest.mark.parametrize(("scope", "shown"), [("", ["d", "d/t1"]), ("d", ["d", "d/t1"]), ("d/t1", ["d/t1"]), ("d/t1/g1", [])])
def test_crumbs_name_the_areas_above_that_the_reader_may_see(scope: str, shown: list[str]) -> None:
    viewer = SimpleNamespace(scope=Scope(scope), t=T)

    assert shown == [path for path, _ in _crumbs(viewer, make_row(), Gazetteer({}, {}))]
