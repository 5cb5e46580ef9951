"""Asking everything that the description of the API allows, and what it forbids, by a program that reads nothing but the description."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ASKING = Path(sys.executable).with_name("schemathesis")
CONFIG = Path(__file__).with_name("schemathesis.toml")
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(("SCHEMATHESIS_", "HYPOTHESIS_"))}


@dataclass(frozen=True)
class Outcome:
    """What came of a run."""

    kinds: frozenset[str]
    """Of failures, as the program calls them."""
    accepted: Mapping[str, int]
    """Valid requests that were accepted, by operation; an operation that none was made for is left out."""
    told: str


def ask(folder: Path, base: str, token: str | None, values: Mapping[str, Sequence[str]], *options: str) -> Outcome:
    """Ask a running application as whoever has a token; `values` are what half of the ids are drawn from, by kind."""
    config, report = folder / "schemathesis.toml", folder / "report.json"
    auth = f"[auth.openapi]\ntoken = {{ bearer = {json.dumps(token)} }}\n" if token else ""
    drawn = "".join(f"[dictionaries.{kind}]\nvalues = {json.dumps(list(each))}\n" for kind, each in values.items())
    config.write_text(f"{CONFIG.read_text(encoding='utf-8')}\n{auth}{drawn}", encoding="utf-8")
    command = [ASKING, "--config-file", config, "run", f"{base}/openapi.json", "--report", "json", "--report-json-path", report, *options]
    told = subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False).stdout
    return _outcome(json.loads(report.read_bytes()), told)


def _outcome(report: dict[str, Any], told: str) -> Outcome:
    rates = report["valid_rates"].items()
    accepted = {operation: sum(rate["accepted"] for rate in phases.values()) for operation, phases in rates}
    found = frozenset(failure["type"] for failure in report["failures"]) | {f"error: {error}" for error in report["errors"]}
    return Outcome(found, accepted, told)
