"""The three parts together, on a log of cases that escalate by age, come back after closing and begin anew."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.facts.derive import read_facts
from features.panel.build import build_panel
from features.targets import DeadlinePassed, Target
from tests.support.event_logs import HORIZON, Case, days, make_log
from tests.support.trained_worlds import FAST
from training.bootstrap import number_blocks
from training.learning.examples import training_part
from training.learning.fit import fit
from training.learning.folds import Fold, Gap
from training.learning.model import Fitted
from training.learning.parts import Part

LENGTH = 420
LOG = {
    "rules": (DeadlinePassed(action="overdue", when="deadline_passed"),),
    "targets": {"any": Target(transitions=("escalated", "overdue", "reopened"))},
    "known_through": LENGTH,
}


def draw_cases(seed):
    """Land cases escalate often and late, the others seldom; one closed case in three comes back."""
    rng = np.random.default_rng(seed)
    for at in np.sort(rng.integers(1, LENGTH - 40, 900)).tolist():
        land = rng.random() < 0.4
        moves = [("escalated", at + float(rng.integers(20, 40)))] if rng.random() < (0.7 if land else 0.1) else []
        closed = None if moves else at + float(rng.integers(3, 60))
        if closed and rng.random() < 0.3:
            moves.append(("reopened", closed + float(rng.integers(1, 60))))
        if rng.random() < 0.1:
            moves.insert(0, ("escalated", at + 0.5))
        category = "land_acquisition" if land else "neighbor"
        yield Case(str(rng.choice(list("abcd"))), at + 0.2, closed=closed, category=category, deadline=at + 60, moves=tuple(moves))


@pytest.fixture(scope="module")
def world():
    facts = read_facts(make_log(list(draw_cases(1)), **LOG), "any", FAST)
    panel = build_panel(facts, days(*range(28, LENGTH - HORIZON, 7)), HORIZON, FAST)
    everything = Fold(slice(0, len(panel.as_ofs)), slice(len(panel.as_ofs), None), facts.known_through_day + 1)
    examples = training_part(facts, panel, everything, Gap(HORIZON, 0))
    return facts, examples, fit(examples, FAST.model, number_blocks(panel.as_ofs, facts.places))


def test_happened_of_the_parts_adds_up_to_the_counts(world):
    _, examples, _ = world
    total = sum((examples.happened(part) * (rows.weight if (rows := cases(examples.panel, part)) else 1)).sum() for part in examples.parts)

    assert examples.parts == (Part.OPEN, Part.CLOSED, Part.NEW)
    assert total == pytest.approx(examples.counts.sum())


def cases(panel, part):
    return {Part.OPEN: panel.open_cases, Part.CLOSED: panel.closed_cases}.get(part)


def test_predict_parts_add_up_and_are_about_right(world):
    _, examples, model = world
    scores = model.predict(examples.panel)

    np.testing.assert_allclose(sum(scores.parts.values()), scores.expected, rtol=1e-12)
    for part in examples.parts:
        happened = examples.happened(part).sum()
        assert scores.parts[part].sum() == pytest.approx(happened, rel=0.2)


def test_predict_an_old_land_case_is_likelier_to_escalate_than_a_young_neighbour_case(world):
    _, examples, model = world
    panel, (opened, *_) = examples.panel, model.contributions(examples.panel, np.arange(examples.counts.size))
    age, kind = panel.open_cases.column("age"), np.array([name for _, name in panel.open_cases.kinds])[panel.open_cases.kind]

    assert opened.expected[(kind == "land_acquisition") & (age > 15)].mean() > 3 * opened.expected[(kind == "neighbor") & (age < 10)].mean()


@settings(derandomize=True, deadline=None, max_examples=25)
@given(data=st.data())
def test_contributions_of_all_rows_add_up_to_the_expected_count(world, data):
    _, examples, model = world
    cell = data.draw(st.integers(0, examples.counts.size - 1))
    parts = model.contributions(examples.panel, np.array([cell]))

    assert sum(part.expected.sum() for part in parts) == pytest.approx(model.predict(examples.panel).expected.ravel()[cell], abs=1e-6)
    for part in parts:
        margin = part.reference + part.base_value + part.values.sum(axis=1)
        np.testing.assert_allclose(part.part.mean(margin), part.expected, rtol=1e-6)
        np.testing.assert_allclose(part.outcomes.sum(axis=1), part.expected, rtol=1e-9)


def test_fit_again_gives_the_same_bytes_and_files_are_read_as_they_were(world):
    facts, examples, model = world

    assert fit(examples, FAST.model, number_blocks(examples.panel.as_ofs, facts.places)).files() == model.files()
    assert Fitted.from_files(model.files()) == model


def test_predict_replicates_differ_a_little(world):
    _, examples, model = world
    replicates = model.predict_replicates(examples.panel)

    assert replicates.shape == (2, *examples.counts.shape)
    assert np.corrcoef(replicates[0].ravel(), model.predict(examples.panel).expected.ravel())[0, 1] > 0.9
    assert not np.array_equal(replicates[0], replicates[1])


def test_fit_rare_target_without_new_cases_has_none_in_its_part():
    """Where nothing ever escalates within a horizon of its report, the part on new cases says next to nothing and does not fail."""
    cases = [
        Case("abcd"[day % 4], day, moves=(("escalated", day + 30),) if day % 3 else (), closed=None if day % 3 else day + 5)
        for day in range(1, 380)
    ]
    facts = read_facts(make_log(cases, targets={"late": Target(transitions=("escalated",))}, known_through=LENGTH), "late", FAST)
    panel = build_panel(facts, days(*range(28, LENGTH - HORIZON, 7)), HORIZON, FAST)
    everything = Fold(slice(0, len(panel.as_ofs)), slice(len(panel.as_ofs), None), facts.known_through_day + 1)
    scores = fit(training_part(facts, panel, everything, Gap(HORIZON, 0)), FAST.model).predict(panel)

    assert scores.parts[Part.NEW].sum() < 0.01 * scores.expected.sum()


def test_fit_rare_target_borrows_the_cases_of_its_parent():
    """One handed up case in four is followed by the event that the rare target counts; no case of the log is itself such an event."""
    rng = np.random.default_rng(4)
    cases = list(draw_cases(1))
    harm = [Case(case.grid, case.moves[0][1], event_type="police_call") for case in cases if case.moves and rng.random() < 0.25]
    targets = LOG["targets"] | {"rare": Target(events={"event_type": "police_call"}, parent="any")}
    facts = read_facts(make_log([*cases, *harm], **LOG | {"targets": targets}), "rare", FAST)
    panel = build_panel(facts, days(*range(28, LENGTH - HORIZON, 7)), HORIZON, FAST)
    everything = Fold(slice(0, len(panel.as_ofs)), slice(len(panel.as_ofs), None), facts.known_through_day + 1)
    examples = training_part(facts, panel, everything, Gap(HORIZON, 0))
    model = fit(examples, FAST.model)

    assert Part.OPEN in examples.parts
    assert model.scale < 0.8
    assert model.predict(panel).expected.sum() == pytest.approx(examples.counts.sum(), rel=0.2)
    assert Fitted.from_files(model.files()) == model


CUTOFF = 300


def fit_on(drawn, as_ofs, cutoff):
    """Return the files of a model that is fitted to some as_ofs on the day `cutoff`."""
    facts = read_facts(make_log(drawn, **LOG), "any", FAST)
    panel = build_panel(facts, days(*as_ofs), HORIZON, FAST)
    fold = Fold(slice(0, len(panel.as_ofs)), slice(len(panel.as_ofs), None), int(days(cutoff)[0]))
    return fit(training_part(facts, panel, fold, Gap(HORIZON, 0)), FAST.model).files()


def test_fit_news_of_later_days_changes_no_file_of_the_model():
    """Starts, trees, splits, calibration, variation and case chances alike: with the log as it stood then, and as it is now."""
    whole = list(draw_cases(1))
    stood = [case.until(CUTOFF) for case in whole if case.known_at < CUTOFF]
    ripe, unripe = range(28, CUTOFF - HORIZON + 1, 7), range(28, CUTOFF, 7)

    assert fit_on(stood, ripe, CUTOFF) == fit_on(whole, ripe, CUTOFF)
    assert fit_on(stood, unripe, LENGTH) != fit_on(whole, unripe, LENGTH), "the broken variant must be seen"


def petitions(count, closes):
    """Petitions received just after one as_of and concluded before the next, or one day later."""
    rng = np.random.default_rng(9)
    for at in (28 + 7 * rng.integers(0, (LENGTH - 40) // 7, count) + 1.2).tolist():
        yield Case(str(rng.choice(list("abcd"))), at, closed=at + closes, event_type="petition", category="labor_wage", deadline=at + 60)


def said_of(drawn):
    facts = read_facts(make_log(drawn, **LOG), "any", FAST)
    panel = build_panel(facts, days(*range(28, LENGTH - HORIZON, 7)), HORIZON, FAST)
    everything = Fold(slice(0, len(panel.as_ofs)), slice(len(panel.as_ofs), None), facts.known_through_day + 1)
    scores = fit(training_part(facts, panel, everything, Gap(HORIZON, 0)), FAST.model).predict(panel)
    return [table.tobytes() for table in (scores.expected, scores.risk, *scores.parts.values())]


def test_predict_petitions_handled_on_time_change_no_bit():
    """Fitted and scored with five hundred more of them; the same records as calls are noticed."""
    drawn, more = list(draw_cases(1)), list(petitions(500, closes=3))
    plain = said_of(drawn)

    assert said_of([*drawn, *more]) == plain
    assert said_of([*drawn, *(replace(case, event_type="police_call") for case in more)]) != plain
