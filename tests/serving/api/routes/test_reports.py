import pytest

from features.errors import NotFoundError
from serving.accounts.permissions import Role
from serving.app import create_app
from serving.situation_report.archive import keep_report, kept_reports, read_report
from tests.support.townships import NOW, township
from tests.support.visitors import Clock, open_client, sign_up

REPORT = "<p>形势分析</p>"
SCOPES = {"whole": "", "district": "9901", "part": township(1)}


@pytest.fixture(scope="module")
def tokens(townships):
    return {who: sign_up(townships.engine, NOW, Role.COMMAND, scope)[1] for who, scope in SCOPES.items()}


@pytest.fixture
def ask(townships, tokens):
    """Return a function that answers a path to an account of the whole, of the only district, or of a part of it."""
    with open_client(create_app(townships.settings, townships.home, Clock(NOW))) as client:
        yield lambda who, path: client.get(path, headers={"Authorization": f"Bearer {tokens[who]}"})


@pytest.fixture
def kept(townships):
    for name in ("2025-11-escalation", "2025Q4-escalation", "2025-12-严重"):
        keep_report(townships.home, name, REPORT.encode())
    return townships


def test_reports_are_listed_and_handed_out_to_whoever_sees_the_whole(kept, ask):
    listed = ask("whole", "/v1/reports")

    assert [each["name"] for each in listed.json()["items"]] == ["2025Q4-escalation", "2025-12-严重", "2025-11-escalation"]
    for each in listed.json()["items"]:
        answer = ask("whole", f"/v1/reports/{each['name']}")
        assert (answer.status_code, answer.text) == (200, REPORT)
        assert answer.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''2025")


def test_reports_of_the_whole_are_not_there_for_a_part(kept, ask):
    assert ask("part", "/v1/reports").json() == {"items": []}
    assert ask("part", "/v1/reports/2025Q4-escalation").content == ask("part", "/v1/reports/2024Q4-escalation").content


def test_reports_are_seen_by_the_account_of_the_only_district(kept, ask):
    assert len(ask("district", "/v1/reports").json()["items"]) == 3


@pytest.mark.parametrize("name", ["2025-13", "..%2f..%2fkeys", "2025Q4", "2025Q4-", "2025Q4-escalation.html"])
def test_reports_of_any_other_name_are_not_looked_for(name, kept, ask):
    assert ask("whole", f"/v1/reports/{name}").status_code in {404, 405}


def test_read_report_stays_in_its_folder(tmp_path, townships):
    (townships.home.root / "2025Q1-secret.html").write_text("secret", encoding="utf-8")

    with pytest.raises(NotFoundError):
        read_report(townships.home, "../2025Q1-secret")


def test_keep_report_of_the_same_name_gives_way(kept):
    before = len(kept_reports(kept.home))
    keep_report(kept.home, "2025Q4-escalation", b"new")

    assert read_report(kept.home, "2025Q4-escalation") == b"new"
    assert len(kept_reports(kept.home)) == before
