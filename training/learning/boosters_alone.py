"""Import of LightGBM for a process that reads boosters and fits nothing."""

import sys


def import_boosters_alone() -> None:
    """Import LightGBM without its scikit-learn estimators, where neither was imported yet.

    LightGBM imports scikit-learn wherever it is installed, which takes longer than to score a district. A process that fits afterwards
    must not call this: on ARM64 scikit-learn has to come first.
    """
    if {"sklearn", "lightgbm"} & sys.modules.keys():
        return
    missing = tuple({"sklearn", "pandas"} - sys.modules.keys())
    sys.modules.update(dict.fromkeys(missing))  # type: ignore[arg-type]  # an import fails, as where they are not installed
    try:
        import training.learning.booster  # noqa: F401, PLC0415
    finally:
        for name in missing:
            del sys.modules[name]
