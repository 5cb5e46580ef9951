import pytest
from argon2 import PasswordHasher


@pytest.fixture(autouse=True)
def _cheap_passwords(monkeypatch):
    """Hash passwords as always, but with less work."""
    monkeypatch.setattr("serving.access.passwords._hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
