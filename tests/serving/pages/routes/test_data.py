"""Taking a ledger in on a page: who may, what is refused, what is kept and what is not."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import Engine, select

from features.database.access_tables import audit
from features.database.engine import reading
from features.eventlog.read import read_log
from features.storage.home import Home
from serving.accounts.permissions import Role
from serving.intake.uploads import HELD, sweep
from serving.operations.jobs import job_states
from tests.support.people import flat, token_of
from tests.support.visitors import PASSWORD, sign_up, visit_home

NOW = datetime.now(UTC)
LEDGER = """编号,网格编码,类别,发生时间,登记时间,办理时限,办结时间
1,330106001002003,邻里纠纷,2026-03-01 09:00,2026-03-01 10:00,2026-03-08 10:00,2026-03-10 10:00
2,330106001002003,邻里纠纷,2026-03-02 09:00,2026-03-02 10:00,2026-03-09 10:00,
3,330106001002004,不认识的,2026-03-03 09:00,2026-03-03 10:00,2026-03-10 10:00,
"""


@pytest.fixture
def engine(empty_engine: Engine) -> Engine:
    return empty_engine


@contextmanager
def visit(home: Home, engine: Engine, role: Role = Role.ANALYST) -> Iterator[TestClient]:
    with visit_home(home, engine, role) as client:
        client.csrf = token_of(client.get("/start").text)
        yield client


def send(client: TestClient, ledger: str = LEDGER, name: str = "纠纷台账.csv", **fields: str) -> Response:
    return client.post("/data/files", data={"csrf": client.csrf, **fields}, files={"file": (name, ledger.encode())})


def chosen(page: str) -> dict[str, str]:
    """Return what a browser would send for the form of a page as it stands."""
    form = re.search(r'<form class="lines" method="post" action="/data/files/[0-9a-f]+/trial">.*?</form>', flat(page), re.DOTALL)[0]
    fields = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', form))
    for name, options in re.findall(r'<select name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        picked = re.search(r'<option value="([^"]*)" selected', options)
        fields[name] = picked[1] if picked else ""
    return fields


def done(client: TestClient) -> None:
    """Wait until the job has ended."""
    deadline = time.monotonic() + 60
    while client.app.state.site.jobs.last.running and time.monotonic() < deadline:
        time.sleep(0.05)
    assert client.app.state.site.jobs.last.fault is None


def records(home: Home, engine: Engine) -> int:
    return read_log(home, engine).records.height


def test_ledger_is_tried_then_taken_in_recorded_and_removed(home: Home, engine: Engine) -> None:
    with visit(home, engine) as client:
        page = send(client)
        client.post(f"{page.url.path}/trial", data=chosen(page.text))
        done(client)
        tried, before = client.get(page.url.path).text, records(home, engine)
        client.post(f"{page.url.path}/take_in", data={"csrf": client.csrf})
        done(client)
        taken = client.get("/data").text
        (name,) = [path.name for path in home.quarantine.iterdir()]
        refused = client.get(f"/data/quarantine/{name}").text
        again = chosen(send(client).text)

    assert 0 == before
    assert '<td class="num" id="accepted">2</td>' in tried
    assert '<td class="num" id="accepted">2</td>' in taken
    assert "CATEGORY_UNKNOWN" in refused
    assert "不认识的" not in refused
    assert ("ledger", "overdue") == (again["name"], again["escalation"])
    assert [] == [path for path in home.uploads.rglob("cases/*") if path.name != "纠纷台账.csv"]
    assert 2 == job_states(engine)["ingest"].last.counts["accepted"]
    with reading(engine) as connection:
        assert "data.take_in" in connection.execute(select(audit.c.action)).scalars().all()


def test_meanings_of_codes_are_offered_in_chinese_and_chinese_texts_known(home: Home, engine: Engine) -> None:
    ledger = LEDGER.replace("办结时间", "办结时间,处理层级").replace(" 10:00\n", " 10:00,镇街\n").replace("10:00,\n", "10:00,,区县\n")
    with visit(home, engine) as client:
        page = flat(send(client, ledger).text)

    assert '<option value="township" selected>镇街</option>' in page
    assert '<option value="county" selected>区县</option>' in page
    assert re.findall(r"<option[^>]*>[a-z_]+</option>", page) == []


@pytest.mark.parametrize("role", [Role.COMMAND, Role.GRID_WORKER, Role.AUDITOR])
def test_data_pages_are_for_analysts_only(home: Home, engine: Engine, role: Role) -> None:
    with visit(home, engine, role) as client:
        assert 403 == client.get("/data").status_code
        assert 403 == send(client).status_code
        assert 403 == client.post("/data/train", data={"csrf": client.csrf, "target": "escalation"}).status_code


def test_outcome_of_a_file_is_told_to_accounts_of_the_whole_alone(home: Home, engine: Engine) -> None:
    with visit(home, engine) as client:
        page = send(client)
        client.post(f"{page.url.path}/trial", data=chosen(page.text))
        done(client)
        client.post(f"{page.url.path}/take_in", data={"csrf": client.csrf})
        done(client)
        sign_up(engine, NOW, Role.ANALYST, "330106/330106001", name="part")
        client.post("/login", data={"name": "part", "password": PASSWORD})
        part = client.get("/data").text

    assert "上传台账" in part
    assert [] == [told for told in ("不认识的", "quarantine/", 'id="accepted"') if told in part]


def test_upload_without_the_token_of_the_session_is_refused(home: Home, engine: Engine) -> None:
    with visit(home, engine) as client:
        answer = client.post("/data/files", files={"file": ("a.csv", LEDGER.encode())})

    assert 403 == answer.status_code
    assert not home.uploads.exists()


@pytest.mark.parametrize(
    ("name", "ledger", "words"),
    [
        ("a.csv", "", "文件是空的"),
        ("a.xlsx", "no workbook", "文件不是可读取的格式"),
        ("a.exe", LEDGER, "未能完成"),
    ],
)
def test_file_that_cannot_be_read_is_refused_and_not_kept(home: Home, engine: Engine, name: str, ledger: str, words: str) -> None:
    with visit(home, engine) as client:
        answer = send(client, ledger, name)

    assert (422, True) == (answer.status_code, words in answer.text)
    assert [] == list(home.uploads.rglob("cases/*"))


def test_file_is_its_holder_s_alone_and_goes_after_half_an_hour(home: Home, engine: Engine) -> None:
    with visit(home, engine) as client:
        address = send(client).url.path
        sign_up(engine, NOW, Role.ANALYST, name="other")
        client.post("/login", data={"name": "other", "password": PASSWORD})
        stranger = client.get(address)
    folder = home.uploads / address.rpartition("/")[2]

    assert "/start" == stranger.url.path
    sweep(home, datetime.fromtimestamp(folder.stat().st_mtime, UTC) + HELD - timedelta(seconds=1))
    assert folder.exists()
    sweep(home, datetime.fromtimestamp(folder.stat().st_mtime, UTC) + HELD + timedelta(seconds=1))
    assert not folder.exists()


def test_mapping_without_a_needed_column_is_refused_and_stays_on_the_form(home: Home, engine: Engine) -> None:
    with visit(home, engine) as client:
        page = send(client)
        answer = client.post(f"{page.url.path}/trial", data=chosen(page.text) | {"column:grid_id": ""})

    assert 422 == answer.status_code
    assert "a case also needs grid_id" in answer.text
    assert "类别" == chosen(answer.text)["column:category"]


def test_second_job_waits_for_the_first(home: Home, engine: Engine) -> None:
    from serving.operations.jobs import PageJob

    with visit(home, engine) as client:
        page = send(client)
        client.app.state.site.jobs.last = PageJob("train", "", NOW)
        answer = client.post(f"{page.url.path}/trial", data=chosen(page.text))

    assert 409 == answer.status_code
