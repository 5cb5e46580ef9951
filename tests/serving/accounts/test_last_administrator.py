from datetime import UTC, datetime

import pytest

from features.errors import ConflictError
from serving.accounts.accounts import NewAccount, accounts, create_account, disable_account
from serving.accounts.permissions import EVERYTHING, Role
from serving.audit import OPERATOR

NOW = datetime(2026, 1, 9, tzinfo=UTC)


def test_disable_account_last_administrator_stays(engine):
    first, second = (
        create_account(engine, NewAccount(name, Role.COMMAND, EVERYTHING, administers=True), OPERATOR, NOW)[0].actor.account_id
        for name in ("chief", "deputy")
    )
    disable_account(engine, first, OPERATOR, NOW)
    with pytest.raises(ConflictError, match="one administrator must be left"):
        disable_account(engine, second, second, NOW)

    assert [None] == [each.disabled_at for each in accounts(engine) if each.actor.account_id == second]
