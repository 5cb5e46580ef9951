import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from sqlalchemy import insert

from features.database.engine import writing
from features.database.tables import grid
from features.eventlog.read import read_log
from features.facts.derive import read_facts
from features.panel.build import catalogue
from features.panel.feature import Feature, Kind
from features.schema import DISPUTE_CATEGORIES, Col, EventType
from serving.alerts import lifecycle, recommended_actions
from serving.alerts.schemas import AlertText
from serving.alerts.text import PHONE_LENGTH, Odds, Subject, changes, compose
from serving.scoring.explanations import explain_rows, may_be_named
from serving.text import DISCLAIMER, Text, forbidden_words
from tests.support.made_alerts import make_reason, make_row, make_score
from tests.support.published_world import append, open_world
from training.learning.model import Contributions

FEW = re.compile(r"(?<![\d.])[12](件|次|起)")
PANELS = 2_000
START = date(2026, 1, 9)


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> tuple[Feature, ...]:
    """Every driver and context of a log in which every kind of case occurs, with all that can happen to it."""
    world = open_world(tmp_path_factory.mktemp("words") / "home")
    day = pl.lit(date(2025, 12, 1)).cast(pl.Datetime("us"))
    kinds = pl.DataFrame({Col.EVENT_TYPE: [kind.value for kind in EventType]}).join(
        pl.DataFrame({Col.CATEGORY: DISPUTE_CATEGORIES}), how="cross"
    )
    cases = kinds.with_row_index(Col.EVENT_ID).with_columns(
        pl.col(Col.EVENT_ID).cast(pl.String),
        (pl.lit("g") + (pl.col(Col.EVENT_ID) % 4).cast(pl.String)).alias(Col.GRID_ID),
        *(
            day.dt.offset_by(f"{days}d").alias(name)
            for days, name in enumerate(("occurred_at", "reported_at", "escalated_at", "resolved_at"))
        ),
        day.dt.offset_by("9d").alias("deadline_at"),
    )
    with writing(world.engine) as connection:
        places = [f"d/t{n % 2}/c{n}" for n in range(4)]
        connection.execute(insert(grid), [{"grid_id": f"g{n}", "name": "", "parent_path": path} for n, path in enumerate(places)])
    append(world.engine, cases)
    facts = read_facts(read_log(world.home, world.engine), None, world.settings)
    world.engine.dispose()
    return catalogue(facts, 14, world.settings)


def random_texts(features: tuple[Feature, ...], count: int = PANELS) -> Iterator[AlertText]:
    """Say alerts about panels in which anything may stand, beside lists on which anything may have stood."""
    rng = np.random.default_rng(11)
    shape = (count, len(features))
    values = np.where(rng.random(shape) < 0.2, np.nan, rng.exponential(4, shape).round()).astype(np.float32)
    parts = Contributions(tuple(each.name for each in features), rng.normal(0, 0.2, shape), np.zeros(count), np.ones(count))
    before = make_row(rank=7)
    for number, explanation in enumerate(explain_rows(features, values, parts, [()] * count)):
        rank = int(rng.integers(1, 600))
        row = make_row(rank=rank).model_copy(
            update={"explanation": explanation, "name": "示例镇滨河社区第05网格" * int(rng.integers(1, 5))}
        )
        risk, low, high, average = rng.random(4).tolist()
        subject = about(row, odds=Odds(risk, low * risk, risk + (1 - risk) * high, average), before=before if number % 3 else None)
        yield compose(replace(subject, random=number % 7 == 0, second_look=number % 5 == 0))
        before = row


def about(row, **given: object) -> Subject:
    stated = {
        "odds": Odds(0.12, 0.07, 0.18, 0.03),
        "rated": 605,
        "through": START - timedelta(days=1),
        "starts": START,
        "ends": START + timedelta(days=14),
        "before": None,
    }
    return Subject(row=row, score=row.score, explanation=row.explanation, **stated | given)


def sentences(text: AlertText) -> Iterator[str]:
    whole = [text.title, text.window, text.place, text.usual, text.standing, *text.background, *text.changes, *text.certainty]
    for each in (*whole, *(said.words for said in (*text.reasons, *text.suggestions))):
        if each:
            yield from (each.zh, each.en)
    yield text.phone


def test_words_of_thousands_of_random_panels_are_lawful_filled_and_short_enough(features):
    spoken = {feature.name for feature in features if feature.kind in (Kind.DRIVER, Kind.CONTEXT) and may_be_named(feature)}
    texts = list(random_texts(features))

    assert len(spoken) > 100
    assert not [said for text in texts for said in sentences(text) if forbidden_words(said) or re.search(r"[{}]|\bnan\b|None", said)]
    assert PHONE_LENGTH >= max(len(text.phone) for text in texts)
    assert {DISCLAIMER} == {text.standing for text in texts}
    assert all(text.suggestions for text in texts)


def test_words_never_print_a_count_of_one_or_two(features):
    said = [fact.zh for text in random_texts(features, 500) for fact in (*(reason.words for reason in text.reasons), *text.background)]

    assert any("少量(不足3" in each for each in said)
    assert not [each for each in said if FEW.search(each)]


def test_words_of_a_template_that_does_not_mask_would_be_noticed(features):
    unmasked = tuple(replace(feature, unit="ratio") if feature.unit == "cases" else feature for feature in features)

    assert [reason for text in random_texts(unmasked, 500) for reason in text.reasons if FEW.search(reason.words.zh)]


def test_every_action_and_reason_code_is_lawful_and_every_reason_has_an_action(features):
    words = [deed.words for deed in recommended_actions.DEEDS.values()] + [
        text for codes in lifecycle.REASONS.values() for text in codes.values()
    ]
    drivers = [feature for feature in features if feature.kind is Kind.DRIVER]
    advised = [recommended_actions.actions_for(make_reason(feature.reason, feature=feature.name)) for feature in drivers]

    assert not [text for text in words if forbidden_words(text.zh + text.en)]
    assert all(set(codes) <= set(recommended_actions.DEEDS) and codes for codes in advised)


def test_text_says_what_the_list_says():
    text = compose(about(make_row(rank=4, reasons=(make_reason(),))))

    assert text.title.zh == "【关注提示】示例g1网格 关注等级:较高关注"
    assert text.window.zh == "数据截至1月8日24:00,适用1月9日至1月22日"
    assert text.place == Text(zh="全区第4/605(可能范围4–4)", en="place 4 of 605 (possibly 4 to 4)")
    assert [item.code for item in text.suggestions] == ["deadline_check", "joint_consult", "home_visit"]
    assert text.phone == "【关注】示例g1网格:近28天新增矛盾纠纷5件。建议:核对办理时限,邀部门会商。每100次约12次升级。不针对个人。点此反馈。"


def test_text_second_look_shows_neither_level_nor_rank():
    text = compose(about(make_row(rank=4), second_look=True, before=make_row(rank=9)))

    assert text.place is None
    assert "关注等级" not in " ".join(sentences(text))
    assert not [said for said in sentences(text) if "位次由" in said or "第4/" in said]


def test_text_without_a_state_to_work_on_is_said_at_level_watch():
    subject = about(make_row(rank=4, reasons=(make_reason("recency_dispute"), make_reason("backlog_dispute", factor=0.8))))

    assert subject.level == "watch"
    assert "关注等级:一般关注" in compose(subject).title.zh


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (None, ["此前没有可比的名单"]),
        (make_row(rank=None), ["此前没有可比的名单"]),
        (make_row(rank=4), ["与上一份名单相比无明显变化"]),
        (make_row(rank=5), ["位次由第5变为第4", "预计件数由0.20变为0.25"]),
        (make_row(rank=4, reasons=()), ["新列入依据:近28天新增矛盾纠纷5件"]),
        (
            make_row(rank=4).model_copy(update={"score": make_score(4, attention_level="priority")}),
            ["关注等级由重点关注变为较高关注"],
        ),
    ],
)
def test_changes_since_the_list_before(before, said):
    assert said == [text.zh for text in changes(before, make_row(rank=4))]
