"""Layout: days and moments in words, the policy of a page, and what a browser remembers."""

from datetime import UTC, date, datetime
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from serving.pages.layout import POLICY, Look, day_text, end_text, framing, moment_text
from serving.pages.translations import Translator

ZH, EN = Translator("zh"), Translator("en")
SHANGHAI = ZoneInfo("Asia/Shanghai")


def request(cookies=(), framed_by=()):
    """Return as much of a request as the layout looks at."""
    settings = SimpleNamespace(serving=SimpleNamespace(framed_by=framed_by))
    return SimpleNamespace(cookies=dict(cookies), app=SimpleNamespace(state=SimpleNamespace(site=SimpleNamespace(settings=settings))))


@pytest.mark.parametrize(
    ("t", "weekday", "expected"), [(ZH, False, "2026年1月9日"), (ZH, True, "2026年1月9日 周五"), (EN, True, "2026-01-09 Fri")]
)
def test_day_text_is_in_the_readers_language(t, weekday, expected):
    assert expected == day_text(date(2026, 1, 9), t, weekday=weekday)


def test_moment_text_is_in_the_zone_of_the_deployment():
    moment = datetime(2026, 1, 8, 23, 30, tzinfo=UTC)

    assert ("1月9日 07:30", "01-08 23:30") == (moment_text(moment, ZH, SHANGHAI), moment_text(moment, EN, ZoneInfo("UTC")))


@pytest.mark.parametrize(
    ("moment", "expected"),
    [(datetime(2026, 1, 9, tzinfo=SHANGHAI), "1月8日 24:00"), (datetime(2026, 1, 9, 0, 1, tzinfo=SHANGHAI), "1月9日 00:01")],
)
def test_end_text_at_midnight_ends_the_day_before(moment, expected):
    assert expected == end_text(moment, ZH, SHANGHAI)


@pytest.mark.parametrize(
    ("cookies", "expected"),
    [
        ({}, Look("zh", "light")),
        ({"yujing_language": "en", "yujing_theme": "dark"}, Look("en", "dark")),
        ({"yujing_language": "<script>", "yujing_theme": "../dark"}, Look("zh", "light")),
    ],
)
def test_look_takes_from_the_browser_what_it_knows_alone(cookies, expected):
    assert expected == Look.of(request(cookies))


def test_page_may_be_framed_by_the_sites_of_the_settings_alone():
    assert {} == framing(request())
    sites = ("https://portal.example", "https://wall.example")
    assert {"Content-Security-Policy": POLICY.format(framed_by=" ".join(sites))} == framing(request(framed_by=sites))
