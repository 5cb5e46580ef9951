"""Administration of accounts: one after the other, and those of a whole file."""

import csv
import io

import pytest

from serving.accounts.accounts import NewAccount, accounts, change_password, create_account, find_account
from serving.accounts.permissions import EVERYTHING, Role
from serving.accounts.sessions import open_session
from serving.audit import OPERATOR
from serving.pages.admin_view import read_settings
from serving.settings import AlertSettings, Receiver, Settings
from tests.support.audit_entries import newest_entries
from tests.support.people import NOW, OTHER, TOWNSHIP, flat, token_of
from tests.support.visitors import PASSWORD

TABLE = f"账号,角色,辖区,责任单位,单位\nzhang,镇街,{TOWNSHIP},,城东街道办\nsun,责任单位,,人社部门,人社局\n"


@pytest.fixture
def chief(own_world, enter_own):
    created, password = create_account(own_world.engine, NewAccount("chief", Role.ANALYST, EVERYTHING, administers=True), OPERATOR, NOW)
    change_password(own_world.engine, created.actor, password, PASSWORD, NOW)
    return enter_own("chief")


def test_account_is_disabled_enabled_unlocked_and_given_another_role_by_forms(chief, own_world) -> None:
    account_id = find_account(own_world.engine, "town").actor.account_id
    at = f"/admin/accounts/{account_id}"
    assert f'href="{at}"' in chief.get("/admin").text
    fields = {"csrf": token_of(chief.get(at).text)}
    chief.post(f"{at}/disable", data=fields)
    assert f'action="{at}/enable"' in chief.get(at).text
    chief.post(f"{at}/enable", data=fields)
    chief.post(f"{at}/unlock", data=fields)
    changed = chief.post(f"{at}/change", data=fields | {"role": "grid_worker", "scope": OTHER, "unit": "城东街道办"})
    refused = chief.post(f"{at}/change", data=fields | {"role": "department"})

    assert (303, 422) == (changed.status_code, refused.status_code)
    assert "没有改动" in refused.text
    town = find_account(own_world.engine, "town")
    assert (None, Role.GRID_WORKER, OTHER, "城东街道办") == (town.disabled_at, town.actor.role, town.actor.scope.path, town.unit)
    assert f'value="{OTHER}" checked' in flat(chief.get(at).text)
    assert "account.unlock" in [entry.action for entry in newest_entries(own_world.engine, 10)]


def test_area_is_picked_from_the_tree_unless_a_code_is_written(chief, own_world) -> None:
    fields = {"csrf": token_of(chief.get("/admin").text), "role": "township", "scope": TOWNSHIP}
    chief.post("/admin/accounts", data=fields | {"name": "picked"})
    chief.post("/admin/accounts", data=fields | {"name": "written", "code": f"{OTHER}/"})

    assert TOWNSHIP == find_account(own_world.engine, "picked").actor.scope.path
    assert OTHER == find_account(own_world.engine, "written").actor.scope.path


def test_account_of_several_areas_switches_between_them(chief, own_world, enter_own) -> None:
    account_id = find_account(own_world.engine, "town").actor.account_id
    grant = {"role": "township", "scope": TOWNSHIP, "more": f"{OTHER}\n"}
    chief.post(f"/admin/accounts/{account_id}/change", data={"csrf": token_of(chief.get("/admin").text)} | grant)
    town = enter_own("town")
    page = town.get("/grids").text
    switched = town.post("/area", data={"csrf": token_of(page), "area": OTHER})
    foreign = town.post("/area", data={"csrf": token_of(page), "area": "990101"})

    assert f'<option value="{TOWNSHIP}" selected>' in flat(page)
    assert (303, 404) == (switched.status_code, foreign.status_code)
    assert f'<option value="{OTHER}" selected>' in flat(town.get("/grids").text)
    assert "+1" in chief.get("/admin").text


def test_file_of_accounts_is_tried_then_stored_and_passwords_are_shown_once(chief, own_world) -> None:
    csrf = {"csrf": token_of(chief.get("/admin/import").text)}
    tried = chief.post("/admin/import", data=csrf | {"wanted": "try"}, files={"file": ("accounts.csv", TABLE.encode("gb18030"))})
    before = [each.actor.name for each in accounts(own_world.engine)]
    stored = chief.post("/admin/import", data=csrf | {"wanted": "csv", "content": TABLE})
    rows = list(csv.reader(io.StringIO(stored.content.decode("utf-8-sig"))))[1:]

    assert "建立2个账号" in tried.text
    assert "zhang" not in before
    assert ["zhang", "sun"] == [row[0] for row in rows]
    assert open_session(own_world.engine, "zhang", rows[0][4], NOW)[1].must_change_password
    assert rows[0][4] not in chief.get("/admin/import").text
    again = chief.post("/admin/import", data=csrf | {"wanted": "page", "content": TABLE})
    assert "新建0，不变2，不合要求0" in again.text


def test_file_with_a_wrong_row_says_which_and_stores_nothing(chief, own_world) -> None:
    csrf = {"csrf": token_of(chief.get("/admin/import").text)}
    answer = chief.post("/admin/import", data=csrf | {"wanted": "page", "content": TABLE + "x,镇街,,,\n"})

    assert 422 == answer.status_code
    assert "账号格式不对" in answer.text
    assert "zhang" not in [each.actor.name for each in accounts(own_world.engine)]
    assert "文件无法读取" in chief.post("/admin/import", data=csrf | {"content": "<html>"}).text


def test_administration_is_for_administrators_alone(enter_own) -> None:
    analyst = enter_own("analyst")

    assert {403} == {analyst.get(path).status_code for path in ("/admin/import", "/admin/settings", "/admin/accounts/x")}


def test_settings_are_shown_with_their_source_and_without_secrets(tmp_path, monkeypatch) -> None:
    home, named = tmp_path / "config.yaml", tmp_path / "named.yaml"
    home.write_text("horizon_days: 21\nserving: {port: 9001}\ndatabase_url: postgresql://li:geheim@db/yujing\n", encoding="utf-8")
    named.write_text("serving: {port: 9002}\n", encoding="utf-8")
    monkeypatch.setenv("YUJING_SERVING__REFRESH_SECONDS", "3")
    receiver = Receiver(name="chat", kind="wecom", url="https://qyapi.example/send?key=geheim")
    loaded = Settings.load(named, home)
    lines = {line.name: line for line in read_settings(loaded.model_copy(update={"alerts": AlertSettings(receivers=(receiver,))}), home)}

    assert ("home_file", "21") == (lines["horizon_days"].source, lines["horizon_days"].value)
    assert ("named_file", "9002") == (lines["serving.port"].source, lines["serving.port"].value)
    assert "environment" == lines["serving.refresh_seconds"].source
    assert ("default", "command_line") == (lines["zone"].source, lines["alerts.receivers"].source)
    assert not [line for line in lines.values() if "geheim" in line.value]


def test_settings_page_shows_them(chief) -> None:
    page = chief.get("/admin/settings").text

    assert "serving.port" in page
    assert "默认值" in page
    assert dict(Settings().origins) == {}
