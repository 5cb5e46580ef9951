from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from features.errors import NotFoundError, NotSignedInError, UsageError
from serving.accounts.accounts import NewAccount, change_password, create_account, disable_account, reset_password
from serving.accounts.permissions import RIGHTS, Actor, Right, Role, Scope
from serving.accounts.sessions import (
    Device,
    actor_of_session,
    actor_of_token,
    bind_session,
    bound_sessions,
    close_session,
    enrol_wall,
    issue_token,
    make_wall,
    open_session,
    revoke_session,
    revoke_token,
    tokens,
)
from serving.audit import OPERATOR
from tests.support.audit_entries import newest_entries

NOW = datetime(2026, 1, 9, 8, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
CHOSEN = "a long enough one"


@pytest.fixture
def account(engine):
    """An account that has chosen its password."""
    created, password = create_account(engine, NewAccount("li", Role.TOWNSHIP, Scope("t1")), OPERATOR, NOW)
    change_password(engine, created.actor, password, CHOSEN, NOW)
    return created


def test_session_is_its_accounts_until_closed(engine, account):
    secret, actor = open_session(engine, "li", CHOSEN, NOW)

    assert actor == actor_of_session(engine, secret, NOW + MINUTE)
    assert (account.actor.account_id, Scope("t1"), True) == (actor.account_id, actor.scope, actor.may(Right.HAND_OVER))
    close_session(engine, secret, NOW + MINUTE)
    assert actor_of_session(engine, secret, NOW + MINUTE) is None


def test_session_ends_when_idle_and_after_a_working_day(engine, account):
    secret, _ = open_session(engine, "li", CHOSEN, NOW)
    idle, _ = open_session(engine, "li", CHOSEN, NOW)
    seen = [actor_of_session(engine, secret, NOW + step * 14 * MINUTE) is not None for step in range(1, 36)]

    assert (seen.index(False) + 1) * 14 * MINUTE >= 8 * HOUR > seen.index(False) * 14 * MINUTE
    assert actor_of_session(engine, idle, NOW + 15 * MINUTE) is None


def test_session_of_a_one_time_password_has_no_right_but_to_change_it(engine):
    created, password = create_account(engine, NewAccount("wu", Role.COMMAND, Scope(""), administers=True), OPERATOR, NOW)
    _, actor = open_session(engine, "wu", password, NOW)

    assert [right for right in Right if actor.may(right)] == []
    change_password(engine, actor, password, CHOSEN, NOW)
    _, changed = open_session(engine, "wu", CHOSEN, NOW)
    assert changed.may(Right.ADMINISTER)
    assert created.actor.account_id == changed.account_id


@pytest.mark.parametrize(
    ("old", "new"), [("not the old one", "another long one"), (CHOSEN, "short"), (CHOSEN, "password of Li"), (CHOSEN, CHOSEN)]
)
def test_change_password_that_may_not_be_chosen_is_refused(engine, account, old, new):
    with pytest.raises(UsageError, match="must"):
        change_password(engine, account.actor, old, new, NOW)


@pytest.mark.parametrize("name", ["", "x", "a b", "<script>", "l" * 65, "li"])
def test_create_account_name_that_is_taken_or_none_is_refused(engine, account, name):
    with pytest.raises(UsageError, match="login name must"):
        create_account(engine, NewAccount(name, Role.ANALYST, Scope("")), OPERATOR, NOW)


@pytest.mark.parametrize("end", [disable_account, reset_password])
def test_sessions_and_tokens_end_with_the_account_or_its_password(engine, account, end):
    account_id = account.actor.account_id
    secret, _ = open_session(engine, "li", CHOSEN, NOW)
    issued = issue_token(engine, account_id, "report", NOW + HOUR, NOW)
    end(engine, account_id, OPERATOR, NOW)

    assert (None, None) == (actor_of_session(engine, secret, NOW), actor_of_token(engine, issued, NOW))
    with pytest.raises(NotSignedInError):
        open_session(engine, "li", CHOSEN, NOW)


def test_trail_tells_what_was_done_to_accounts_and_no_secret(engine, account):
    account_id = account.actor.account_id
    secret, _ = open_session(engine, "li", CHOSEN, NOW)
    close_session(engine, secret, NOW)
    disable_account(engine, account_id, OPERATOR, NOW)
    trail = newest_entries(engine, 10)

    assert [(deed.actor_id, deed.action) for deed in reversed(trail)] == [
        (OPERATOR, "account.create"), (account_id, "account.change_password"), (account_id, "session.open"),
        (account_id, "session.close"), (OPERATOR, "account.disable"),
    ]  # fmt: skip
    assert not [deed for deed in trail if CHOSEN in str(deed) or secret in str(deed) or "li" in deed.detail.split('"')]


DEVICES_NOW = datetime(2026, 1, 9, tzinfo=UTC)
DEVICES_CHOSEN = "chosen by its holder"
PHONE, OTHER = Device("key of the phone", "Android"), Device("key of another", "Windows")
DAY = timedelta(days=1)


@pytest.fixture
def worker(engine: Engine) -> Actor:
    created, password = create_account(engine, NewAccount("li", Role.TOWNSHIP, Scope("t1")), OPERATOR, DEVICES_NOW)
    change_password(engine, created.actor, password, DEVICES_CHOSEN, DEVICES_NOW)
    return created.actor


def test_phone_stays_signed_in_for_thirty_days_and_no_longer(engine, worker) -> None:
    secret, _ = open_session(engine, "li", DEVICES_CHOSEN, DEVICES_NOW)
    bind_session(engine, secret, PHONE, DEVICES_NOW)

    assert actor_of_session(engine, secret, DEVICES_NOW + 29 * DAY).binding.device_hash == PHONE.hash
    assert actor_of_session(engine, secret, DEVICES_NOW + 30 * DAY) is None


def test_phone_asks_for_the_password_again_before_what_is_delicate(engine, worker) -> None:
    secret, _ = open_session(engine, "li", DEVICES_CHOSEN, DEVICES_NOW)
    bind_session(engine, secret, PHONE, DEVICES_NOW)

    assert actor_of_session(engine, secret, DEVICES_NOW + timedelta(hours=7)).proved_lately
    assert not actor_of_session(engine, secret, DEVICES_NOW + timedelta(hours=9)).proved_lately


def test_wall_screen_is_the_first_browser_that_opens_its_link_and_stays_signed_in(engine, worker) -> None:
    secret = make_wall(engine, ("hall", Scope("t1"), None), OPERATOR, DEVICES_NOW)
    assert actor_of_session(engine, secret, DEVICES_NOW) is None

    enrol_wall(engine, secret, PHONE, "10.0.0.7", DEVICES_NOW)
    enrol_wall(engine, secret, PHONE, "10.0.0.7", DEVICES_NOW + 400 * DAY)
    with pytest.raises(NotFoundError, match="opened once"):
        enrol_wall(engine, secret, OTHER, "10.0.0.7", DEVICES_NOW)

    shown = actor_of_session(engine, secret, DEVICES_NOW + 400 * DAY)
    assert (shown.role, shown.scope, RIGHTS[shown.role]) == (Role.WALL, Scope("t1"), {Right.READ_LISTS})
    open_session(engine, "li", DEVICES_CHOSEN, DEVICES_NOW + 401 * DAY)  # which clears away what has ended
    assert actor_of_session(engine, secret, DEVICES_NOW + 402 * DAY)


@pytest.mark.parametrize(("address", "later"), [("10.0.0.8", timedelta()), ("10.0.0.7", 2 * DAY)])
def test_wall_link_from_elsewhere_or_too_old_is_refused(engine, worker, address, later) -> None:
    secret = make_wall(engine, ("hall", Scope(""), "10.0.0.7"), OPERATOR, DEVICES_NOW)

    with pytest.raises(NotFoundError, match="opened once"):
        enrol_wall(engine, secret, PHONE, address, DEVICES_NOW + later)


def test_bound_sessions_are_listed_and_revoked_at_once(engine, worker) -> None:
    secret, _ = open_session(engine, "li", DEVICES_CHOSEN, DEVICES_NOW)
    bind_session(engine, secret, PHONE, DEVICES_NOW)
    wall = make_wall(engine, ("hall", Scope(""), None), OPERATOR, DEVICES_NOW)
    enrol_wall(engine, wall, OTHER, "", DEVICES_NOW)
    listed = bound_sessions(engine)

    assert [(each.name, each.role, each.enrolled) for each in listed] == [("hall", "wall", True), ("li", "township", True)]
    for each in listed:
        revoke_session(engine, each.session_id, OPERATOR, DEVICES_NOW)
    assert [actor_of_session(engine, each, DEVICES_NOW) for each in (secret, wall)] == [None, None]
    assert bound_sessions(engine) == []
    with pytest.raises(NotFoundError):
        revoke_session(engine, listed[0].session_id, OPERATOR, DEVICES_NOW)


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
