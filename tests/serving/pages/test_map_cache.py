from threading import Barrier, Thread

import pytest

from features.errors import NotFoundError
from serving.pages.map_cache import Kept, _by_area


def test_value_is_made_once_for_all_who_ask_at_the_same_time() -> None:
    kept, start, made = Kept(8), Barrier(6), []

    def ask() -> None:
        start.wait(timeout=30)
        kept.get(("a",), lambda: made.append(1))

    threads = [Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)

    assert [1] == made


def test_values_used_longest_ago_are_made_again_beyond_the_most() -> None:
    kept, made = Kept(2), []

    for name in ("a", "b", "a", "c", "a", "b"):
        kept.get((name,), lambda name=name: made.append(name))

    assert ["a", "b", "c", "b"] == made


def test_making_that_fails_leaves_nothing_behind_and_is_tried_again() -> None:
    kept = Kept(2)

    def fail() -> int:
        raise NotFoundError("There is no such area.")

    for number in range(100):
        with pytest.raises(NotFoundError):
            kept.get((number,), fail)

    assert {} == kept._making
    assert 1 == kept.get((0,), lambda: 1)


@pytest.mark.parametrize(
    ("paths", "groups"),
    [
        (["g1", "g2"], {"": ["g1", "g2"]}),
        (["t/g1", "u/g2"], {"t": ["t/g1"], "u": ["u/g2"]}),
        (["d/t/c/g1", "d/t/e/g2"], {"d/t": ["d/t/c/g1", "d/t/e/g2"]}),
    ],
)
def test_places_without_borders_stand_together_by_the_areas_above_them(paths, groups) -> None:
    assert groups == _by_area(paths)
