"""Numbers of disputes."""

import pytest
from pydantic import ValidationError

from features.simulation.certainty import Numbers
from features.simulation.dispute_numbers import Mediation, Recording


def test_mediation_without_relapses_is_accepted_even_where_all_is_solved() -> None:
    assert 0.0 == Mediation(relapse=0.0, solved=1.0).relapse


@pytest.mark.parametrize(("solved", "relapse"), [(0.5, 0.5), (0.75, 0.3), (1.0, 0.01)])
def test_mediation_relapses_of_all_that_is_unsolved_or_more_are_refused(solved: float, relapse: float) -> None:
    """Half of what is closed is unsolved: less than that half can come back, or it would at once."""
    wanted = rf"relapse must be less than .* 1 - solved = {1 - solved:.3g}, found {relapse}; lower relapse or solved"
    with pytest.raises(ValidationError, match=wanted):
        Mediation(solved=solved, relapse=relapse)


def test_mediation_relapses_of_nearly_all_that_is_unsolved_are_accepted() -> None:
    assert 0.49 == Mediation(solved=0.5, relapse=0.49).relapse


@pytest.mark.parametrize(
    ("section", "numbers"),
    [(Mediation, {"relapse": -0.01}), (Mediation, {"solved": 1.01}), (Recording, {"seen_mean": 1.01})],
)
def test_section_number_out_of_its_range_is_refused_by_name(section: type[Numbers], numbers: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match=next(iter(numbers))):
        section(**numbers)
