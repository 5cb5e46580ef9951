"""A disk that fills up: no new list from a limit on, while the service goes on; what it refuses is stored once there is room."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from features.database import engine as database_engine
from features.errors import StoreError
from features.eventlog.append import Batch, append_batch
from features.eventlog.read import log_state, read_log
from serving.accounts.permissions import Role
from serving.alerts.lifecycle import REASONS, Action
from serving.app import create_app
from serving.rankings.ledger import verify
from tests.conftest import fill_cases
from tests.serving.conftest import MakeWorld
from tests.support.databases import PRAGMAS_AS_SHIPPED, Databases, all_rows
from tests.support.published_world import AS_OF, PUBLISHED_AT, World, new_world
from tests.support.small_disks import SmallDisk, small_disk
from tests.support.visitors import PASSWORD, Clock, open_client, sign_up

pytestmark = [pytest.mark.full, pytest.mark.dialect("sqlite")]

MIB = 1 << 20
GIB = 1 << 30
TOO_LITTLE_FOR_A_LIST = (900 * MIB, 2 * MIB)
FULL = (512 << 10, 128 << 10, 64 << 10, 32 << 10, 16 << 10, 8 << 10, 0)
"""From here on some writes are refused."""
FIRST_ACKNOWLEDGE = next(iter(REASONS[Action.ACKNOWLEDGE]))


@dataclass
class Place:
    """A home on a small disk and somebody who works there."""

    disk: SmallDisk
    world: World
    client: TestClient
    headers: dict[str, str]
    acknowledged: int = 0

    def list_of_tomorrow(self) -> str | None:
        """Make the list of the next day; return why that was refused."""
        try:
            self.world.rank(AS_OF + timedelta(days=1), PUBLISHED_AT + timedelta(days=1))
        except StoreError as error:
            return str(error)
        return None

    def read(self) -> Response:
        return self.client.get("/v1/rankings", headers=self.headers)

    def sign_in(self) -> Response:
        self.client.cookies.clear()
        return self.client.post("/login", data={"name": "analyst", "password": PASSWORD}, follow_redirects=False)

    def upload(self, size: int) -> Response:
        """Send a file by the page of somebody who is signed in already."""
        token = re.search(r'name="(csrf[^"]*)" value="([^"]*)"', self.client.get("/data").text)
        assert token
        file = {"file": ("a.csv", b"event_id,grid_id\n" + b"x" * size, "text/csv")}
        return self.client.post("/data/files", files=file, data={token[1]: token[2]}, follow_redirects=False)

    def acknowledge(self) -> Response:
        """Acknowledge the first alert that is new, by its own key."""
        one = next(each for each in self.client.get("/v1/alerts?limit=500", headers=self.headers).json()["alerts"] if each["version"] == 1)
        named = {"If-Match": f'"{one["alert_id"]}-1"', "Idempotency-Key": f"key-{one['alert_id']}"}
        order = {"action": Action.ACKNOWLEDGE, "reason": FIRST_ACKNOWLEDGE}
        return self.client.post(f"/v1/alerts/{one['alert_id']}/transitions", json=order, headers=self.headers | named)

    def take_in(self) -> str | None:
        """Send the next batch of 500 cases under its key; return why it was refused."""
        number = self.acknowledged
        grid_id = self.read().json()["rows"][0]["grid_id"]
        cases = fill_cases(*({"event_id": f"{number}-{case}", "grid_id": grid_id} for case in range(500)))
        try:
            counts = append_batch(self.world.engine, Batch(f"batch-{number}", "hotline", cases, [], len(cases)))
        except StoreError as error:
            return str(error)
        assert counts.accepted == len(cases)
        self.acknowledged += 1
        return None


@pytest.fixture(params=[2, 8, 30])
def place(
    request: pytest.FixtureRequest, databases: Databases, make_alerting: MakeWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    """A home with today's list and alerts on a disk of so many GiB, written as it is outside of tests."""
    monkeypatch.setattr(database_engine, "SQLITE_PRAGMAS", PRAGMAS_AS_SHIPPED)
    with (
        small_disk(tmp_path, request.param * GIB) as disk,
        new_world(databases, "sqlite", disk.root / "home", make_alerting("sqlite")) as world,
        open_client(create_app(world.settings, world.home, Clock(PUBLISHED_AT + timedelta(hours=1)))) as client,
    ):
        sign_up(world.engine, PUBLISHED_AT, Role.ANALYST, name="analyst")
        _, token = sign_up(world.engine, PUBLISHED_AT)
        yield Place(disk, world, client, {"Authorization": f"Bearer {token}"})


@pytest.mark.parametrize("free", TOO_LITTLE_FOR_A_LIST)
def test_disk_with_too_little_for_a_list_takes_answers_and_records_and_lets_people_in(place: Place, free: int) -> None:
    place.disk.leave(free)

    assert "MiB of disk must be free" in (place.list_of_tomorrow() or "")
    assert place.client.get("/readyz").status_code == 503
    assert [200, 303, 303, 200] == [each.status_code for each in (place.read(), place.sign_in(), place.upload(9), place.acknowledge())]
    assert place.take_in() is None
    place.disk.empty()
    assert place.list_of_tomorrow() is None


def test_full_disk_refuses_writes_whole_goes_on_reading_and_recovers(place: Place, record_property: Callable[[str, object], None]) -> None:
    refused: dict[str, int] = {}
    records = log_state(place.world.engine).sequence
    for free in FULL:
        place.disk.empty()
        assert place.sign_in().status_code == 303
        place.disk.leave(free)
        before = all_rows(place.world.engine)
        step, batch, upload = place.acknowledge(), place.take_in(), place.upload(1 << 20)
        for what, is_refused in (("step", step.status_code == 503), ("batch", batch), ("upload", upload.status_code == 503)):
            if is_refused:
                refused.setdefault(what, free)

        assert (200, "5") == (place.read().status_code, step.headers.get("Retry-After", "5"))
        assert {step.status_code, upload.status_code} <= {200, 303, 503}
        assert "Retry-After" in upload.headers or upload.status_code == 303
        assert place.list_of_tomorrow()
        if batch and step.status_code == 503:
            assert before == all_rows(place.world.engine)

    place.disk.empty()
    assert [None, 200, 303] == [place.take_in(), place.acknowledge().status_code, place.upload(9).status_code]
    assert place.list_of_tomorrow() is None
    assert verify(place.world.engine)
    assert (
        records + 500 * place.acknowledged
        == log_state(place.world.engine).sequence
        == read_log(place.world.home, place.world.engine).records.height
    )
    record_property("free KiB of a disk at which it was full", ", ".join(f"{free >> 10} for a {what}" for what, free in refused.items()))
    assert {"step", "batch", "upload"} == refused.keys()
