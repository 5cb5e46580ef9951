"""Readers of one and of two processes, while one list after another takes the place of the one before."""

from contextlib import ExitStack
from datetime import UTC, datetime

import pytest

from tests.support.published_lists import publish_day
from tests.support.servers import PROGRAM, readers, served
from tests.support.visitors import sign_up

pytestmark = pytest.mark.full

READERS, SWAPS = 500, 50
SERVING = {"refresh_seconds": 0.2, "max_concurrent_requests": 2 * READERS}
LEAD_SECONDS = 2.0
"""Ten times the interval at which servers look for a newer list, for loaded machines keep none to the moment."""
LOOK_UP_PER_ROW = f"""
from time import sleep
from serving.api.routes import rankings
page = rankings._page
def page_of_whatever_is_newest(limit, reading, shown, listed, place):
    class Newest:
        def within(self, *node):
            found = []
            for position, _ in enumerate(listed.within(*node)):
                sleep(0.002)
                found.append(reading.shelf.current.within(*node)[position])
            return found
    return page(limit, reading, shown, Newest(), place)
rankings._page = page_of_whatever_is_newest
{PROGRAM}
"""
"""The mistake that readers are there to find: each row is looked up in the list that is newest at that moment."""


@pytest.fixture
def engine(empty_engine):
    publish_day(empty_engine, 0, datetime.now(UTC))
    return empty_engine


@pytest.fixture
def token(engine):
    return sign_up(engine, datetime.now(UTC))[1]


@pytest.fixture
def swapped(home, engine, token):
    """Swap lists so many times under readers of servers, and return what the readers counted."""

    def swap(times, programs, reader, **serving):
        with ExitStack() as servers:
            ports = [servers.enter_context(served(home, program, **SERVING, **serving)).port for program in programs]
            with readers(ports=ports, token=token, limit=7, **reader) as reading:
                for number in range(1, times + 1):
                    reading.wait_for(publish_day(engine, number, datetime.now(UTC)).ranking_id)
        return reading.counts

    return swap


@pytest.mark.parametrize("keep_alive", [True, False], ids=["keep-alive", "close"])
@pytest.mark.parametrize("activation_delay_seconds", [0.0, LEAD_SECONDS], ids=["one process", "two processes"])
def test_swaps_under_five_hundred_readers_fail_nobody_and_mix_nothing(swapped, activation_delay_seconds, keep_alive, record_property):
    programs = [PROGRAM, PROGRAM] if activation_delay_seconds else [PROGRAM]

    counts = swapped(SWAPS, programs, {"readers": READERS, "keepAlive": keep_alive}, activation_delay_seconds=activation_delay_seconds)

    record_property(f"{READERS} readers, {SWAPS} swaps, {len(programs)} processes", counts)
    assert (0, 0, 0) == (counts["failed"], counts["mixed"], counts["back"]), counts
    assert counts["walks"] >= 2 * READERS


@pytest.mark.parametrize("program", [PROGRAM, LOOK_UP_PER_ROW], ids=["as it is", "looked up per row"])
def test_page_of_several_lists_is_seen_by_readers(swapped, program):
    counts = swapped(5, [program], {"readers": 9, "keepAlive": True})

    assert (program == LOOK_UP_PER_ROW) == bool(counts["mixed"]), counts
    assert (0, 0) == (counts["failed"], counts["back"])


@pytest.mark.parametrize("activation_delay_seconds", [LEAD_SECONDS, 0.0])
def test_older_list_of_a_process_that_lags_behind_is_seen_by_readers(swapped, activation_delay_seconds):
    counts = swapped(4, [PROGRAM, PROGRAM], {"readers": 9, "keepAlive": True}, activation_delay_seconds=activation_delay_seconds)

    assert (activation_delay_seconds == 0.0) == bool(counts["back"]), counts
    assert (0, 0) == (counts["failed"], counts["mixed"])
