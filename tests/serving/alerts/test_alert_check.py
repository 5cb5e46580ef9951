"""Every alert shows what it must: most of the expected count named, nothing that lowers it, open cases first, advice of their kind."""

from datetime import date

from serving.alerts.text import Odds, Subject, compose
from serving.scoring.scoring import score_day
from tests.support.alert_check import find_faults
from tests.support.made_alerts import make_line, make_row
from tests.support.published_world import AS_OF

CLOSED = make_line("closed", count=4, expected=0.1)
REST = make_line("rest", expected=0.2)


def said(row):
    subject = Subject(
        row, row.score, row.explanation, Odds(0.1, 0.05, 0.2, 0.02), 20, date(2026, 1, 8), date(2026, 1, 9), date(2026, 1, 23), None
    )
    return compose(subject)


def faults(*lines):
    row = make_row(lines=lines)
    return list(find_faults(said(row), row))


def test_find_faults_of_a_sound_alert_are_none():
    assert [] == faults(make_line(expected=0.9), CLOSED)


def test_find_faults_names_each():
    """What a broken program would say is seen."""
    sound = make_row(lines=(make_line(expected=0.9), CLOSED))
    text = said(sound)

    assert ["names too little"] == faults(make_line(expected=0.7), REST)
    assert "first line names no kind of open case" in faults(CLOSED, make_line(expected=0.9))
    assert ["advice does not fit"] == list(find_faults(text.model_copy(update={"suggestions": text.suggestions[::-1]}), sound))


def test_alerts_of_every_rated_grid_show_what_they_must(shared_world):
    """As if each grid were alerted, whatever its place."""
    day = score_day(shared_world.home, shared_world.engine, shared_world.settings, AS_OF)
    rows = [
        make_row(lines=explanation.reasons).model_copy(
            update={"explanation": explanation, "score": make_row().score.model_copy(update={"expected_escalations": total(explanation)})}
        )
        for explanation in day.explain(day.rated)
    ]

    assert len(rows) > 10
    assert {} == {number: own for number, row in enumerate(rows) if (own := list(find_faults(said(row), row)))}


def total(explanation):
    return sum(line.expected for line in explanation.reasons)
