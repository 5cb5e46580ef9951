"""Names of the built files: each carries a hash of its content, so browsers may keep it for ever."""

import json
from functools import cache
from importlib.resources import files
from pathlib import Path

from features.errors import NotReadyError

STATIC = Path(str(files("serving.pages"))) / "static"


def asset(source: str) -> str:
    """Return the address of what was built from a source such as `src/yujing.css`.

    Raises:
        NotReadyError: the pages were not built.
    """
    return f"/static/{_manifest()[source]['file']}"


@cache
def _manifest() -> dict[str, dict[str, str]]:
    try:
        manifest: dict[str, dict[str, str]] = json.loads((STATIC / "manifest.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise NotReadyError(
            "the pages must be built, found no static/manifest.json. Run `make .venv/ready`, or install the wheel."
        ) from error
    return manifest
