import pytest

from features.errors import TooFastError
from serving.app import create_app
from serving.server import limits
from serving.server.limits import RequestRate
from serving.settings import ServingSettings
from tests.support.published_world import PUBLISHED_AT
from tests.support.visitors import Clock, open_client, sign_up


@pytest.fixture
def minute(monkeypatch):
    """The limit as it is outside of tests."""
    monkeypatch.setattr(limits, "WINDOW_SECONDS", 60.0)


def test_request_rate_counts_each_account_within_the_last_minute(minute):
    rate = RequestRate(2)
    rate.count("li", 0.0)
    rate.count("li", 30.0)
    with pytest.raises(TooFastError):
        rate.count("li", 59.9)

    rate.count("wu", 59.9)
    rate.count("li", 60.0)
    with pytest.raises(TooFastError):
        rate.count("li", 89.9)


def test_request_rate_forgets_accounts_that_asked_longest_ago(minute, monkeypatch):
    monkeypatch.setattr(limits, "MOST_ACCOUNTS", 2)
    rate = RequestRate(1)
    for number in range(3):
        rate.count(f"a{number}", 0.0)

    assert ["a1", "a2"] == list(rate._asked)


def test_request_beyond_the_limit_is_answered_429_and_others_go_on(minute, shared_world):
    serving = ServingSettings(requests_per_minute=3)
    tokens = [sign_up(shared_world.engine, PUBLISHED_AT)[1] for _ in range(2)]
    app = create_app(shared_world.settings.model_copy(update={"serving": serving}), shared_world.home, Clock(PUBLISHED_AT))
    with open_client(app, tokens[0]) as client:
        answers = [client.get("/v1/alerts") for _ in range(4)]

        assert [200, 200, 200, 429] == [answer.status_code for answer in answers]
        assert "60" == answers[-1].headers["retry-after"]
        assert 200 == client.get("/v1/alerts", headers={"Authorization": f"Bearer {tokens[1]}"}).status_code
        assert 200 == client.get("/healthz").status_code
