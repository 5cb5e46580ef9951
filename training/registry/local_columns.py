"""Local columns of a model: which it reads and what code declared them, so that no other code is put in its place unnoticed."""

import json
from collections.abc import Mapping

from features.errors import StoreError
from features.panel.build import Panel
from features.panel.local_features import read_local_features
from training.learning.model import Fitted
from training.learning.parts import Part

LOCAL_COLUMNS = "local_columns.json"


def local_columns(fitted: Fitted, panel: Panel) -> dict[str, bytes]:
    """Return the file that says where the local columns of a model come from; none where it reads none."""
    read = [panel.by_name[name] for part in fitted.parts if part.part is Part.NEW for name in part.columns.names]
    origins = {column.name: column.origin for column in read if column.origin}
    return {LOCAL_COLUMNS: json.dumps(origins, indent=1).encode() + b"\n"} if origins else {}


def require_local_columns(files: Mapping[str, bytes], named: str | None) -> None:
    """Return quietly where the local columns that a model reads are declared by the code it was trained with.

    Args:
        files: of the model.
        named: the setting `panel.local_features`.

    Raises:
        StoreError: that code has changed, or the settings name none.
        UsageError: the settings name code that cannot be read.
    """
    columns: dict[str, str] = json.loads(files.get(LOCAL_COLUMNS, b"{}"))
    if not columns:
        return
    now = read_local_features(named).origin if named else "not set"
    if changed := sorted(name for name, origin in columns.items() if origin != now):
        trained = columns[changed[0]]
        raise StoreError(
            f"the model reads {', '.join(changed)}, declared by {trained}, and panel.local_features is {now}. "
            "Put that file back, or train and promote again."
        )
