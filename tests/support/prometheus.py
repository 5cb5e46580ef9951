"""Prometheus of this machine: promtool on metrics that a service gave, a server that scrapes one, and queries of the dashboard."""

import json
import re
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import yaml

from serving.app import create_app
from tests.support.loopback import free_port
from tests.support.published_world import World
from tests.support.visitors import Clock, open_client

DEPLOY = Path(__file__).parents[2] / "configs/deploy"
RULES = DEPLOY / "prometheus-rules.yaml"
DASHBOARD = DEPLOY / "grafana-dashboard.json"
SAMPLE = re.compile(r"^((?:yujing|http|process)_\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)
INSTANCE = 'job="yujing",instance="one"'
VARIABLES = {"$instance": ".*", "$__rate_interval": "2m"}

Series = tuple[str, list[tuple[float, float]]]
"""Legend, then (moment, value)."""


def panels() -> list[dict[str, Any]]:
    """Return the panels of the shipped dashboard."""
    return list(json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"])


def expression(target: Mapping[str, Any]) -> str:
    """Return the query of a target as Grafana sends it for all instances."""
    text = str(target["expr"])
    for name, value in VARIABLES.items():
        text = text.replace(name, value)
    return text


def read_metrics(world: World, now: datetime) -> str:
    """Return the metrics of a service that has looked at the integrity of its home."""
    with open_client(create_app(world.settings, world.home, Clock(now))) as client:
        for _ in range(200):
            if "yujing_integrity_ok{" in client.get("/metrics").text:
                break
            time.sleep(0.05)
        return client.get("/metrics").text


def promtool(metrics: str, now: datetime, folder: Path, *asked: Mapping[str, Any]) -> str:
    """Test expressions on metrics that stay as they are; return what promtool prints of those that are not as expected.

    Moments are told from `now` on, where its time begins.
    """
    group = {"interval": "1m", "input_series": _series(metrics, now), "promql_expr_test": list(asked)}
    (folder / "test.yaml").write_text(yaml.safe_dump({"rule_files": [str(RULES)], "tests": [group]}), encoding="utf-8")
    done = subprocess.run(["promtool", "test", "rules", folder / "test.yaml"], capture_output=True, text=True, check=False)
    printed = done.stdout + done.stderr
    assert not any(fault in printed for fault in ("error", "invalid", "unexpected")), printed
    return printed


def _series(metrics: str, now: datetime) -> list[dict[str, str]]:
    told = []
    for name, labels, value in SAMPLE.findall(metrics):
        number = float(value) - now.timestamp() * name.endswith("_timestamp_seconds")
        told.append({"series": f"{name}{{{','.join(filter(None, (labels, INSTANCE)))}}}", "values": f"{number:f}x4000"})
    return told


@contextmanager
def prometheus(address: str) -> Iterator[str]:
    """Run a Prometheus that scrapes an address every second, and yield its own."""
    scrape = {"job_name": "yujing", "scrape_interval": "1s", "static_configs": [{"targets": [address]}]}
    with TemporaryDirectory() as name:
        folder, own = Path(name), f"127.0.0.1:{free_port()}"
        (folder / "prometheus.yml").write_text(yaml.safe_dump({"scrape_configs": [scrape]}), encoding="utf-8")
        options = [f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb", f"--web.listen-address={own}"]
        with subprocess.Popen(["prometheus", *options], stderr=subprocess.DEVNULL) as process:
            try:
                yield own
            finally:
                process.terminate()


def ask(own: str, target: Mapping[str, Any], since: float) -> Sequence[Series]:
    """Return what a Prometheus answers to a target from a moment until now."""
    query = {"query": expression(target), "start": since, "end": time.time(), "step": 1}
    with urlopen(f"http://{own}/api/v1/query_range?{urlencode(query)}", timeout=10) as answer:
        series = json.load(answer)["data"]["result"]
    return [(_legend(target, one["metric"]), [(at, float(value)) for at, value in one["values"]]) for one in series]


def _legend(target: Mapping[str, Any], labels: Mapping[str, str]) -> str:
    return re.sub(r"{{(\w+)}}", lambda named: labels.get(named[1], ""), target.get("legendFormat") or "")
