from datetime import UTC, datetime, timedelta

import pytest

from features.errors import NotSignedInError, TooManyError, UsageError
from serving.accounts.accounts import NewAccount, change_password, create_account, reset_password
from serving.accounts.passwords import ATTEMPTS_PER_ACCOUNT, ATTEMPTS_PER_ADDRESS, KnownBrowsers, Origin, clear_attempts
from serving.accounts.permissions import Role, Scope
from serving.accounts.sessions import open_session
from serving.audit import OPERATOR
from tests.support.audit_entries import newest_entries

NOW = datetime(2026, 1, 9, 8, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
CHOSEN = "a long enough one"
OFFICE, ELSEWHERE = Origin("10.0.0.1"), Origin("10.0.0.2")
OWN = Origin("10.0.0.1", browser="one that li signed in from")


@pytest.fixture
def li(engine):
    """An account that has chosen its password."""
    created, password = create_account(engine, NewAccount("li", Role.TOWNSHIP, Scope("t1")), OPERATOR, NOW)
    change_password(engine, created.actor, password, CHOSEN, NOW)
    return created.actor


def fail(engine, name, times, origin, now=NOW):
    for _ in range(times):
        with pytest.raises(NotSignedInError):
            open_session(engine, name, "wrong", now, origin)


def test_open_session_ten_bad_ones_back_off_for_an_hour_from_that_address_only(engine, li):
    fail(engine, "li", ATTEMPTS_PER_ACCOUNT, OFFICE)

    with pytest.raises(TooManyError):
        open_session(engine, "li", CHOSEN, NOW + 59 * MINUTE, OFFICE)
    assert open_session(engine, "li", CHOSEN, NOW, ELSEWHERE)
    assert open_session(engine, "li", CHOSEN, NOW + HOUR, OFFICE)


def test_open_session_good_one_forgives_the_bad_ones_before(engine, li):
    for _ in range(3):
        fail(engine, "li", ATTEMPTS_PER_ACCOUNT - 1, OFFICE)

        assert open_session(engine, "li", CHOSEN, NOW, OFFICE)


def test_open_session_bad_ones_of_many_names_back_off_by_address(engine, li, monkeypatch):
    monkeypatch.setattr("serving.accounts.sessions.password_fits", lambda stored, password: False)
    for number in range(ATTEMPTS_PER_ADDRESS):
        fail(engine, f"name{number}", 1, OFFICE)

    with pytest.raises(TooManyError):
        open_session(engine, "li", CHOSEN, NOW, OFFICE)


def test_open_session_known_browser_is_not_kept_out_by_others_at_its_address(engine, li, monkeypatch):
    fail(engine, "li", ATTEMPTS_PER_ACCOUNT, OFFICE)
    with monkeypatch.context() as wrong:
        wrong.setattr("serving.accounts.sessions.password_fits", lambda stored, password: False)
        for number in range(ATTEMPTS_PER_ADDRESS - ATTEMPTS_PER_ACCOUNT):
            fail(engine, f"name{number}", 1, OFFICE)

    assert open_session(engine, "li", CHOSEN, NOW, OWN)
    with pytest.raises(TooManyError):
        open_session(engine, "li", CHOSEN, NOW, OFFICE)


def test_open_session_known_browser_has_a_limit_of_its_own(engine, li):
    fail(engine, "li", ATTEMPTS_PER_ACCOUNT, OWN)

    with pytest.raises(TooManyError):
        open_session(engine, "li", CHOSEN, NOW, OWN)
    assert open_session(engine, "li", CHOSEN, NOW, OFFICE)


def test_reset_password_lets_its_holder_sign_in_at_once(engine, li):
    fail(engine, "li", ATTEMPTS_PER_ACCOUNT, OFFICE)
    password = reset_password(engine, li.account_id, OPERATOR, NOW)

    assert open_session(engine, "li", password, NOW, OFFICE)


@pytest.mark.parametrize("everybody", [False, True])
def test_clear_attempts_lets_its_holder_sign_in_at_once_and_is_recorded(engine, li, everybody):
    fail(engine, "li", ATTEMPTS_PER_ACCOUNT, OFFICE)

    assert clear_attempts(engine, None if everybody else li, OPERATOR, NOW) == ATTEMPTS_PER_ACCOUNT
    assert open_session(engine, "li", CHOSEN, NOW, OFFICE)
    assert "account.unlock" in [entry.action for entry in newest_entries(engine, 5)]


def test_change_password_old_one_wrong_ten_times_backs_off(engine, li):
    for _ in range(ATTEMPTS_PER_ACCOUNT):
        with pytest.raises(UsageError):
            change_password(engine, li, "wrong", "another long enough one", NOW)

    with pytest.raises(TooManyError):
        change_password(engine, li, CHOSEN, "another long enough one", NOW)
    change_password(engine, li, CHOSEN, "another long enough one", NOW + HOUR)


def test_known_browsers_cookie_is_good_for_the_accounts_that_used_it_alone():
    browsers = KnownBrowsers(b"k" * 32)
    cookie = browsers.remember(browsers.remember("", "li"), "wu")

    assert [True, True, False] == [bool(browsers.origin("a", cookie, name).browser) for name in ("li", "wu", "chen")]
    assert not KnownBrowsers(b"x" * 32).origin("a", cookie, "li").browser
    assert cookie.split(".")[0] == browsers.origin("a", cookie, "wu").browser


@pytest.mark.parametrize("cookie", ["", ".", "..", "n.m", "预警.预警", "n" * 5000])
def test_known_browsers_cookie_that_was_made_up_is_good_for_nobody(cookie):
    browsers = KnownBrowsers(b"k" * 32)

    assert not browsers.origin("a", cookie, "li").browser
    assert browsers.origin("a", browsers.remember(cookie, "li"), "li").browser


def test_known_browsers_cookie_does_not_grow_without_end():
    browsers, cookie = KnownBrowsers(b"k" * 32), ""
    for number in range(20):
        cookie = browsers.remember(cookie, f"name{number}")

    assert len(cookie) < 250
    assert browsers.origin("a", cookie, "name19").browser
    assert not browsers.origin("a", cookie, "name0").browser
