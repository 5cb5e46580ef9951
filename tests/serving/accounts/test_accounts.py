from datetime import UTC, datetime

import pytest

from features.errors import NotFoundError, UsageError
from serving.accounts.accounts import (
    NewAccount,
    accounts,
    check_password,
    create_account,
    disable_account,
    find_account,
    first_account,
    reset_password,
)
from serving.accounts.permissions import EVERYTHING, Right, Role, Scope
from serving.accounts.sessions import open_session
from serving.audit.audit_log import OPERATOR

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
