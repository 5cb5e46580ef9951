"""Tables of what is promised, which tests hold it and what they measured: `python -m tests.support.promises build RUN.xml ...`.

The promises are declared in promises.yaml, responsible.yaml and faults.yaml beside this module; outcomes and figures come from the JUnit
files of a run. A test states a figure with `record_property`.
"""

import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter

TABLES = {"promises": "What yujing promises", "responsible": "What yujing promises to people", "faults": "Faults that attacks showed"}
HEAD = "| Promise | Before | What is promised | Kept | Run | Figures | Tests that hold it | Broken variant that is caught |"


class Promise(BaseModel):
    """One row: tests are `path::name` below tests/, `broken` those that show a broken variant to be caught."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    promise: str
    before: str = ""
    """How a fault was reproduced, and what it did."""
    tests: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    missing: str = ""
    """What of the promise no test shows, or why it is not kept."""

    @property
    def named(self) -> tuple[str, ...]:
        return self.tests + self.broken


@dataclass
class Outcome:
    """What became of one test, all its cases taken together."""

    passed: int = 0
    failed: int = 0
    skipped: list[str] = field(default_factory=list)
    figures: Counter[str] = field(default_factory=Counter)
    days: set[str] = field(default_factory=set)
    """Days of the runs in which it passed, as ISO dates."""


def read_promises(table: str) -> list[Promise]:
    """Read a declared table."""
    text = Path(__file__).with_name(f"{table}.yaml").read_text(encoding="utf-8")
    return TypeAdapter(list[Promise]).validate_python(yaml.safe_load(text))


def read_outcomes(files: Iterable[Path]) -> dict[str, Outcome]:
    """Read JUnit files; keys are `path::name` below tests/."""
    outcomes: dict[str, Outcome] = defaultdict(Outcome)
    for file in files:
        for suite in ET.parse(file).iter("testsuite"):  # noqa: S314 - written by pytest a moment ago
            for case in suite.iter("testcase"):
                path = case.attrib["classname"].removeprefix("tests.").replace(".", "/")
                _add(outcomes[f"{path}.py::{case.attrib['name'].partition('[')[0]}"], case, suite.get("timestamp", "")[:10])
    return outcomes


def _add(outcome: Outcome, case: ET.Element, day: str) -> None:
    outcome.figures.update(f"{figure.attrib['name']}: {figure.attrib['value']}" for figure in case.iter("property"))
    skipped = case.find("skipped")
    if case.find("failure") is not None or case.find("error") is not None:
        outcome.failed += 1
    elif skipped is not None:
        outcome.skipped.append(skipped.attrib.get("message", ""))
    else:
        outcome.passed += 1
        outcome.days.add(day)


def judge(promise: Promise, outcomes: dict[str, Outcome]) -> str:
    """Return how far a promise is kept, going by what ran."""
    ran = {name: outcomes.get(name, Outcome()) for name in promise.named}
    if failed := [name for name, outcome in ran.items() if outcome.failed]:
        return f"**failed**: {_list(failed)}"
    if idle := [name for name, outcome in ran.items() if not outcome.passed]:
        reasons = {reason for name in idle for reason in ran[name].skipped} or {"left out of this run"}
        return f"**not run**: {_list(idle)} ({'; '.join(sorted(reasons))})" + (f"; not shown: {promise.missing}" if promise.missing else "")
    if not promise.tests:
        return f"**not kept**: {promise.missing}"
    return f"**partly**; not shown: {promise.missing}" if promise.missing else "kept"


def write_table(table: str, outcomes: dict[str, Outcome]) -> str:
    """Return a table in Markdown, one row per promise."""
    rows = []
    for promise in read_promises(table):
        ran = [outcomes.get(name, Outcome()) for name in promise.named]
        figures = [
            *sorted({figure for outcome in ran for figure in outcome.figures}),
            f"cases that passed: {sum(each.passed for each in ran)}",
        ]
        cells = (
            promise.name,
            promise.before or "–",
            promise.promise,
            judge(promise, outcomes),
            _run_on({day for outcome in ran for day in outcome.days if day}),
            "<br>".join(figures),
            _list(promise.tests),
            _list(promise.broken),
        )
        rows.append(f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |")
    return "\n".join((f"# {TABLES[table]}", "", HEAD, "|---|---|---|---|---|---|---|---|", *rows, ""))


def _run_on(days: set[str]) -> str:
    """Return the day of a run, or the first and the last of several."""
    return "–" if not days else " to ".join(sorted({min(days), max(days)}))


def _list(names: Iterable[str]) -> str:
    return "<br>".join(f"`{name}`" for name in names) or "–"


def main(folder: str, *files: str) -> None:
    """Write the tables into a folder, and say how many promises are kept."""
    outcomes = read_outcomes(map(Path, files))
    Path(folder).mkdir(parents=True, exist_ok=True)
    for table in TABLES:
        target = Path(folder, f"{table}.md")
        target.write_text(write_table(table, outcomes), encoding="utf-8")
        verdicts = Counter(judge(promise, outcomes).split(":")[0].split(";")[0].strip("*") for promise in read_promises(table))
        sys.stdout.write(f"{target}: {', '.join(f'{count} {verdict}' for verdict, count in verdicts.most_common())}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
