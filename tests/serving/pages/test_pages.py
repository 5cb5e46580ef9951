"""Pages as they are sent: complete in both languages, closed to strangers, free of scripts and styles of their own."""

import io
import json
import re

import openpyxl
import pytest
from sqlalchemy import select, update

from features.database.alert_tables import alert
from features.database.engine import reading, writing
from features.database.tables import grid
from tests.support.people import DISTRICT, OTHER, PEOPLE, TOWNSHIP, flat, token_of

INLINE = re.compile(r"\sstyle=|<style|<script(?![^>]*\ssrc=)|\son[a-z]+=", re.IGNORECASE)
ELSEWHERE = re.compile(r"""(?:src|href|action)=["'](?:https?:)?//""", re.IGNORECASE)
SMALL_COUNT = re.compile(r"(?<![\d.–-])[12](?:件|起)(?!/)")


def addresses(name: str) -> list[str]:
    pages = {
        "centre": ["/", f"/?area={TOWNSHIP}", "/?level=township", "/grids", "/alerts", "/export", "/models", "/password"],
        "town": ["/", "/grids", "/alerts", "/export"],
        "worker": ["/alerts", "/grids"],
        "analyst": ["/", "/models", "/docs"],
    }
    return pages[name]


def alerts_below(world, scope: str) -> list[tuple[str, str]]:
    with reading(world.engine) as connection:
        rows = connection.execute(select(alert.c.alert_id, alert.c.grid_id, alert.c.path)).all()
    return [(row.alert_id, row.grid_id) for row in rows if row.path.startswith(scope)]


def faults(page: str) -> list[str]:
    """Return what the policy of the pages, or an intranet, would refuse."""
    return INLINE.findall(page) + ELSEWHERE.findall(page)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", ["centre", "town", "worker", "analyst"])
def test_pages_of_every_role_are_whole_and_keep_to_the_policy(enter, name: str, language: str) -> None:
    client = enter(name, language=language)

    for address in addresses(name):
        answer = client.get(address)
        assert (address, answer.status_code) == (address, 200)
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert (address, faults(answer.text)) == (address, [])
        assert ('<html lang="zh-CN"' if language == "zh" and address != "/docs" else '<html lang="en"') in flat(answer.text)


def test_grids_without_borders_are_shown_as_tiles(own_world, enter_own) -> None:
    with writing(own_world.engine) as connection:
        connection.execute(update(grid).values(geometry=None))
    centre = enter_own("centre")

    assert centre.get("/").text.count('<path class="level-fill-') == 40
    assert centre.get("/?level=township").text.count('<path class="level-fill-') == 2


def test_policy_check_would_notice_what_it_forbids() -> None:
    assert faults('<p style="x">') != []
    assert faults("<script>1</script>") != []
    assert faults('<a onclick="x">') != []
    assert faults('<img src="//elsewhere.example/a.png">') != []
    assert faults('<script type="module" src="/static/a.js"></script><a href="/grids">') == []


@pytest.mark.parametrize("address", ["/", "/grids", "/grids/990101001001001", "/alerts", "/models", "/admin", "/export", "/password"])
def test_pages_without_a_session_lead_to_the_login_and_back(enter, address: str) -> None:
    answer = enter().get(address)

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login?next=%2F")


def test_township_reaches_no_page_of_another(enter, seen_world) -> None:
    stranger = enter("stranger")
    alert_id, grid_id = alerts_below(seen_world, TOWNSHIP)[0]
    foreign = [f"/?area={TOWNSHIP}", f"/grids?area={TOWNSHIP}", f"/grids/{grid_id}", f"/alerts/{alert_id}", f"/?area={DISTRICT}"]

    assert [stranger.get(address).status_code for address in foreign] == [404] * len(foreign)
    assert enter("town").get(f"/grids/{grid_id}").status_code == 200
    for address in addresses("town"):
        assert TOWNSHIP not in stranger.get(address).text
        assert OTHER in stranger.get("/").text


@pytest.mark.parametrize(("name", "address"), [("worker", "/models"), ("worker", "/export"), ("town", "/models"), ("centre", "/admin")])
def test_pages_beyond_a_role_are_refused(enter, name: str, address: str) -> None:
    assert enter(name).get(address).status_code == 403


def test_forms_without_their_token_change_nothing(enter, seen_world) -> None:
    worker = enter("worker")
    alert_id, _ = alerts_below(seen_world, TOWNSHIP)[0]
    fields = {"action": "acknowledge", "reason": "visited", "version": 1, "key": "k" * 16}

    assert worker.post(f"/alerts/{alert_id}/answer", data=fields).status_code == 403
    assert worker.post(f"/alerts/{alert_id}/answer", data=fields | {"csrf": "0" * 64}).status_code == 403
    assert "待签收" in worker.get(f"/alerts/{alert_id}").text


def test_pages_never_print_a_count_of_one_or_two(enter, seen_world) -> None:
    centre = enter("centre")
    grids = re.findall(r'href="/grids/(\d+)"', centre.get("/grids").text)

    assert len(set(grids)) == 40
    for grid_id in grids:
        words = re.sub(r"<[^>]+>|（不足3件）", " ", centre.get(f"/grids/{grid_id}").text)
        assert (grid_id, SMALL_COUNT.findall(words)) == (grid_id, [])


def test_small_count_check_would_notice_one() -> None:
    assert SMALL_COUNT.findall("近28天2件, 12件, 3–6件, 0.2件") == ["2件"]


def test_export_opens_as_a_workbook_without_formulas(enter) -> None:
    centre = enter("centre")
    form = centre.get(f"/export?area={TOWNSHIP}")
    fields = {"csrf": token_of(form.text), "date": re.findall(r'name="date" value="([\d-]+)"', form.text)[0], "area": TOWNSHIP}

    assert centre.post("/export", data=fields).status_code == 422
    answer = centre.post("/export", data=fields | {"purpose": "mediation"})
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[1][:2] == ("网格编码", "镇街")
    assert len(rows) == 22
    assert "用于服务排期" in rows[0][0]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n"}


def test_login_with_a_wrong_password_says_so_and_lets_nobody_in(enter) -> None:
    visitor = enter()
    answer = visitor.post("/login", data={"name": "centre", "password": "wrong", "next": "//elsewhere.example"})

    assert answer.status_code == 401
    assert "账号或密码不对" in answer.text
    assert "elsewhere" not in answer.text
    assert visitor.get("/").status_code == 303


def test_look_is_remembered_and_leads_back_inside_only(enter) -> None:
    visitor = enter()

    assert visitor.post("/look", data={"theme": "dark", "back": "https://elsewhere.example"}).headers["location"] == "/"
    assert 'data-theme="dark"' in visitor.get("/login").text


def test_models_show_each_fold_beside_the_best_rule_and_only_known_plots(own_world, enter_own) -> None:
    part = {"first": "2025-06-02", "last": "2025-07-07", "positives": 31, "models": {"lightgbm": {"poisson_deviance": 0.25}}}
    part["models"]["open_backlog"] = {"poisson_deviance": 0.375}
    few = {"first": "2025-07-14", "last": "2025-08-04", "positives": 3, "models": {}}
    folder = own_world.home.folder(own_world.home.backtests / "escalation-14d")
    (folder / "report.json").write_text(json.dumps({"shown": ["lightgbm", "open_backlog"], "folds": [part, few]}), encoding="utf-8")
    (folder / "folds.png").write_bytes(b"picture")
    analyst = enter_own("analyst")
    page = analyst.get("/models").text

    assert "+0.1250" in page
    assert page.count('<td class="num">—</td>') >= 3
    assert analyst.get("/models/plots/folds.png").content == b"picture"
    assert analyst.get("/models/plots/report.json").status_code == 404


def test_past_lists_stay_as_they_were(enter) -> None:
    centre = enter("centre")

    assert "2026年1月8日" in centre.get("/?date=2026-01-08").text
    assert centre.get("/?date=2026-01-07").status_code == 404
    assert centre.get("/?date=yesterday").status_code == 422


def test_everybody_has_a_page_to_begin_with() -> None:
    assert set(PEOPLE) - {"stranger"} == {"centre", "town", "worker", "analyst", "labour", "auditor"}
