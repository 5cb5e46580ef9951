"""README of the simulated files: how to run the product on them, and what was assumed."""

from collections.abc import Iterator

import yaml
from pydantic.fields import FieldInfo

from features.schema import CASE_OPTIONAL, CASE_REQUIRED, EventType
from features.simulation.certainty import Numbers, Sure
from features.simulation.context import exam_periods, sensitive_periods
from features.simulation.mix import INJURY_CALL, OWN_CATEGORIES
from features.simulation.plans import FELT_IN
from features.simulation.preset import Preset, Span
from features.simulation.truth import ESCALATION_DAYS, STRICT_DAYS

ZONE = "Asia/Shanghai"
README = """# A simulated district

Nothing here ever happened, and no such place exists: the county code is unassigned, the names are made up, and the map lies in the open
ocean. Preset {name}, seed {seed}, days from {start} up to but not including {end}. The same preset, seed and days give the same bytes.

    yujing --config {config} ingest {cases} --source source.yaml --grids grids.csv --crosswalk crosswalk.csv
    yujing --config {config} ingest --undertakings projects.csv --undertakings undertakings.csv --undertakings {effort} \\
        --undertakings sensitive_periods.csv
    yujing --config {config} backtest --truth truth

| file | holds |
| --- | --- |
| {cases} | flat cases; a case reopened and closed again comes twice, so does one that arrives through two channels |
| grids.csv | every grid that is or was, with its polygon; those that are now tile the district, and so did those that were |
| crosswalk.csv | grids that were redrawn: old, new, share, day |
| projects.csv | building sites, land acquisition, notices, hand-overs, with public dates |
| undertakings.csv | treatments of estates and shocks; only the header where the preset has none |
| {effort} | visits, screening campaigns and active reporters by grid and week |
| sensitive_periods.csv | periods known in advance; config.yaml has them too |
| config.yaml, source.yaml | zone, targets, categories; how the case file is read |
| truth/ | what no log shows: all disputes, intensities, true and expected escalations. For judging only, never for learning |

An escalation is a dispute that is handed above its township or ends in harm (`escalated_at`), that passes its legal term while open
(`deadline_at`), or that comes back within {reopen_days} days of closing (`reopened_at`). Petitions, the size of a group
and any other lawful act never count. `strict` counts police calls of the category `{injury}`: major harm only.
`project_disputes` counts new disputes over land, building, environment and property, which is what projects raise: a list of them looks
ahead of a project, where a list of escalations is led by cases that are open already.

## Assumptions

These numbers have no source; results on this district depend on them and are no forecast for a real one.

{assumptions}
- mix: the shares of categories in each type of area, and how other matters than disputes are handled
"""


def readme(name: str, preset: Preset, span: Span, seed: int) -> str:
    """Return the README of a simulation."""
    ending = "parquet" if preset.parquet else "csv"
    lines = [f"- {path} = {value}: {field.description}" for path, value, field in _numbers(preset) if Sure.D in field.metadata]
    return README.format(
        name=name,
        seed=seed,
        start=span.start,
        end=span.end,
        config="config.yaml",
        cases=f"cases.{ending}",
        effort=f"effort.{ending}",
        reopen_days=preset.mediation.reopen_days,
        injury=INJURY_CALL,
        assumptions="\n".join(lines),
    )


def _numbers(section: Numbers, path: str = "") -> Iterator[tuple[str, object, FieldInfo]]:
    """Yield each number below a section with its path."""
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, Numbers):
            yield from _numbers(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value, field


def config_text(span: Span) -> str:
    """Return the configuration to run the product on these files."""
    calendar = {"exam_periods": exam_periods(span), "sensitive_periods": sensitive_periods(span)}
    content = {
        "zone": ZONE,
        "categories": list(OWN_CATEGORIES),
        "target": {"transitions": ["escalated", "overdue", "reopened"], "horizon_days": ESCALATION_DAYS},
        "targets": {
            "strict": {
                "events": {"event_type": "police_call", "category": [INJURY_CALL]},
                "horizon_days": STRICT_DAYS,
                "parent": "escalation",
            },
            "substantive": {"transitions": ["escalated"], "horizon_days": ESCALATION_DAYS},
            "project_disputes": {
                "events": {"event_type": EventType.DISPUTE.value, "category": sorted(FELT_IN)},
                "horizon_days": ESCALATION_DAYS,
            },
        },
        "calendar": {name: [period.model_dump() for period in periods] for name, periods in calendar.items()},
    }
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False)


def source_text() -> str:
    """Return the source file that reads the cases: their own columns, and a rule for passed terms."""
    content = {
        "name": "simulated",
        "zone": ZONE,
        "columns": {name: name for name in (*CASE_REQUIRED, *CASE_OPTIONAL)},
        "derived": [{"action": "overdue", "when": "deadline_passed"}],
    }
    return yaml.safe_dump(content, sort_keys=False)
