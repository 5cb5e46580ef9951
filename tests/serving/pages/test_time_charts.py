from datetime import date

from serving.pages.time_charts import Week, draw_trend


def test_draw_trend_shows_neither_masked_counts_nor_weeks_ahead() -> None:
    weeks = [Week(date(2026, 1, 5), 4, False, 5.0), Week(date(2026, 1, 12), None, True, 5.0)]
    ahead = [Week(date(2026, 1, 19), None, False, 5.0), Week(date(2026, 1, 26), None, False, None)]
    drawn = draw_trend([*weeks, *ahead])

    assert [dot.count for dot in drawn.dots] == [4]
    assert len(drawn.few) == 1
    assert drawn.expected.count(",") == 3
    assert drawn.dots[0].x < drawn.now
