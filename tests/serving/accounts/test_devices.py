"""Sessions bound to a device: a phone for 30 days, a wall screen until it is revoked; neither is good anywhere else."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from features.errors import NotFoundError
from serving.accounts.accounts import NewAccount, change_password, create_account
from serving.accounts.devices import Device, bind_session, bound_sessions, enrol_wall, make_wall, revoke_session
from serving.accounts.permissions import RIGHTS, Actor, Right, Role, Scope
from serving.accounts.sessions import actor_of_session, open_session
from serving.audit.audit_log import OPERATOR

NOW = datetime(2026, 1, 9, tzinfo=UTC)
CHOSEN = "chosen by its holder"
PHONE, OTHER = Device("key of the phone", "Android"), Device("key of another", "Windows")
DAY = timedelta(days=1)


@pytest.fixture
def worker(engine: Engine) -> Actor:
    created, password = create_account(engine, NewAccount("li", Role.TOWNSHIP, Scope("t1")), OPERATOR, NOW)
    change_password(engine, created.actor, password, CHOSEN, NOW)
    return created.actor


def test_phone_stays_signed_in_for_thirty_days_and_no_longer(engine, worker) -> None:
    secret, _ = open_session(engine, "li", CHOSEN, NOW)
    bind_session(engine, secret, PHONE, NOW)

    assert actor_of_session(engine, secret, NOW + 29 * DAY).binding.device_hash == PHONE.hash
    assert actor_of_session(engine, secret, NOW + 30 * DAY) is None


def test_phone_asks_for_the_password_again_before_what_is_delicate(engine, worker) -> None:
    secret, _ = open_session(engine, "li", CHOSEN, NOW)
    bind_session(engine, secret, PHONE, NOW)

    assert actor_of_session(engine, secret, NOW + timedelta(hours=7)).proved_lately
    assert not actor_of_session(engine, secret, NOW + timedelta(hours=9)).proved_lately


def test_wall_screen_is_the_first_browser_that_opens_its_link_and_stays_signed_in(engine, worker) -> None:
    secret = make_wall(engine, ("hall", Scope("t1"), None), OPERATOR, NOW)
    assert actor_of_session(engine, secret, NOW) is None

    enrol_wall(engine, secret, PHONE, "10.0.0.7", NOW)
    enrol_wall(engine, secret, PHONE, "10.0.0.7", NOW + 400 * DAY)
    with pytest.raises(NotFoundError, match="opened once"):
        enrol_wall(engine, secret, OTHER, "10.0.0.7", NOW)

    shown = actor_of_session(engine, secret, NOW + 400 * DAY)
    assert (shown.role, shown.scope, RIGHTS[shown.role]) == (Role.WALL, Scope("t1"), {Right.READ_LISTS})
    open_session(engine, "li", CHOSEN, NOW + 401 * DAY)  # which clears away what has ended
    assert actor_of_session(engine, secret, NOW + 402 * DAY)


@pytest.mark.parametrize(("address", "later"), [("10.0.0.8", timedelta()), ("10.0.0.7", 2 * DAY)])
def test_wall_link_from_elsewhere_or_too_old_is_refused(engine, worker, address, later) -> None:
    secret = make_wall(engine, ("hall", Scope(""), "10.0.0.7"), OPERATOR, NOW)

    with pytest.raises(NotFoundError, match="opened once"):
        enrol_wall(engine, secret, PHONE, address, NOW + later)


def test_bound_sessions_are_listed_and_revoked_at_once(engine, worker) -> None:
    secret, _ = open_session(engine, "li", CHOSEN, NOW)
    bind_session(engine, secret, PHONE, NOW)
    wall = make_wall(engine, ("hall", Scope(""), None), OPERATOR, NOW)
    enrol_wall(engine, wall, OTHER, "", NOW)
    listed = bound_sessions(engine)

    assert [(each.name, each.role, each.enrolled) for each in listed] == [("hall", "wall", True), ("li", "township", True)]
    for each in listed:
        revoke_session(engine, each.session_id, OPERATOR, NOW)
    assert [actor_of_session(engine, each, NOW) for each in (secret, wall)] == [None, None]
    assert bound_sessions(engine) == []
    with pytest.raises(NotFoundError):
        revoke_session(engine, listed[0].session_id, OPERATOR, NOW)
