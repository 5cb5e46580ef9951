"""Uploads: held for their holder alone, half an hour, under a name without a folder."""

import io
import os
from datetime import UTC, datetime, timedelta

import pytest

from features.errors import NotFoundError, UsageError
from features.storage.home import Home
from serving.intake.uploads import HELD, discard, find_upload, hold, sweep

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


@pytest.mark.parametrize("name", ["cases.exe", "cases", "cases.csv.exe", ""])
def test_file_of_another_kind_is_refused(home, now, name):
    with pytest.raises(UsageError, match="must end in one of"):
        keep(home, now, name=name)


@pytest.mark.parametrize("name", ["../../etc/cases.csv", "/etc/cases.csv", "..\\cases.csv", "a\x00b/cases.csv"])
def test_name_that_leads_elsewhere_is_kept_in_its_folder(home, now, name):
    upload = keep(home, now, name=name)

    assert (upload.folder / "cases" / "cases.csv") == upload.cases


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
