"""Uploads: held for their holder alone, half an hour, under a name without a folder."""

import io
import os
from datetime import UTC, datetime, timedelta

import pytest
import yaml
from sqlalchemy import func, select

from features.database.engine import open_database
from features.database.tables import grid_neighbour
from features.errors import NotFoundError, StoreError, UsageError
from features.schema import CASE_REQUIRED
from features.storage.home import Home
from serving.accounts.permissions import EVERYTHING, Actor, Role
from serving.intake.uploads import HELD, Intake, discard, find_upload, hold, sweep
from serving.operations.jobs import PageJob
from serving.settings import Settings
from tests.support.small_disks import full_disk

LI, WANG = "account-li", "account-wang"


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path)


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


def keep(home, now, holder=LI, name="三月 台账.csv", grids=None):
    return hold(home, holder, (name, io.BytesIO(b"a,b\n")), grids and (grids, io.BytesIO(b"g\n")), now)


def test_upload_is_found_by_its_holder_alone(home, now):
    upload = keep(home, now)

    assert upload == find_upload(home, LI, upload.token, now)
    for holder, token in ((WANG, upload.token), (LI, "0" * 32), (LI, f"../{upload.token}")):
        with pytest.raises(NotFoundError):
            find_upload(home, holder, token, now)


def test_files_keep_their_own_names_and_are_read_by_nobody_else(home, now):
    upload = keep(home, now, grids="C:\\办公\\grids.XLSX")

    assert ("三月 台账.csv", b"a,b\n") == (upload.cases.name, upload.cases.read_bytes())
    assert "grids.xlsx" == upload.grids.name
    assert 0o600 == upload.cases.stat().st_mode & 0o777
    assert keep(home, now, WANG).grids is None


@pytest.mark.parametrize("letter", ["a", "台", "\U00020000"], ids=["one byte", "three bytes", "four bytes"])
def test_file_with_a_long_name_keeps_its_beginning_and_its_ending(home, now, letter):
    name = keep(home, now, name=f"{letter * 300}.csv.gz").cases.name

    assert name.strip(letter) == ".csv.gz"
    assert 100 < len(name.encode()) < 200


@pytest.mark.parametrize("name", ["cases.exe", "cases", "cases.csv.exe", ""])
def test_file_of_another_kind_is_refused(home, now, name):
    with pytest.raises(UsageError, match="must end in one of"):
        keep(home, now, name=name)


@pytest.mark.parametrize("name", ["../../etc/cases.csv", "/etc/cases.csv", "..\\cases.csv", "a\x00b/cases.csv"])
def test_name_that_leads_elsewhere_is_kept_in_its_folder(home, now, name):
    upload = keep(home, now, name=name)

    assert (upload.folder / "cases" / "cases.csv") == upload.cases


def test_upload_that_the_disk_does_not_take_is_refused_and_leaves_nothing(home, now):
    with full_disk(), pytest.raises(StoreError, match="must take a file, found: File too large"):
        hold(home, "a1", ("cases.csv", io.BytesIO(b"x" * 9)), None, now)

    assert [] == list(home.uploads.iterdir())


def test_second_upload_takes_the_place_of_the_first_and_leaves_those_of_others(home, now):
    first, other, second = keep(home, now), keep(home, now, WANG), keep(home, now)

    assert [False, True, True] == [upload.folder.exists() for upload in (first, other, second)]


def test_upload_is_removed_after_half_an_hour(home, now):
    upload = keep(home, now)
    os.utime(upload.folder, (now.timestamp(), now.timestamp()))

    assert upload == find_upload(home, LI, upload.token, now + HELD)
    with pytest.raises(NotFoundError):
        find_upload(home, LI, upload.token, now + HELD + timedelta(seconds=1))
    assert not upload.folder.exists()


def test_discarded_upload_leaves_nothing(home, now):
    upload = keep(home, now)
    discard(upload)
    discard(upload)

    assert [] == list(home.uploads.iterdir())


def test_sweep_of_a_home_without_uploads_does_nothing(home, now):
    sweep(home, now)

    assert not home.uploads.exists()


def test_uploaded_grids_without_borders_take_as_many_neighbours_as_the_settings_say(home, now):
    cases = b"event_id,grid_id,event_type,category,occurred_at,reported_at\n1,g1,dispute,neighbor,2026-03-01,2026-03-01\n"
    grids = b"grid_id,name,parent_path,lon,lat\ng1,a,t1/c1,120.70,30.7\ng2,b,t1/c1,120.71,30.7\ng3,c,t1/c1,120.73,30.7\n"
    upload = hold(home, LI, ("cases.csv", io.BytesIO(cases)), ("grids.csv", io.BytesIO(grids)), now)
    upload.source.write_text(yaml.safe_dump({"name": "cases", "columns": {name: name for name in CASE_REQUIRED}}), encoding="utf-8")
    engine = open_database(home.database_url)
    intake = Intake(home, engine, Settings(panel={"nearest_neighbours": 1}), Actor(LI, "li", Role.ANALYST, EVERYTHING), lambda: now)

    intake.take_in(upload)(PageJob("ingest", upload.token, now))

    with engine.connect() as connection:
        assert 4 == connection.execute(select(func.count()).select_from(grid_neighbour)).scalar(), "all three are among the nearest six"
    engine.dispose()
