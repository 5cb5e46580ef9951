"""/audit as an auditor sees it, and the entries that reading it leaves."""

import csv
import io
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

import serving
from features.database.engine import writing
from serving import audit
from serving.accounts.accounts import NewAccount, create_account, find_account
from serving.accounts.permissions import Role, Scope
from serving.audit import OPERATOR, verify
from serving.pages import audit_view
from serving.pages.translations import LANGUAGES, Translator
from tests.serving.pages.routes.test_alerts import fields_of
from tests.serving.pages.test_pages import alerts_below
from tests.support.audit_entries import newest_entries
from tests.support.people import NOW, OTHER, TOWNSHIP, token_of


@pytest.fixture
def auditor(own_world, enter_own):
    """An auditor who comes after an alert was signed for."""
    alert_id, _ = alerts_below(own_world, TOWNSHIP)[0]
    town = enter_own("town")
    page = town.get(f"/alerts/{alert_id}").text
    answer = fields_of(page) | {"action": "acknowledge", "reason": "visited"}
    assert town.post(f"/alerts/{alert_id}/answer", data=answer).status_code == 303
    return enter_own("auditor")


def recorded_actions() -> set[str]:
    """Return the actions that the sources write to the trail by their whole name."""
    sources = [path.read_text(encoding="utf-8") for path in Path(*serving.__path__).rglob("*.py")]
    written = [re.findall(r'audit\.(?:record|note)\([^\n]*?, "([a-z]+\.[a-z_]+)"', source) for source in sources]
    named = [re.findall(r'^[A-Z_]+ = "([a-z]+\.[a-z_]+)"$', source, re.MULTILINE) for source in sources if "audit.record(" in source]
    return {action for actions in [*written, *named] for action in actions}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_recorded_action_has_words_and_a_topic_to_choose(language) -> None:
    t, actions = Translator(language), recorded_actions()

    assert {"data.take_in", "records.prune", "report.decide", "session.open"} <= actions
    assert [] == sorted(action for action in actions if audit_view.words_of(action, t) == action.replace(".", "_"))
    assert [] == sorted(action for action in actions if action.partition(".")[0] not in audit_view.TOPICS)


def rows_of(page: str) -> list[str]:
    return page.split("<tbody>")[1].split("</tbody>", maxsplit=1)[0].split("<tr>")[1:]


def test_audit_names_actions_and_reasons_in_the_readers_language(auditor) -> None:
    (row,) = [row for row in rows_of(auditor.get("/audit", params={"topic": "alert"}).text) if "签收" in row]

    assert "已走访" in row
    assert "visited" not in row


def test_audit_details_are_read_as_a_person_reads_them(auditor, own_world) -> None:
    moment = datetime(2026, 3, 1, 1, 30, tzinfo=UTC)
    with writing(own_world.engine) as connection:
        audit.record(connection, OPERATOR, "token.issue", "t", {"ends_at": moment.isoformat(), "names": "True", "first": "2026-03-01"}, NOW)

    (row,) = rows_of(auditor.get("/audit", params={"topic": "token"}).text)[:1]

    assert "3月1日 09:30" in row
    assert "True" not in row
    assert "2026-03-01<" in row


def test_audit_filtered_shows_what_fits_alone(auditor, own_world) -> None:
    town = find_account(own_world.engine, "town").actor.account_id

    of_town = rows_of(auditor.get("/audit", params={"who": town}).text)
    assert of_town
    assert all(town in row for row in of_town)
    assert all("account." in row for row in rows_of(auditor.get("/audit", params={"topic": "account"}).text))
    assert "没有符合条件的记录" in auditor.get("/audit", params={"last": "2001-01-01"}).text
    assert "签收" in auditor.get("/audit", params={"area": TOWNSHIP}).text
    assert "签收" not in auditor.get("/audit", params={"area": OTHER}).text.split("<tbody>")[1]


def test_audit_names_are_shown_when_asked_for_and_each_reading_is_an_entry(auditor, own_world) -> None:
    town = find_account(own_world.engine, "town").actor.account_id

    assert ">town<" not in auditor.get("/audit", params={"who": town}).text
    assert "audit.read_names" not in [entry.action for entry in newest_entries(own_world.engine, 3)]
    assert ">town<" in auditor.get("/audit", params={"who": town, "names": "true"}).text
    newest = newest_entries(own_world.engine, 1)[0]
    assert ("audit.read_names", f'{{"accounts": ["{town}"]}}') == (newest.action, newest.detail)


def test_audit_csv_holds_every_entry_with_its_hash_and_is_recorded(auditor, own_world) -> None:
    answer = auditor.get("/audit.csv")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))[1:]
    entries = newest_entries(own_world.engine, 10_000)

    assert "audit.export" == entries[0].action
    assert [(str(entry.id), entry.hash) for entry in reversed(entries[1:])] == [(row[0], row[6]) for row in rows]
    assert verify(own_world.engine) == len(entries)


def test_audit_of_a_part_shows_nothing_of_elsewhere(auditor, own_world, enter_own) -> None:
    created, password = create_account(own_world.engine, NewAccount("watcher", Role.AUDITOR, Scope(OTHER)), OPERATOR, NOW)
    watcher = enter_own()
    watcher.post("/login", data={"name": "watcher", "password": password})
    chosen = {"old": password, "new": "chosen by its holder", "csrf": token_of(watcher.get("/password").text)}
    watcher.post("/password", data=chosen)
    watcher.post("/login", data={"name": "watcher", "password": chosen["new"]})
    page = watcher.get("/audit").text

    assert "签收" not in page.split("<tbody>")[1]
    assert created.actor.account_id not in page.split("<tbody>")[1]
    assert watcher.get("/audit.csv").content.count(b"\r\n") == 1


@pytest.mark.parametrize("wrong", [{"topic": "<b>"}, {"first": "yesterday"}, {"nothing": "1"}, {"before": "0"}])
def test_audit_filter_that_is_none_is_refused(auditor, wrong) -> None:
    assert auditor.get("/audit", params=wrong).status_code == 422
