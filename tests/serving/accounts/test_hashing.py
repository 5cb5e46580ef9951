"""How many passwords are hashed at a time, whoever asks."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from threading import Lock

import pytest
from argon2.exceptions import VerifyMismatchError

from features.errors import BusyError
from serving.accounts import accounts
from serving.accounts.accounts import MAX_HASHES, hash_password, password_fits


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


@pytest.fixture
def hasher(monkeypatch):
    counting = Counting()
    monkeypatch.setattr(accounts, "_hasher", counting)
    monkeypatch.setattr(accounts, "_nobodys", lambda: "")
    return counting


def check_many():
    with ThreadPoolExecutor(20) as threads:
        return list(threads.map(lambda number: password_fits("p1", f"p{number}"), range(20)))


def test_password_fits_many_at_once_hashes_few_at_a_time(hasher):
    assert [number == 1 for number in range(20)] == check_many()
    assert MAX_HASHES == hasher.most


def test_password_fits_without_the_limit_hashes_many_at_a_time(hasher, monkeypatch):
    monkeypatch.setattr(accounts, "_hashing", nullcontext)
    check_many()

    assert MAX_HASHES < hasher.most


def test_hash_password_waits_too_long_is_refused(hasher, monkeypatch):
    monkeypatch.setattr(accounts, "HASH_WAIT_SECONDS", 0.0)
    for _ in range(MAX_HASHES):
        accounts._hashes.acquire()
    try:
        with pytest.raises(BusyError, match="Try again"):
            hash_password("secret")
    finally:
        accounts._hashes.release(MAX_HASHES)
