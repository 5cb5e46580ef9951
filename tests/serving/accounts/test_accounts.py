import json
from datetime import UTC, datetime

import pytest

from features.errors import ConflictError, NotFoundError, UsageError
from serving.accounts.accounts import (
    Grant,
    NewAccount,
    accounts,
    change_account,
    change_password,
    check_password,
    create_account,
    disable_account,
    enable_account,
    find_account,
    first_account,
    grant_of,
    reset_password,
)
from serving.accounts.permissions import EVERYTHING, Actor, Right, Role, Scope
from serving.accounts.sessions import actor_of_session, choose_area, open_session
from serving.audit import OPERATOR
from tests.support.audit_entries import newest_entries

NOW = datetime(2026, 1, 9, 8, tzinfo=UTC)


def test_first_account_is_made_once_and_may_only_change_its_password(engine):
    password = first_account(engine, NOW)
    _, actor = open_session(engine, "admin", password, NOW)

    assert first_account(engine, NOW) is None
    assert (EVERYTHING, True, True) == (actor.scope, actor.administers, actor.must_change_password)
    assert not any(actor.may(right) for right in Right)


@pytest.mark.parametrize("path", ["t1", "t1/g2"])
def test_create_account_scope_may_be_an_area_or_a_grid(engine, path):
    created, _ = create_account(engine, NewAccount("li", Role.GRID_WORKER, Scope(path)), OPERATOR, NOW)

    assert created == find_account(engine, "li")


@pytest.mark.parametrize("path", ["t", "t1/", "t1/g", "g2", "t2"])
def test_create_account_scope_without_a_grid_is_refused(engine, path):
    with pytest.raises(UsageError, match="a scope must be"):
        create_account(engine, NewAccount("li", Role.GRID_WORKER, Scope(path)), OPERATOR, NOW)


def test_accounts_that_are_not_there_are_not_found(engine):
    for look in (lambda: find_account(engine, "li"), lambda: reset_password(engine, "a0", OPERATOR, NOW)):
        with pytest.raises(NotFoundError):
            look()
    created, _ = create_account(engine, NewAccount("li", Role.AUDITOR, EVERYTHING), OPERATOR, NOW)
    disable_account(engine, created.actor.account_id, OPERATOR, NOW)
    with pytest.raises(NotFoundError):
        disable_account(engine, created.actor.account_id, OPERATOR, NOW)
    assert [each.disabled_at for each in accounts(engine)] == [NOW]


@pytest.mark.parametrize(
    "password", ["aaaaaaaaaaaa", "123456789012", "password1234", " " * 12, "qwertyuiop12", "short", "li is in", "x" * 201]
)
def test_password_that_is_short_or_guessed_easily_is_refused(password):
    with pytest.raises(UsageError, match="a password must"):
        check_password(password, "li is")


@pytest.mark.parametrize("password", ["chosen by its holder", "我爱网格里的每一盏灯和每一条街", "correct horse battery " * 8])
def test_password_that_is_long_and_unusual_is_taken(password):
    check_password(password, "zhang")


CHOSEN = "chosen by its holder"
LABOUR = Scope("", "labour")


@pytest.fixture
def li(engine) -> Actor:
    created, password = create_account(engine, NewAccount("li", Role.TOWNSHIP, Scope("t1")), OPERATOR, NOW)
    change_password(engine, created.actor, password, CHOSEN, NOW)
    return created.actor


def test_enable_account_lets_it_in_with_the_password_it_had(engine, li):
    before, _ = open_session(engine, "li", CHOSEN, NOW)
    disable_account(engine, li.account_id, OPERATOR, NOW)
    enable_account(engine, li.account_id, OPERATOR, NOW)

    assert actor_of_session(engine, before, NOW) is None
    assert "account.enable" == newest_entries(engine, 1)[0].action
    assert li.account_id == open_session(engine, "li", CHOSEN, NOW)[1].account_id


def test_enable_account_that_is_enabled_is_not_found(engine, li):
    with pytest.raises(NotFoundError, match="that is disabled"):
        enable_account(engine, li.account_id, OPERATOR, NOW)


def test_reset_password_of_a_disabled_account_is_refused(engine, li):
    disable_account(engine, li.account_id, OPERATOR, NOW)

    with pytest.raises(ConflictError, match="Enable it first"):
        reset_password(engine, li.account_id, OPERATOR, NOW)


def test_change_account_holds_for_open_sessions_and_stands_in_the_trail(engine, li):
    secret, _ = open_session(engine, "li", CHOSEN, NOW)
    change_account(engine, li.account_id, Grant(Role.DEPARTMENT, LABOUR), OPERATOR, NOW)
    entry = newest_entries(engine, 1)[0]

    actor = actor_of_session(engine, secret, NOW)
    assert (Role.DEPARTMENT, LABOUR) == (actor.role, actor.scope)
    assert {
        "before": {"role": "township", "scope": "t1", "department": None, "unit": None, "more_scopes": None},
        "after": {"role": "department", "scope": "", "department": "labour", "unit": None, "more_scopes": None},
    } == json.loads(entry.detail)
    assert (OPERATOR, "account.change", li.account_id) == (entry.actor_id, entry.action, entry.subject)


@pytest.mark.parametrize(
    "grant",
    [
        (Role.TOWNSHIP, Scope("t9")),
        (Role.DEPARTMENT, EVERYTHING),
        (Role.TOWNSHIP, LABOUR),
        (Role.DEPARTMENT, Scope("t1", "labour")),
        (Role.WALL, EVERYTHING),
    ],
)
def test_change_account_that_does_not_fit_changes_nothing(engine, li, grant):
    with pytest.raises(UsageError, match="must"):
        change_account(engine, li.account_id, Grant(*grant), OPERATOR, NOW)

    assert (Role.TOWNSHIP, Scope("t1")) == (find_account(engine, "li").actor.role, find_account(engine, "li").actor.scope)
    assert "account.change" not in {entry.action for entry in newest_entries(engine, 10)}


def test_change_account_that_is_not_there_is_not_found(engine, li):
    with pytest.raises(NotFoundError):
        change_account(engine, "a0", Grant(Role.ANALYST, EVERYTHING), OPERATOR, NOW)


def test_grant_of_keeps_what_is_not_named(li):
    assert Grant(Role.GRID_WORKER, Scope("t1")) == grant_of(li, Role.GRID_WORKER, None, None)
    assert Grant(Role.TOWNSHIP, EVERYTHING) == grant_of(li, None, "", None)
    assert Grant(Role.DEPARTMENT, LABOUR) == grant_of(li, Role.DEPARTMENT, None, "labour")


def test_grant_of_account_that_leaves_its_department_without_an_area_is_refused():
    with pytest.raises(UsageError, match="must be given an area"):
        grant_of(Actor("a1", "wu", Role.DEPARTMENT, LABOUR), Role.TOWNSHIP, None, None)


def test_account_of_several_areas_works_in_one_at_a_time(engine, li):
    change_account(engine, li.account_id, Grant(Role.TOWNSHIP, Scope("t1/g1"), ("t1/g2", "t1/g1")), OPERATOR, NOW)
    secret, actor = open_session(engine, "li", CHOSEN, NOW)
    assert (Scope("t1/g1"), ("t1/g1", "t1/g2")) == (actor.scope, actor.areas)

    choose_area(engine, secret, actor, "t1/g2", NOW)
    assert Scope("t1/g2") == actor_of_session(engine, secret, NOW).scope
    with pytest.raises(NotFoundError, match="one of this account"):
        choose_area(engine, secret, actor, "t1/g3", NOW)
    change_account(engine, li.account_id, Grant(Role.TOWNSHIP, Scope("t1")), OPERATOR, NOW)
    assert (Scope("t1"), ()) == (actor_of_session(engine, secret, NOW).scope, actor_of_session(engine, secret, NOW).areas)


@pytest.mark.parametrize("grant", [Grant(Role.TOWNSHIP, Scope("t1"), ("nowhere",)), Grant(Role.TOWNSHIP, EVERYTHING, ("t1",))])
def test_further_areas_that_are_none_are_refused(engine, li, grant):
    with pytest.raises(UsageError, match="must"):
        change_account(engine, li.account_id, grant, OPERATOR, NOW)
