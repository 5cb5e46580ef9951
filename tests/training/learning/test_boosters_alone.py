"""LightGBM without scikit-learn, for a process that reads boosters and fits nothing."""

import builtins
import sys

import pytest

from training.learning.boosters_alone import import_boosters_alone

BOOSTER = "training.learning.booster"


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bool]]:
    """Let neither library be imported yet; return what is imported, and whether scikit-learn could be then."""
    asked: list[tuple[str, bool]] = []
    usual = builtins.__import__

    def look(name: str, *others: object) -> object:
        if name == BOOSTER:
            asked.append((name, sys.modules.get("sklearn", "there") is not None))
            return sys
        return usual(name, *others)

    for name in ("sklearn", "lightgbm", "pandas"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(builtins, "__import__", look)
    return asked


def test_import_boosters_alone_hides_the_estimators_meanwhile_and_not_afterwards(fresh: list[tuple[str, bool]]) -> None:
    import_boosters_alone()

    assert [(BOOSTER, False)] == fresh
    assert set() == {"sklearn", "pandas"} & set(sys.modules)


@pytest.mark.parametrize("name", ["sklearn", "lightgbm"])
def test_import_boosters_alone_leaves_a_process_that_has_one_of_them_as_it_is(
    name: str, fresh: list[tuple[str, bool]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, name, sys)
    import_boosters_alone()

    assert [] == fresh
    assert sys is sys.modules[name]


def test_import_boosters_alone_that_fails_hides_nothing_afterwards(fresh: list[tuple[str, bool]], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str, *_: object) -> None:
        raise OSError(name)

    monkeypatch.setattr(builtins, "__import__", fail)
    with pytest.raises(OSError, match=BOOSTER):
        import_boosters_alone()

    assert set() == {"sklearn", "pandas"} & set(sys.modules)
