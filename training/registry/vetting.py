"""Vetting: whether a candidate's bytes are the recorded ones, and harmless to whoever loads them."""

import json
from collections.abc import Mapping

from features.errors import GateRefusedError
from training.registry.candidate import BOOSTER_SUFFIX, GOLDEN, REQUIRED
from training.registry.published import FILE_NAME, sha256
from training.registry.tracking import ModelVersion, Registry
from training.registry.trial import try_boosters


def read_candidate(registry: Registry, model: ModelVersion) -> dict[str, bytes]:
    """Read the files on the run's record: only names of the allowed form, only bytes of the recorded hash.

    Raises:
        GateRefusedError: a file is missing, of another kind, or not the one that was recorded.
    """
    files = {}
    for name, recorded in model.hashes.items():
        if not FILE_NAME.fullmatch(name):
            raise GateRefusedError(f"Version {model.version} must consist of LightGBM text and JSON, found {name!r}. Train again.")
        files[name] = registry.read_file(model, name)
        if sha256(files[name]) != recorded:
            raise GateRefusedError(f"{name} of version {model.version} must have the SHA-256 on the run's record. Train again.")
        _check_text(name, files[name])
    if missing := REQUIRED - files.keys():
        raise GateRefusedError(f"Version {model.version} must hold {', '.join(sorted(missing))}, and does not. Train again.")
    return files


def _check_text(name: str, content: bytes) -> None:
    try:
        content.decode() if name.endswith(BOOSTER_SUFFIX) else json.loads(content)
    except ValueError as error:
        raise GateRefusedError(f"{name} must be LightGBM text or JSON in UTF-8, and is not. Train again.") from error


def repeat_golden(files: Mapping[str, bytes]) -> None:
    """Load every booster in a process of its own and repeat the golden predictions.

    Raises:
        GateRefusedError: that process died, or a prediction is not the one on record.
    """
    golden = json.loads(files[GOLDEN])
    boosters = {name: content.decode() for name, content in files.items() if name.endswith(BOOSTER_SUFFIX)}
    try_boosters(boosters, golden["rows"], golden["margins"])
