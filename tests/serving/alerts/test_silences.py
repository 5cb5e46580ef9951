import random
from collections.abc import Iterator

from serving.accounts.permissions import Scope
from serving.alerts.silences import ancestors, heard

TREES = 10_000


def random_trees(count: int = TREES) -> Iterator[tuple[set[str], tuple[Scope, ...]]]:
    """Yield places that fire and areas that are silent, over trees of up to four levels."""
    drawn = random.Random(5)  # noqa: S311 - trees are no secrets

    def path() -> str:
        return "/".join(drawn.choices(("a", "ab", "b"), k=drawn.randint(1, 4)))

    for _ in range(count):
        yield {path() for _ in range(drawn.randint(0, 12))}, tuple(Scope(path()) for _ in range(drawn.randint(0, 3)))


def holds(shown, firing, silences):
    """Whoever fires unheard is silenced itself, or has an ancestor that fires, is not silenced and is shown."""

    def silent(path):
        return any(silence.covers(path) for silence in silences)

    unheard = {path for path in firing - shown if not silent(path)}
    return shown <= firing and not any(map(silent, shown)) and all(any(above in shown for above in ancestors(path)) for path in unheard)


def test_heard_never_hides_the_only_warning_in_ten_thousand_random_trees(record_property):
    found = [(heard(firing, silences), firing, silences) for firing, silences in random_trees()]

    record_property("random trees", len(found))
    assert not [case for case in found if not holds(*case)]
    assert not [shown for shown, *_ in found if any(above in shown for path in shown for above in ancestors(path))]
    assert sum(len(shown) < len(firing) for shown, firing, _ in found) > TREES / 4


def test_heard_by_names_that_only_begin_alike_would_be_noticed():
    def careless(firing, silences):
        audible = {path for path in firing if not any(silence.covers(path) for silence in silences)}
        return {path for path in audible if not any(path.startswith(other) for other in audible - {path})}

    assert [1 for firing, silences in random_trees(500) if not holds(careless(firing, silences), firing, silences)]


def test_heard_area_speaks_for_all_below_it_unless_it_is_silent():
    assert heard({"d", "d/t", "d/t/c", "e/t"}) == {"d", "e/t"}
    assert heard({"d/t", "d/t/c"}, (Scope("d/t/c"),)) == {"d/t"}
    assert heard({"d/t", "d/t/c"}, (Scope("d/t"),)) == set()
