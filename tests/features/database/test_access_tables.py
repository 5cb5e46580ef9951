"""Tables of accounts, sessions and attempts to sign in."""

import pytest
from sqlalchemy import Engine, Table, func, select

from features.database.access_tables import account, login_attempt, session, token
from features.database.engine import reading, writing
from features.errors import StoreError
from tests.features.database.filled import put

pytestmark = pytest.mark.dialect("sqlite")


@pytest.mark.parametrize("table", [session, token], ids=lambda table: table.name)
def test_sessions_and_tokens_belong_to_an_account(table: Table, engine: Engine) -> None:
    with pytest.raises(StoreError), writing(engine) as connection:
        put(connection, table, {"account_id": "nobody"})
    with writing(engine) as connection:
        put(connection, account, {"account_id": "somebody"})
        put(connection, table, {"account_id": "somebody"})


def test_login_name_belongs_to_one_account(engine: Engine) -> None:
    with pytest.raises(StoreError), writing(engine) as connection:
        put(connection, account, *({"account_id": number, "name": "li"} for number in ("1", "2")))
    with reading(engine) as connection:
        assert 0 == connection.execute(select(func.count()).select_from(account)).scalar_one()


def test_attempts_to_sign_in_may_name_accounts_that_are_none(engine: Engine) -> None:
    with writing(engine) as connection:
        put(connection, login_attempt, {"id": 1}, {"id": 2})


@pytest.mark.parametrize("table", [session, token, login_attempt], ids=lambda table: table.name)
def test_secrets_names_and_addresses_of_attempts_are_kept_as_hashes(table: Table) -> None:
    hashed = {column.name for column in table.columns if column.comment and "SHA-256" in column.comment}

    assert {column.name for column in table.columns if "hash" in column.name} <= hashed
    assert table is not login_attempt or {"name", "address", "browser"} == hashed
