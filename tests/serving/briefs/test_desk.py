import pytest

from features.errors import NotReadyError
from tests.serving.briefs.conftest import listed, write


def test_brief_before_the_first_list_is_refused(days):
    with pytest.raises(NotReadyError, match="yujing rank"):
        write(days)


def test_brief_of_an_area_that_is_on_no_list_is_refused(days):
    days.publish(listed("g1"))

    with pytest.raises(NotReadyError, match="grids of its area"):
        write(days, area="d/t9")
