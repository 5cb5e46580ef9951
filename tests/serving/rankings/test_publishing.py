from datetime import UTC, datetime

import pytest

from features.errors import PausedError
from serving.audit import OPERATOR
from serving.rankings.pause_reasons import PauseReason
from serving.rankings.publishing import Pause, pause, paused, refuse_while_paused, resume
from tests.support.audit_entries import newest_entries

NOW = datetime(2026, 1, 9, 8, tzinfo=UTC)


def test_pause_holds_until_resumed_and_both_are_in_the_trail(engine):
    before = paused(engine)
    pause(engine, "a1", PauseReason.DATA_FAULT, NOW)
    during = paused(engine)
    resume(engine, OPERATOR, NOW)

    assert (None, Pause("a1", NOW, PauseReason.DATA_FAULT), None) == (before, during, paused(engine))
    assert [(deed.actor_id, deed.action) for deed in newest_entries(engine, 9)] == [
        (OPERATOR, "publishing.resume"),
        ("a1", "publishing.pause"),
    ]


def test_refuse_while_paused_says_who_when_and_why(engine):
    refuse_while_paused(engine)
    pause(engine, "a1", PauseReason.MISUSE, NOW)

    with pytest.raises(PausedError, match=r"a1 paused publishing at 2026-01-09T08:00:00\+00:00 \(misuse\)"):
        refuse_while_paused(engine)


def test_rank_while_paused_publishes_nothing(world):
    pause(world.engine, "a1", PauseReason.MODEL_FAULT, NOW)

    with pytest.raises(PausedError):
        world.rank()
