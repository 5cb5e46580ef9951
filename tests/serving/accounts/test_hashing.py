"""How many passwords are hashed at a time, whoever asks."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from threading import Lock

import pytest
from argon2.exceptions import VerifyMismatchError

from features.errors import BusyError
from serving.accounts import passwords
from serving.accounts.passwords import MAX_HASHES, hash_password, password_fits


class Counting:
    """A hasher that counts how many use it at a time."""

    def __init__(self):
        self.now = self.most = 0
        self._lock = Lock()

    def hash(self, password):
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(0.02)
        with self._lock:
            self.now -= 1
        return password

    def verify(self, stored, password):
        if self.hash(password) != stored:
            raise VerifyMismatchError
        return True

    def check_needs_rehash(self, stored):
        return False


@pytest.fixture
def hasher(monkeypatch):
    counting = Counting()
    monkeypatch.setattr(passwords, "_hasher", counting)
    monkeypatch.setattr(passwords, "_nobodys", lambda: "")
    return counting


def check_many():
    with ThreadPoolExecutor(20) as threads:
        return list(threads.map(lambda number: password_fits("p1", f"p{number}"), range(20)))


def test_password_fits_many_at_once_hashes_few_at_a_time(hasher):
    assert [number == 1 for number in range(20)] == check_many()
    assert MAX_HASHES == hasher.most


def test_password_fits_without_the_limit_hashes_many_at_a_time(hasher, monkeypatch):
    monkeypatch.setattr(passwords, "_hashing", nullcontext)
    check_many()

    assert MAX_HASHES < hasher.most


def test_hash_password_waits_too_long_is_refused(hasher, monkeypatch):
    monkeypatch.setattr(passwords, "HASH_WAIT_SECONDS", 0.0)
    for _ in range(MAX_HASHES):
        passwords._hashes.acquire()
    try:
        with pytest.raises(BusyError, match="Try again"):
            hash_password("secret")
    finally:
        passwords._hashes.release(MAX_HASHES)


def test_password_fits_one_time_is_checked_at_the_full_cost_too(monkeypatch):
    stored, checked = passwords.hash_one_time("drawn by lot"), []
    verify = passwords._verify
    monkeypatch.setattr(passwords, "_verify", lambda stored, password: checked.append(stored) or verify(stored, password))

    assert password_fits(stored, "drawn by lot")
    assert [passwords._nobodys(), stored] == checked
    assert not password_fits(stored, "another")
