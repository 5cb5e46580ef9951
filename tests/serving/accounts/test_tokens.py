from datetime import UTC, datetime, timedelta

import pytest

from features.errors import NotFoundError, UsageError
from serving.accounts.accounts import NewAccount, create_account
from serving.accounts.permissions import Role, Scope
from serving.accounts.tokens import actor_of_token, issue_token, revoke_token, tokens
from serving.audit import OPERATOR

NOW = datetime(2026, 1, 9, 8, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def account_id(engine):
    created, _ = create_account(engine, NewAccount("li", Role.ANALYST, Scope("t1")), OPERATOR, NOW)
    return created.actor.account_id


def test_token_stands_for_its_account_until_its_end(engine, account_id):
    secret = issue_token(engine, account_id, "report", NOW + 30 * DAY, NOW)

    assert account_id == actor_of_token(engine, secret, NOW + 29 * DAY).account_id
    assert actor_of_token(engine, secret, NOW + 30 * DAY) is None


def test_token_that_is_revoked_is_nobodys(engine, account_id):
    secret, kept = (issue_token(engine, account_id, label, NOW + DAY, NOW) for label in ("one", "two"))
    (token_id,) = (token.token_id for token in tokens(engine, account_id) if token.label == "one")
    revoke_token(engine, account_id, token_id, OPERATOR, NOW)

    assert (None, account_id) == (actor_of_token(engine, secret, NOW), actor_of_token(engine, kept, NOW).account_id)
    assert [token.label for token in tokens(engine, account_id)] == ["two"]


@pytest.mark.parametrize("token_id", ["", "%", "0" * 12])
def test_revoke_token_of_an_unknown_id_is_not_found(engine, account_id, token_id):
    issue_token(engine, account_id, "report", NOW + DAY, NOW)

    with pytest.raises(NotFoundError):
        revoke_token(engine, account_id, token_id, OPERATOR, NOW)


@pytest.mark.parametrize("days", [-1, 0, 91])
def test_token_without_a_near_end_is_refused(engine, account_id, days):
    with pytest.raises(UsageError, match="within 90 days"):
        issue_token(engine, account_id, "report", NOW + days * DAY, NOW)


def test_token_of_nobody_is_refused(engine):
    with pytest.raises(NotFoundError):
        issue_token(engine, "a000", "report", NOW + DAY, NOW)
