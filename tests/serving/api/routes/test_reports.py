import pytest

from features.errors import NotFoundError
from serving.accounts.permissions import Role
from serving.app import create_app
from serving.situation_report.archive import keep_report, kept_reports, read_report
from tests.support.audit_entries import newest_entries
from tests.support.kept_reports import make_report
from tests.support.townships import NOW, township
from tests.support.visitors import Clock, open_client, sign_up

SCOPES = {"whole": "", "district": "9901", "part": township(1), "community": f"{township(1)}/990111"}
WHOLE = ["2025Q4-escalation", "2025-12-严重", "2025-11-escalation"]
OF_PART = "2025-11-escalation-99011"


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
    for name in WHOLE:
        keep_report(townships.home, make_report(name, title=f"全区{name}"))
    keep_report(townships.home, make_report(OF_PART, township(1), "镇街的形势分析"))
    return townships


def names(answer):
    return [each["name"] for each in answer.json()["items"]]


@pytest.mark.parametrize(("who", "seen"), [("whole", WHOLE), ("district", WHOLE), ("part", [OF_PART]), ("community", [])])
def test_reports_are_seen_by_accounts_of_exactly_their_area(who, seen, kept, ask):
    assert names(ask(who, "/v1/reports")) == seen

    for name in (*WHOLE, OF_PART):
        assert ask(who, f"/v1/reports/{name}").status_code == (200 if name in seen else 404)


def test_report_is_handed_out_as_a_file(kept, ask):
    answer = ask("whole", f"/v1/reports/{WHOLE[0]}")

    assert "环比上升4%（变化不明显）" in answer.text
    assert answer.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''%E5%85%A8%E5%8C%BA2025Q4")


def test_report_that_is_read_is_in_the_trail(kept, ask):
    def reads():
        return [entry.subject for entry in newest_entries(kept.engine, 1000) if entry.action == "report.read"]

    before = reads()
    ask("whole", f"/v1/reports/{WHOLE[0]}")
    ask("part", f"/v1/reports/{WHOLE[0]}")

    assert [WHOLE[0], *before] == reads()


def test_report_of_another_area_answers_as_one_that_is_not_there(kept, ask):
    assert ask("part", "/v1/reports/2025Q4-escalation").content == ask("part", "/v1/reports/2024Q4-escalation").content


@pytest.mark.parametrize("name", ["2025-13", "..%2f..%2fkeys", "2025Q4", "2025Q4-", "2025Q4-escalation.json"])
def test_reports_of_any_other_name_are_not_looked_for(name, kept, ask):
    assert ask("whole", f"/v1/reports/{name}").status_code in {404, 405}


def test_read_report_stays_in_its_folder(townships):
    (townships.home.root / "2025Q1-secret.json").write_text("{}", encoding="utf-8")

    with pytest.raises(NotFoundError):
        read_report(townships.home, "../2025Q1-secret")


def test_keep_report_of_the_same_name_gives_way(kept):
    before = len(kept_reports(kept.home))
    newer = make_report(WHOLE[0], title="新的")
    keep_report(kept.home, newer)

    assert read_report(kept.home, WHOLE[0]) == newer
    assert len(kept_reports(kept.home)) == before
