"""A clock that jumps ahead and back again brings no session back to life, and locks nobody out for years."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from features.database.engine import writing
from features.errors import NotSignedInError, TooManyError
from serving.accounts.accounts import NewAccount, create_account
from serving.accounts.passwords import ATTEMPTS_PER_ACCOUNT
from serving.accounts.permissions import Role, Scope
from serving.accounts.sessions import actor_of_session, open_session, start_session
from serving.audit import OPERATOR
from serving.server.auth import Credential, CredentialCache
from tests.support.visitors import Clock

NOW = datetime(2026, 1, 9, 8, tzinfo=UTC)
MINUTE, DAY, YEAR = timedelta(minutes=1), timedelta(days=1), timedelta(days=365)
JUMPS = (3 * DAY, -DAY, 5 * YEAR, -3 * DAY, -5 * YEAR, DAY)
STEPS = 120


@pytest.fixture
def account_id(engine: Engine) -> str:
    created, _ = create_account(engine, NewAccount("li", Role.TOWNSHIP, Scope("t1")), OPERATOR, NOW)
    return created.actor.account_id


def start(engine: Engine, account_id: str, now: datetime) -> str:
    with writing(engine) as connection:
        return start_session(connection, account_id, now)


def come_back(engine: Engine, account_id: str) -> int:
    """Return how often a session was good again after it had not been, while the clock wandered and jumped."""
    rng = random.Random(5)  # noqa: S311 - which jumps are tried needs a seed, not secrecy
    now, ended, found = NOW, set(), 0
    secrets: list[str] = []
    for step in range(STEPS):
        now += rng.choice(JUMPS) if step % 3 == 0 else rng.randrange(20) * MINUTE
        secrets = [*secrets[-8:], start(engine, account_id, now)]
        alive = {secret for secret in secrets if actor_of_session(engine, secret, now)}
        found += len(alive & ended)
        ended |= set(secrets) - alive
    return found


def test_session_that_has_ended_stays_so_whatever_the_clock_says(engine: Engine, account_id: str) -> None:
    assert 0 == come_back(engine, account_id)


def test_session_that_is_only_measured_by_the_clock_is_caught(engine: Engine, account_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.accounts.sessions._write", lambda *_: None)
    monkeypatch.setattr("serving.accounts.sessions.delete", lambda table: table.delete().where(False))

    assert come_back(engine, account_id) > 0


def test_session_of_a_clock_that_was_ahead_ends_with_it(engine: Engine, account_id: str) -> None:
    secret = start(engine, account_id, NOW + 5 * YEAR)

    assert actor_of_session(engine, secret, NOW) is None


@pytest.mark.parametrize("apart", [-MINUTE, MINUTE])
def test_session_is_good_on_a_machine_whose_clock_is_a_minute_apart(engine: Engine, account_id: str, apart: timedelta) -> None:
    assert actor_of_session(engine, start(engine, account_id, NOW), NOW + apart)


def test_door_forgets_what_it_saw_on_a_clock_that_was_ahead(engine: Engine, account_id: str) -> None:
    clock = Clock(NOW + DAY)
    door = CredentialCache(engine, clock)
    secret = start(engine, account_id, clock.now)
    seen = door.look_up(Credential.SESSION, secret)
    clock.now = NOW

    assert seen
    assert (None, None) == (door.remembered(Credential.SESSION, secret), door.look_up(Credential.SESSION, secret))


def test_logins_that_failed_on_a_clock_that_was_ahead_lock_nobody_out(engine: Engine, account_id: str) -> None:
    def fail(now: datetime) -> None:
        with pytest.raises(NotSignedInError):
            open_session(engine, "li", "wrong", now)

    for _ in range(ATTEMPTS_PER_ACCOUNT):
        fail(NOW + 5 * YEAR)
    with pytest.raises(TooManyError):
        open_session(engine, "li", "wrong", NOW + 5 * YEAR)

    fail(NOW)
