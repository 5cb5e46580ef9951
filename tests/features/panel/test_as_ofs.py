"""The moments a panel looks from, and the windows behind each."""

import pytest

from features.days import NEVER
from features.panel.as_ofs import LOOKBACKS, AsOfs
from features.panel.channels import ANY
from features.panel.counters import count
from tests.support.event_logs import Case, days, make_facts


def counted(as_of: int, *reported: float, lookback: int = 7) -> list[float]:
    when = AsOfs(days(as_of), 14)
    facts = make_facts([Case("a", day) for day in reported])
    return when.window(count(ANY.increments(facts), when.edges, 4), 0, lookback)[0].tolist()


@pytest.mark.parametrize("lookback", LOOKBACKS)
def test_window_holds_its_first_day_and_not_the_day_of_as_of(lookback: int) -> None:
    as_of = 400
    inside, outside = (as_of - lookback, as_of - 0.01), (as_of - lookback - 0.01, as_of)

    assert [2, 0, 0, 0] == counted(as_of, *inside, *outside, lookback=lookback)


def test_edges_of_several_as_ofs_answer_each_of_their_windows() -> None:
    when = AsOfs(days(100, 103), 14)
    facts = make_facts([Case("a", 95), Case("b", 101)])
    window = when.window(count(ANY.increments(facts), when.edges, 4), 0, 7)

    assert [[1, 0, 0, 0], [0, 1, 0, 0]] == window.tolist()


def test_states_have_an_edge_per_as_of() -> None:
    assert days(3, 5).tolist() == AsOfs(days(3, 5), 14).states.days.tolist()


def test_cohort_holds_grids_from_the_day_after_they_came() -> None:
    """The grids of a log lie there since ever; one known from its cases alone since the first of them."""
    facts = make_facts([Case("a", 5)])
    facts.places.valid_from[:] = [*days(5), -NEVER, *days(6), NEVER]

    assert [[1, 1, 0, 0]] == AsOfs(days(6), 14).cohort(facts).tolist()


@pytest.mark.parametrize(("as_of", "observed"), [(15, 10), (6, 1), (5, 1), (2, 1)])
def test_observed_days_are_at_least_one(as_of: int, observed: int) -> None:
    assert [[observed]] == AsOfs(days(as_of), 14).observed_days(make_facts([Case("a", 5)])).tolist()
