from dataclasses import replace
from datetime import date

from features.storage.home import Home
from serving.monitoring.history import WatchedDay, keep_day, read_history
from serving.pages.time_charts import draw_drift

FIRST = WatchedDay(date(2026, 1, 5), features=0.1, predictions=None, realised=1.2, low=0.8, high=1.6)
LATER = replace(FIRST, as_of=date(2026, 1, 12), features=0.3)


def test_history_keeps_one_line_a_day_in_order(tmp_path):
    home = Home(tmp_path)
    for day in (LATER, FIRST, replace(LATER, features=0.5)):
        keep_day(home, "escalation", day)

    assert [FIRST, replace(LATER, features=0.5)] == read_history(home, "escalation")
    assert read_history(home, "strict") == []


def test_draw_drift_leaves_out_what_could_never_be_estimated():
    features, realised = draw_drift([FIRST, LATER])

    assert ("drift_curve_features", "drift_curve_realised") == (features.key, realised.key)
    (x1, y1, *_), (x2, y2, *_) = features.points
    assert (x1 < x2, y1 > y2) == (True, True)
    assert y2 < features.reference < y1
    assert (features.band, len(realised.band.split())) == ("", 4)
    assert draw_drift([]) == ()
