"""Propose a source file for a file that was inspected: YAML with what is likely, and comments where a person has to decide."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import yaml

from features.intake.column_meanings import LISTS, likely_event_type
from features.intake.inspection import ColumnFinding, Inspection
from features.intake.source_file import SourceFile
from features.intake.time_formats import settle
from features.intake.times import time_that_reads_twice
from features.schema import CASE_OPTIONAL, CASE_REQUIRED, Col
from features.settings import validate

DEFAULT_NAME = "ledger"


def source_name(stem: str) -> str:
    """Return a name for a source file, made of the letters and digits of a file's name.

    >>> source_name("Ledger 2026-03.v2"), source_name("三月台账")
    ('ledger_2026_03_v2', 'ledger')
    """
    plain = re.sub("[^a-z0-9]+", "_", stem.lower()).strip("_")[:63]
    return plain if re.match("[a-z]", plain) else DEFAULT_NAME


def propose(inspection: Inspection, name: str, zone: str) -> str:
    """Write a source file that reads the inspected file; a column that nothing fills is a comment, and refused until it is filled.

    Raises:
        SettingsError: the proposal is complete and yet no source file, such as under a name that cannot be one.
    """
    formats = _formats(inspection.columns)
    lines = [
        f"# Proposed for a {inspection.format} file with {len(inspection.columns)} columns. Check every line before it is used.",
        *_entry("name", name),
        *_entry("zone", zone),
        *_about_formats(formats),
        *(_entry("formats", formats.stated) if formats.stated else ()),
        "",
        "columns:",
        *(f"  {line}" for column in (*CASE_REQUIRED, *CASE_OPTIONAL) for line in _column(column, inspection)),
        *_leftover(inspection.columns),
    ]
    text = "\n".join(lines) + "\n"
    if is_complete(inspection):
        validate(SourceFile, yaml.safe_load(text), f"the source file {name}")
    return text


def is_complete(inspection: Inspection) -> bool:
    """Tell whether the proposal needs no answer: all that a case needs is filled, and times can be read in one way only."""
    if _formats(inspection.columns).ambiguous:
        return False
    return not set(inspection.missing) - ({Col.EVENT_TYPE} if _event_type(inspection) else set())


def _event_type(inspection: Inspection) -> str | None:
    names = [inspection.path.name, *(sheet.name for sheet in inspection.sheets if sheet.read)]
    names += [column.name for column in inspection.columns if not column.announces_persons]
    return likely_event_type(names)


@dataclass(frozen=True)
class _Formats:
    """Formats of the times of a file."""

    stated: list[str]
    ambiguous: dict[str, tuple[str, ...]]
    """Column -> formats under which its times are different moments, and which no other column settles."""
    apart: dict[str, str]
    """Column -> its format, which cannot be stated beside the others."""


def _formats(columns: Sequence[ColumnFinding]) -> _Formats:
    formats = _Formats([], {}, {})
    times = [(column.name, column.times) for column in columns if column.meaning and column.times]
    for name, written in times:
        for pattern in written.stated:
            _state(pattern, name, formats)
    for name, written in times:
        if written.ambiguous and (settled := settle(written.ambiguous, formats.stated)):
            _state(settled, name, formats)
        elif written.ambiguous:
            formats.ambiguous[name] = written.ambiguous
    return formats


def _state(pattern: str, name: str, formats: _Formats) -> None:
    if time_that_reads_twice((*formats.stated, pattern)):
        formats.apart[name] = pattern
    elif pattern not in formats.stated:
        formats.stated.append(pattern)


def _about_formats(formats: _Formats) -> Iterator[str]:
    for name, patterns in formats.ambiguous.items():
        yield f"# {_comment(name)} can be read in each of these, as different moments. State the right one:"
        yield from (f"# formats: [{_inline(pattern)}]" for pattern in patterns)
    for name, pattern in formats.apart.items():
        yield f"# {_comment(name)} is written in {pattern}, which reads the times of other columns differently."
    if any("%y" in pattern for pattern in formats.stated):
        yield "# Years are written with two digits: 26 is read as 2026, 99 as 1999."


def _column(name: str, inspection: Inspection) -> Iterator[str]:
    finding = inspection.filling(name)
    if finding is not None:
        yield from _filled(name, finding)
    elif other := inspection.stand_in(name):
        yield from _entry(name, other.name, "the file has no such time of its own")
    elif name == Col.EVENT_TYPE and (kind := _event_type(inspection)):
        yield from _entry(name, {"value": kind}, "by the names of the file and its columns")
    elif name in CASE_REQUIRED:
        choices = f", one value for all rows ({{value: ...}}: {', '.join(LISTS[name])})" if name in LISTS else ""
        contenders = inspection.contenders(name)
        named = f" ({' or '.join(map(_comment, contenders))}, which share a name)" if contenders else ""
        yield f"# {name}: TO FILL, a column of the file{named}{choices}"


def _filled(name: str, finding: ColumnFinding) -> Iterator[str]:
    values: dict[str, list[str]] = {}
    for one in finding.codes:
        if one.code:
            values.setdefault(one.code, []).append(one.text)
    unknown = [one for one in finding.codes if not one.code]
    is_own = all(one.code == one.text for one in finding.codes)
    guessed = "by what it holds" if finding.by == "content" else ""
    if is_own or not values or name == Col.SELF_FOUND:
        yield from _entry(name, finding.name, guessed)
    else:
        yield from _entry(name, {"from": finding.name, "values": values}, guessed)
    if unknown:
        yield "# Codes without a known meaning; put each under `values`, a code of the project or your own:"
        yield from (f"#   {_comment(one.text)} ({one.rows:,} rows)" for one in unknown)


def _leftover(columns: Sequence[ColumnFinding]) -> Iterator[str]:
    persons = [column for column in columns if column.announces_persons]
    unknown = [column for column in columns if column.meaning is None and not column.announces_persons]
    if unknown:
        yield ""
        yield f"# Nothing is read from: {', '.join(_comment(column.name) for column in unknown)}"
    if persons:
        yield f"# To be removed at the source, for they speak of persons: {', '.join(_comment(column.name) for column in persons)}"


def _entry(key: str, value: object, comment: str = "") -> Iterator[str]:
    """Write one key: a mapping that holds lists over several lines, anything else on one."""
    remark = f"  # {comment}" if comment else ""
    if isinstance(value, dict) and any(isinstance(part, dict | list) for part in value.values()):
        yield f"{key}:{remark}"
        for name, part in value.items():
            yield from (f"  {line}" for line in _entry(_inline(name), part))
    else:
        yield f"{key}: {_inline(value)}{remark}"


def _inline(value: object) -> str:
    """Write a value as YAML writes it within a line."""
    return yaml.safe_dump([value], allow_unicode=True, sort_keys=False, default_flow_style=True, width=math.inf).strip()[1:-1]


def _comment(text: str) -> str:
    return " ".join(text.split())
