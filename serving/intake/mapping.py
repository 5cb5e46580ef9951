"""Mapping of an uploaded file: what a form says becomes a source file, checked like any other."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from features.intake.column_meanings import LISTS, likely_event_type
from features.intake.inspection import Inspection
from features.intake.source_file import SourceFile, find_source, source_files
from features.intake.source_proposal import source_name
from features.schema import Col
from features.settings import read_yaml, validate
from features.storage.home import Home
from serving.intake.inspection_words import CASE_COLUMNS

Answers = Mapping[str, str]
"""Field of the form -> what was chosen."""

COLUMN, CODE, PARENTS = "column:", "code:", ("parent:1", "parent:2", "parent:3")
"""Fields: `column:<case column>` is a column of the file or `=<code>` for all rows; `code:<case column>:<text>` a code."""
EVERY_ROW = "="
ESCALATION_RULES: Mapping[str, dict[str, Any]] = {
    "escalated": {},
    "overdue": {
        "derived": [{"action": "overdue", "when": "deadline_passed"}],
        "targets": {"overdue": {"transitions": ["overdue"]}},
    },
    "unresolved": {
        "derived": [{"action": "overdue", "when": "unresolved_after", "days": 30}],
        "targets": {"unresolved": {"transitions": ["overdue"]}},
    },
}
"""Choices of what counts as an escalation: handed up, past its deadline, or open for 30 days."""


def keep_answers(path: Path, answers: Answers) -> None:
    """Write the source file that a form describes, whether it is complete or not."""
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(mapping_of(answers), allow_unicode=True, sort_keys=False), encoding="utf-8")


def read_kept(path: Path) -> SourceFile:
    """Return the source file that was written.

    Raises:
        UsageError: none was.
        SettingsError: something that a case needs is missing, or does not fit.
    """
    return validate(SourceFile, read_yaml(path), "the mapping")


def mapping_of(answers: Answers) -> dict[str, Any]:
    """Return the same as it is written in YAML."""
    columns = {name: _column(name, answers) for name in CASE_COLUMNS if answers.get(f"{COLUMN}{name}")}
    parents = [answers[name] for name in PARENTS if answers.get(name)]
    formats = [answers["format"]] if answers.get("format") else []
    rules = ESCALATION_RULES.get(answers.get("escalation", ""), {})
    return {"name": answers.get("name", ""), "formats": formats, "columns": columns, "parents": parents, **rules}


def keep_mapping(home: Home, source: SourceFile, text: str) -> None:
    """Keep a mapping that was used, so that the next file of the same columns finds it."""
    path = home.folder(home.sources) / f"{source.name}.yaml"
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")


def propose_answers(home: Home, inspection: Inspection) -> dict[str, str]:
    """Return what the form begins with: the mapping of the last file with these columns, else what is likely."""
    header = {column.name for column in inspection.columns}
    for path in _kept(home).values():
        source = find_source(str(path))
        if set(source.needed) <= header:
            return answers_of(path)
    return dict(_likely(home, inspection))


def answers_of(path: Path) -> dict[str, str]:
    """Return the answers from which a mapping was written."""
    mapping: Mapping[str, Any] = read_yaml(path)
    answers = {"name": mapping["name"], "format": next(iter(mapping["formats"]), "")}
    for name, described in mapping["columns"].items():
        of_file: Mapping[str, Any] = {"from": described} if isinstance(described, str) else described
        answers[f"{COLUMN}{name}"] = f"{EVERY_ROW}{of_file['value']}" if "value" in of_file else of_file["from"]
        answers |= {f"{CODE}{name}:{text}": code for code, texts in of_file.get("values", {}).items() for text in texts}
    answers |= dict(zip(PARENTS, mapping["parents"], strict=False))
    answers["escalation"] = next(iter(mapping.get("targets", {})), "escalated")
    return answers


def _column(name: str, answers: Answers) -> object:
    chosen = answers[f"{COLUMN}{name}"]
    if chosen.startswith(EVERY_ROW):
        return {"value": chosen.removeprefix(EVERY_ROW)}
    prefix = f"{CODE}{name}:"
    values: dict[str, list[str]] = {}
    for key, code in answers.items():
        if key.startswith(prefix) and code:
            values.setdefault(code, []).append(key.removeprefix(prefix))
    return {"from": chosen, "values": values} if values else chosen


def _kept(home: Home) -> Mapping[str, Path]:
    return source_files((home.sources,)) if home.sources.is_dir() else {}


def _likely(home: Home, inspection: Inspection) -> Iterator[tuple[str, str]]:
    yield "name", _free_name(home, inspection.path.name)
    for name in CASE_COLUMNS:
        finding = inspection.filling(name) or inspection.stand_in(name)
        if finding:
            yield f"{COLUMN}{name}", finding.name
            yield from ((f"{CODE}{name}:{one.text}", one.code or "") for one in finding.codes if name in LISTS)
    if not inspection.filling(Col.EVENT_TYPE):
        names = [inspection.path.name, *(sheet.name for sheet in inspection.sheets), *(column.name for column in inspection.columns)]
        yield f"{COLUMN}{Col.EVENT_TYPE}", f"{EVERY_ROW}{likely_event_type(names) or 'other'}"
    yield "format", next(iter(_stated_formats(inspection)), "")
    yield "escalation", _likely_escalation(inspection)


def _stated_formats(inspection: Inspection) -> Sequence[str]:
    times = [column.times for column in inspection.columns if column.meaning and column.times]
    return [pattern for one in times if not one.ambiguous for pattern in one.stated]


def _likely_escalation(inspection: Inspection) -> str:
    if inspection.filling(Col.ESCALATED_AT):
        return "escalated"
    return "overdue" if inspection.filling(Col.DEADLINE_AT) else "unresolved"


def _free_name(home: Home, file_name: str) -> str:
    name, taken = source_name(file_name.split(".", maxsplit=1)[0]), _kept(home)
    numbered = (f"{name}_{number}" for number in range(2, len(taken) + 3))
    return name if name not in taken else next(each for each in numbered if each not in taken)
