import asyncio
from contextlib import contextmanager

import pytest
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import event

from features.errors import StoreError
from serving.server.auth import REMEMBERED, Credential, CredentialCache
from tests.support.townships import NOW
from tests.support.visitors import Clock, sign_up

MANY = 16


@pytest.fixture
def engine(empty_engine):
    return empty_engine


@pytest.fixture
def account(engine):
    return sign_up(engine, NOW)


@pytest.fixture
def clock():
    return Clock(NOW)


@contextmanager
def questions(engine):
    """Collect what is selected."""
    asked = []

    def note(*arguments):
        asked.append(arguments[2])

    event.listen(engine, "before_cursor_execute", note)
    yield asked
    event.remove(engine, "before_cursor_execute", note)
    asked[:] = [statement for statement in asked if statement.startswith("SELECT")]


async def come_in(ask, secrets):
    """Bring secrets all at once and return whose they are, or what was said instead."""
    return await asyncio.gather(*(ask(Credential.TOKEN, secret) for secret in secrets), return_exceptions=True)


def test_token_brought_by_many_at_once_is_looked_up_once(engine, account, clock):
    actor, token = account
    with questions(engine) as asked:
        found = asyncio.run(come_in(CredentialCache(engine, clock).actor_of, [token] * MANY))

    assert [actor.account_id] * MANY == [each.account_id for each in found]
    assert 1 == len(asked)


def test_count_of_questions_tells_where_each_is_looked_up_alone(engine, account, clock):
    door = CredentialCache(engine, clock)
    with questions(engine) as asked:
        asyncio.run(come_in(lambda kind, secret: run_in_threadpool(door.look_up, kind, secret), [account[1]] * MANY))

    assert MANY == len(asked)


def test_tokens_of_several_are_not_taken_for_each_other(engine, account, clock):
    others = [sign_up(engine, NOW) for _ in range(2)]
    accounts = [account, *others]

    found = asyncio.run(come_in(CredentialCache(engine, clock).actor_of, [token for _, token in accounts] + ["x" * 43]))

    assert [actor.account_id for actor, _ in accounts] == [each.account_id for each in found[:-1]]
    assert found[-1] is None


@pytest.mark.parametrize("known", [True, False])
def test_all_are_let_in_without_the_store_if_they_were_just_before_and_else_nobody(engine, home, account, clock, known):
    actor, token = account
    door = CredentialCache(engine, clock)
    if known:
        door.look_up(Credential.TOKEN, token)
    engine.dispose()
    home.database.write_bytes(b"no database" * 1000)
    clock.now += REMEMBERED

    found = asyncio.run(come_in(door.actor_of, [token] * MANY))

    assert {actor.account_id if known else StoreError} == {each.account_id if known else type(each) for each in found}
