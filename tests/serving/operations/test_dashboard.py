"""The shipped dashboard: keys and values that Grafana knows, and an answer in every panel.

The schema holds what the dashboard uses of Grafana's own types: panels, and the options of stat and timeseries (@grafana/schema 13.2).
"""

import copy
import re
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from serving.operations.jobs import JOBS, Run, record_run
from tests.support.prometheus import expression, panels, promtool, read_metrics
from tests.support.published_world import PUBLISHED_AT

Schema = dict[str, Any]
TEXT, NUMBER, COUNT, FLAG = {"type": "string"}, {"type": "number"}, {"type": "integer", "minimum": 0}, {"type": "boolean"}


def one_of(*values: str) -> Schema:
    return {"enum": list(values)}


def each(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def record(optional: tuple[str, ...] = (), **keys: Schema) -> Schema:
    """Return the schema of an object that has these keys and no others."""
    return {"type": "object", "properties": keys, "required": sorted(keys.keys() - set(optional)), "additionalProperties": False}


SOURCE = record(type={"const": "prometheus"}, uid={"const": "${source}"})
STEP = record(color=one_of("green", "orange", "red"), value={"type": ["number", "null"]})
WORDS = record(type={"const": "value"}, options={"type": "object", "additionalProperties": record(text=TEXT, index=COUNT)})
DEFAULTS = record(
    ("mappings", "min"),
    unit=one_of("s", "short", "reqps", "bytes", "percentunit"),
    thresholds=record(mode=one_of("absolute", "percentage"), steps=each(STEP)),
    mappings=each(WORDS),
    min=NUMBER,
)
OVERRIDE = record(
    matcher=record(id={"const": "byName"}, options=TEXT),
    properties=each(record(id=one_of("unit", "custom.axisPlacement"), value=one_of("short", "right"))),
)
OPTIONS = {
    "stat": record(
        reduceOptions=record(calcs=each(one_of("lastNotNull")), fields=TEXT, values=FLAG),
        colorMode=one_of("background", "background_solid", "none", "value"),
        graphMode=one_of("area", "line", "none"),
        textMode=one_of("auto", "name", "none", "value", "value_and_name"),
    ),
    "timeseries": record(
        legend=record(displayMode=one_of("hidden", "list", "table"), placement=one_of("bottom", "right"), showLegend=FLAG),
        tooltip=record(mode=one_of("multi", "none", "single"), sort=one_of("asc", "desc", "none")),
    ),
}
PANELS = each(
    {
        "oneOf": [
            record(
                id=COUNT,
                type={"const": name},
                title=TEXT,
                datasource=SOURCE,
                gridPos=record(h=COUNT, w=COUNT, x=COUNT, y=COUNT),
                targets=each(record(datasource=SOURCE, expr=TEXT, legendFormat=TEXT, refId=TEXT)),
                fieldConfig=record(defaults=DEFAULTS, overrides=each(OVERRIDE)),
                options=options,
            )
            for name, options in OPTIONS.items()
        ]
    }
)


def silent(metrics: str, queries: list[str], folder: Path) -> list[str]:
    """Return the queries that Prometheus has no answer to."""
    counted = [f"count({query})" for query in queries]
    asked = ({"expr": query, "eval_time": "1h", "exp_samples": [{"labels": "{}", "value": 0}]} for query in counted)
    printed = promtool(metrics, PUBLISHED_AT, folder, *asked).replace('\\"', '"')
    return [
        query
        for query, count in zip(queries, counted, strict=True)
        if re.search(re.escape(count) + r'", time: 1h,\s+exp:.*\s+got: *nil', printed)
    ]


def has_schema(shown: list[dict[str, Any]]) -> bool:
    return Draft202012Validator(PANELS).is_valid(shown)


def test_panels_have_keys_and_values_that_grafana_knows() -> None:
    assert [fault.message for fault in Draft202012Validator(PANELS).iter_errors(panels())] == []


@pytest.mark.parametrize("key", ["type", "options", "targets"])
def test_panel_with_a_word_that_grafana_does_not_know_is_found(key: str) -> None:
    broken = copy.deepcopy(panels())
    broken[0][key] = {"type": "stats", "options": broken[0]["options"] | {"colourMode": "value"}, "targets": [{"query": "up"}]}[key]

    assert not has_schema(broken)


def test_panels_have_their_own_places_and_numbers() -> None:
    """None lies on another: every cell of the raster is covered once at most."""
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels())
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]

    assert len(cells) == len(set(cells))
    assert {x for x, _ in cells} == set(range(24))
    assert len({panel["id"] for panel in panels()}) == len(panels())


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
@pytest.mark.dialect("sqlite")
def test_every_query_of_a_service_whose_jobs_ran_has_an_answer(world, tmp_path) -> None:
    """Prometheus itself reads the queries: a label or function that it does not know leaves a panel empty."""
    world.rank()
    for job in JOBS:
        counts = dict.fromkeys(("read", "accepted", "duplicate", "quarantined"), 1.0)
        record_run(world.engine, Run(job, PUBLISHED_AT - timedelta(minutes=1), 1.0, "no space left"))
        record_run(world.engine, Run(job, PUBLISHED_AT, 1.0, None, counts))
    queries = [expression(target) for panel in panels() for target in panel["targets"]]

    metrics = read_metrics(world, PUBLISHED_AT)

    assert silent(metrics, queries, tmp_path) == []
    assert silent(metrics, ['yujing_attention{instance="two"}'], tmp_path) == ['yujing_attention{instance="two"}']
