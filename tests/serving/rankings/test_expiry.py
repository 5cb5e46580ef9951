"""Lists are published as long as the model's audit and the charter last, by the clock; what is out stays readable."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from features.errors import ExpiredError, NotReadyError
from serving.app import create_app
from serving.cli.doctor import CHECKS
from serving.cli.serve import _overdue, daily_runs
from serving.cli.workspace import Workspace
from serving.rankings.expiry import Ground, PublishingTerms, announced, refuse_expired
from serving.rankings.publishing import Audit, last_audit
from serving.scoring import daily_run
from serving.settings import Settings
from tests.support.people import sign_everybody_up, visit
from tests.support.published_world import PUBLISHED_AT, World, audit_model
from tests.support.visitors import Clock, open_client
from training.settings import CharterSettings

SHANGHAI = ZoneInfo("Asia/Shanghai")
AUDITED = datetime(2026, 1, 5, 23, 30, tzinfo=SHANGHAI)
DAY_90 = datetime(2026, 4, 5, 23, 59, tzinfo=SHANGHAI).astimezone(UTC)
DAY_91 = datetime(2026, 4, 6, 0, 1, tzinfo=SHANGHAI).astimezone(UTC)
"""Still day 90 in London."""
CHARTER = CharterSettings(operator="示例区综治中心", since=date(2025, 4, 6), until=date(2026, 4, 5))


def chartered(world: World) -> World:
    audit_model(world, DAY_91)
    return World(world.home, world.engine, world.settings.model_copy(update={"charter": CHARTER}))


def test_rank_until_day_90_of_the_audit_and_no_longer(world):
    audit_model(world, AUDITED)
    published = world.rank(now=DAY_90)

    assert published.published_at == DAY_90
    with pytest.raises(
        ExpiredError, match=r"passed its audit within 90 days, and version 1 of escalation passed it 91 days ago, on 2026-01-05.*train and"
    ):
        world.rank(now=DAY_91)


@pytest.mark.dialect("sqlite")
def test_rank_of_a_past_day_goes_by_the_clock_alone(world):
    audit_model(world, AUDITED + timedelta(days=4_000))

    assert world.rank(now=DAY_90 + timedelta(days=4_000))


@pytest.mark.dialect("sqlite")
def test_rank_judged_by_the_day_of_the_list_would_go_on_for_ever(world, monkeypatch):
    audit_model(world, AUDITED)
    by_day = lambda engine, settings, target, now: refuse_expired(engine, settings, target, PUBLISHED_AT)  # noqa: E731
    monkeypatch.setattr(daily_run, "refuse_expired", by_day)

    assert world.rank(now=DAY_91 + timedelta(days=1_000))


def test_rank_until_the_last_day_of_the_charter_and_no_longer(world):
    world = chartered(world)
    published = world.rank(now=DAY_90)

    assert published.published_at == DAY_90
    with pytest.raises(ExpiredError, match="a charter that has not ended, and it ended on 2026-04-05"):
        world.rank(now=DAY_91)


def test_model_of_an_earlier_program_goes_on_publishing_while_a_new_one_is_asked_for(world):
    audit_model(world, None)
    published_at = datetime(2026, 1, 5, 3, tzinfo=UTC)
    terms = PublishingTerms(90, None, SHANGHAI)

    audit = last_audit(world.engine)

    assert audit == Audit("escalation", "1", published_at, is_recorded=False)
    assert last_audit(world.engine, "nothing") is None
    assert announced(terms.expiries(audit, published_at + timedelta(days=60))) == []
    assert ["train and promote anew soon" in text.en for text in announced(terms.expiries(audit, DAY_91))] == [True]
    assert world.rank(now=DAY_91)


def test_end_is_announced_from_fourteen_days_before_on():
    terms = PublishingTerms(90, date(2026, 4, 5), SHANGHAI)
    audit = Audit("escalation", "1", AUDITED)
    said = {left: announced(terms.expiries(audit, DAY_90 - timedelta(days=left))) for left in (15, 14, 1, 0)}

    assert said[15] == []
    assert [text.zh.partition("：")[0] for text in said[14]] == [
        "在用模型（第1版）的检验有效期到2026年4月5日为止，还有14天",
        "使用授权到2026年4月5日为止，还有14天",
    ]
    assert ["2026-04-05, in 1 day:" in text.en for text in said[1]] == [True, True]
    assert ["which is today" in text.en for text in said[0]] == [True, True]
    assert [each.ground for each in terms.expiries(audit, DAY_91) if each.has_passed] == [Ground.AUDIT, Ground.CHARTER]


def test_home_without_model_and_charter_has_no_end():
    assert [] == PublishingTerms.of(Settings()).expiries(None, DAY_91)


@pytest.mark.dialect("sqlite")
def test_last_list_stays_readable_beside_a_banner_and_an_entry_of_readyz_and_metrics(world):
    sign_everybody_up(world)
    world.rank()
    audit_model(world, AUDITED)
    with visit(world, "centre", now=DAY_91) as client:
        pages = [client.get(address).text for address in ("/", "/grids", "/alerts")]
    with open_client(create_app(world.settings, world.home, Clock(DAY_91))) as client:
        ready, figures = client.get("/readyz").json(), client.get("/metrics").text
    with visit(world, "centre", now=DAY_90 - timedelta(days=15)) as client:
        before = client.get("/").text

    assert ["上次通过检验是2026年1月5日，至今91天，超过90天期限：不再发布新清单，已发布的仍可查看" in page for page in pages] == [True] * 3
    assert "应有更新的清单，尚未发布" in pages[0]
    assert "version 1 of escalation passed it 91 days ago" in ready["attention"][0]["en"]
    assert 'yujing_publishing_days_left{ground="audit"} -1.0' in figures
    assert "检验" not in before


@pytest.mark.dialect("sqlite")
def test_coming_end_is_told_to_those_who_can_renew_it_alone(world):
    sign_everybody_up(world)
    world.rank()
    audit_model(world, AUDITED)
    seen = {}
    for name in ("centre", "town", "worker"):
        with visit(world, name, now=DAY_90) as client:
            seen[name] = "检验有效期" in client.get("/alerts").text

    assert seen == {"centre": True, "town": False, "worker": False}


@pytest.mark.dialect("sqlite")
def test_doctor_tells_an_audit_that_is_too_old_and_a_missing_charter(world):
    work = Workspace(world.home, None)

    assert CHECKS["publishing"](work).endswith("no charter is set: state charter.since and charter.until, and lists end with it")
    for age, found in ((80, "in 10 days"), (91, "91 days ago")):
        audit_model(world, datetime.now(UTC) - timedelta(days=age))
        with pytest.raises(NotReadyError, match=found):
            CHECKS["publishing"](work)


@pytest.mark.dialect("sqlite")
def test_no_list_is_overdue_once_none_may_be_published(world):
    """The service stays ready, so that whoever balances the load still leads people to the last list."""
    world.rank()
    work = Workspace(world.home, None)
    runs = daily_runs(work, time(6))
    due = _overdue(work, [], runs, DAY_90)
    audit_model(world, AUDITED)

    assert ("lists are due and missing" in due[0].en, []) == (True, _overdue(work, [], runs, DAY_91))


@pytest.mark.dialect("sqlite")
def test_readiness_names_no_end_while_there_is_time(world):
    world.rank()
    audit_model(world, AUDITED)
    with open_client(create_app(world.settings, world.home, Clock(PUBLISHED_AT))) as client:
        assert [] == client.get("/readyz").json()["attention"]
