"""A log that holds every sort of fact, so that its panel has every sort of column."""

import pytest

from tests.support.event_logs import make_rich_log


@pytest.fixture(scope="session")
def rich_log():
    """Return keyword arguments of `make_facts`."""
    return make_rich_log()
