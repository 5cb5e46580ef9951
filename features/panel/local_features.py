"""Local features: columns of a deployment's own, from a Python file or an installed entry point that the settings name.

They are declared as a family of the product is, and held to the same on the log at hand: every value follows from what was known by its
as_of alone, none depends on the number of petitions, and each has a name of its own and words in both languages.
"""

import re
import stat
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt

from features.days import Days, to_date
from features.display import forbidden_words
from features.errors import UsageError
from features.facts.facts import Facts
from features.panel.as_ofs import AsOfs
from features.panel.block import Block, Shared
from features.panel.feature import Feature
from features.panel.subset import known_before, without_petitions
from features.settings import PanelSettings

GROUP = "yujing.features"
"""Entry points of this group may be named in the settings."""
FAMILY = "local"
CHECKED_AT = (0.4, 0.7, 1.0)
"""Shares of the log after which values are computed again without what came later."""
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")

Declare = Callable[[Facts, int], Iterable[object]]
"""`features(facts, horizon_days)`, as every family has it; what somebody else's yields is looked at."""
Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True)
class LocalFeatures:
    """Code that declares local features, and which bytes it was read from."""

    source: str
    """Name of the file."""
    sha256: str
    declare: Declare

    @property
    def origin(self) -> str:
        """Return what tells this code from any other."""
        return f"{self.source} sha256:{self.sha256}"

    def features(self, facts: Facts, horizon_days: int) -> tuple[Feature, ...]:
        """Return its features of some facts, each marked with its origin."""
        try:
            declared = tuple(self.declare(facts, horizon_days))
        except Exception as error:
            raise self.refusal(f"features(facts, horizon_days) must yield features, and raised {_told(error)}") from error
        if strange := {type(one).__name__ for one in declared} - {Feature.__name__}:
            raise self.refusal(f"features(facts, horizon_days) must yield Feature alone, and yielded {min(strange)}")
        return tuple(replace(one, family=FAMILY, origin=self.origin) for one in declared if isinstance(one, Feature))

    def values(self, features: Sequence[Feature], facts: Facts, as_ofs: Days, horizon_days: int) -> dict[str, Matrix]:
        """Return the value of each feature by name, (T, G), computed from these facts."""
        block = Block(np.arange(facts.places.size, dtype=np.int32), Shared(facts, AsOfs(as_ofs, horizon_days)))
        return {feature.name: self._value(feature, block) for feature in features}

    def _value(self, feature: Feature, block: Block) -> Matrix:
        try:
            return np.broadcast_to(np.asarray(feature.value(block), np.float32), block.shape)
        except Exception as error:
            raise self.refusal(f"{feature.name} must have one number per as_of and grid, and computing it raised {_told(error)}") from error

    def refusal(self, fault: str) -> UsageError:
        """Return the error that says what is wrong with this code."""
        return UsageError(f"panel.local_features: {fault}. Mend {self.source}, or take it out of the settings.")


def read_local_features(named: str) -> LocalFeatures:
    """Read the Python file of a path that ends in `.py`, or else the entry point of that name; what is hashed is what runs.

    Raises:
        UsageError: it is not there, everybody may write it, or it has no `features`.
    """
    path = Path(named) if named.endswith(".py") else _file_of_entry_point(named)
    try:
        content, mode = path.read_bytes(), path.stat().st_mode
    except OSError as error:
        raise UsageError(f"panel.local_features must name a Python file that can be read, got {named!r}: {error.strerror}.") from error
    if mode & stat.S_IWOTH:
        raise UsageError(f"panel.local_features names {path}, which everybody may write. Run chmod o-w on it.")
    module = ModuleType(f"yujing_local_{path.stem}")
    try:
        exec(compile(content, str(path), "exec"), module.__dict__)  # noqa: S102 - the settings name this file to be run
        declare: Declare = module.__dict__["features"]
    except Exception as error:
        raise UsageError(f"panel.local_features: {path} must define features(facts, horizon_days); it raised {_told(error)}.") from error
    return LocalFeatures(path.name, sha256(content).hexdigest(), declare)


def local_features(facts: Facts, horizon_days: int, panel: PanelSettings, taken: Collection[str]) -> tuple[Feature, ...]:
    """Return the features of the code that the settings name, in its order; none where they name none.

    Args:
        facts: the log.
        horizon_days: days ahead that a model will speak of.
        panel: which code, and whether petition volume may be used.
        taken: names of the product's own columns.

    Raises:
        UsageError: the code cannot be read, or a feature breaks a rule of this module's docstring.
    """
    if panel.local_features is None:
        return ()
    local = read_local_features(panel.local_features)
    features = local.features(facts, horizon_days)
    for feature in features:
        if fault := next(_faults(feature, taken, [other.name for other in features]), None):
            raise local.refusal(f"{feature.name} {fault}")
    _check_values(local, features, facts, horizon_days, petitions=panel.petition_volume.in_model)
    return features


def _faults(feature: Feature, taken: Collection[str], names: list[str]) -> Iterator[str]:
    """Yield what is wrong with a feature's name and words."""
    words = (feature.zh, feature.en)
    if not NAME.fullmatch(feature.name):
        yield "must be named in lower-case ASCII letters, digits and single underscores"
    if feature.name in taken or names.count(feature.name) > 1:
        yield "must have a name of its own; change subject or measure"
    if not re.search("[\u4e00-\u9fff]", feature.zh) or not feature.en.isascii() or not feature.en.strip():
        yield "must have words in both languages: zh in Chinese, en in English"
    if unknown := {place for text in words for place in re.findall("{.*?}", text)} - {"{n}"}:
        yield f"must put its value as {{n}}, and its words hold {min(unknown)}"
    if forbidden := [word for text in words for word in forbidden_words(text)]:
        yield f"must not say {forbidden[0]!r}: no text blames, claims a cause or promises"


def _check_values(local: LocalFeatures, features: tuple[Feature, ...], facts: Facts, horizon_days: int, *, petitions: bool) -> None:
    """Compute every value again without what came later, and without petitions unless they may be used; it must stay the same."""
    last = int(facts.cases.known_day.max(initial=facts.first_day + 1))
    as_ofs = np.unique([facts.first_day + 1 + int(share * (last - facts.first_day - 1)) for share in CHECKED_AT]).astype(np.int32)
    whole = local.values(features, facts, as_ofs, horizon_days)
    for place, day in enumerate(as_ofs.tolist()):
        again = _again(local, features, known_before(facts, day), as_ofs[place : place + 1], horizon_days)
        if changed := [name for name, values in again.items() if not _same(values[0], whole[name][place])]:
            told = f"must follow from what was known before {to_date(day)}, and changes with records of later days"
            raise local.refusal(f"{changed[0]} {told}; count with the block's windows and states")
    if not petitions and facts.is_petition.any():
        again = _again(local, features, without_petitions(facts), as_ofs, horizon_days)
        if changed := [name for name, values in again.items() if not _same(values, whole[name])]:
            raise local.refusal(f"{changed[0]} must not depend on petitions, unless panel.petition_volume names who answers for it")


def _again(local: LocalFeatures, features: tuple[Feature, ...], facts: Facts, as_ofs: Days, horizon_days: int) -> dict[str, Matrix]:
    """Declare features anew on other facts, so that nothing of the first facts is left in them, and return their values."""
    anew = {feature.name: feature for feature in local.features(facts, horizon_days)}
    return local.values([anew.get(feature.name, feature) for feature in features], facts, as_ofs, horizon_days)


def _same(one: Matrix, other: Matrix) -> bool:
    return np.array_equal(one, other, equal_nan=True)


def _file_of_entry_point(name: str) -> Path:
    points = entry_points(group=GROUP)
    if name not in points.names:
        known = ", ".join(sorted(points.names)) or "none"
        raise UsageError(f"panel.local_features must be a path that ends in .py or an entry point of {GROUP} ({known}), got {name!r}.")
    spec = find_spec(points[name].module)
    return Path(str(spec and spec.origin))


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
