"""Stored estimates of what undertakings were followed by and what helped, and how they are said."""

import json
from dataclasses import dataclass
from datetime import date

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Engine, select

from features.database.engine import reading
from features.database.undertaking_tables import undertaking_review
from serving.text import Text


class Estimate(BaseModel):
    """Ratio of cases to those without the treatment, or the reason why it cannot be told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ratio: float | None = Field(None, description="Below 1 is fewer", examples=[0.62])
    low: float | None = Field(None, description="Low end of the 95 % interval", examples=[0.41])
    high: float | None = Field(None, description="High end of the 95 % interval", examples=[0.94])
    units: int = Field(0, description="Grids that were compared", examples=[24])
    cases: int = Field(0, description="Cases counted in them afterwards", examples=[180])
    cannot_tell: str | None = Field(None, description="Why there is no figure", examples=["few_treated"])


@dataclass(frozen=True)
class Review:
    """The newest stored estimates."""

    as_of: date
    estimates: dict[str, Estimate]
    """By `followed/kind/sub_kind`, `helped/treatment/sub_kind` and `helped/acting`."""

    def of(self, *key: str) -> Estimate | None:
        """Return one estimate; None where nothing was estimated."""
        return self.estimates.get("/".join(key))


REASONS = {
    "few_treated": Text(zh="可比的网格不足5个", en="fewer than 5 grids to compare"),
    "few_cases": Text(zh="事项不足20件", en="fewer than 20 cases"),
    "few_drawn": Text(zh="随机抽到的网格不足30个", en="fewer than 30 grids drawn at random"),
    "few_blocks": Text(zh="可比的镇街和月份太少", en="too few townships and months to compare"),
}
NOTHING = Text(zh="尚无同类记录，无法判断。", en="No such record yet; cannot be told.")


def read_review(engine: Engine) -> Review | None:
    """Return the newest estimates; None before the first."""
    query = select(undertaking_review.c.as_of, undertaking_review.c.body).order_by(undertaking_review.c.id.desc()).limit(1)
    with reading(engine) as connection:
        row = connection.execute(query).first()
    if row is None:
        return None
    return Review(row.as_of, {key: Estimate.model_validate(value) for key, value in json.loads(row.body).items()})


def say_followed(estimate: Estimate | None) -> Text:
    """Say what such undertakings were followed by.

    >>> say_followed(Estimate(ratio=2.1, low=1.4, high=3.0, units=12, cases=60)).zh
    '过去同类12处，开始后8周内群众反映的事项约为相邻网格同期变化的2.1倍（1.4–3.0倍）。'
    """
    if estimate is None or estimate.ratio is None:
        return _cannot_tell(estimate)
    figures = f"{estimate.ratio:.1f}", f"{estimate.low:.1f}", f"{estimate.high:.1f}"
    return Text(
        zh=f"过去同类{estimate.units}处，开始后8周内群众反映的事项约为相邻网格同期变化的{figures[0]}倍（{figures[1]}–{figures[2]}倍）。",
        en=f"After {estimate.units} such starts, cases in 8 weeks were {figures[0]} times those to expect ({figures[1]} to {figures[2]}).",
    )


def say_helped(estimate: Estimate | None) -> Text:
    """Say whether something helped.

    >>> say_helped(Estimate(ratio=0.6, low=0.4, high=0.9, units=24, cases=80)).zh
    '有帮助：事项约为没有这样做时的0.60倍（0.40–0.90倍，24处）。'
    """
    if estimate is None or estimate.ratio is None or estimate.low is None or estimate.high is None:
        return _cannot_tell(estimate)
    zh, en = (
        ("有帮助", "Helped")
        if estimate.high < 1
        else ("反而更多", "More than before")
        if estimate.low > 1
        else ("看不出差别", "No difference seen")
    )
    figures = f"{estimate.ratio:.2f}", f"{estimate.low:.2f}", f"{estimate.high:.2f}"
    return Text(
        zh=f"{zh}：事项约为没有这样做时的{figures[0]}倍（{figures[1]}–{figures[2]}倍，{estimate.units}处）。",
        en=f"{en}: {figures[0]} times the cases there would have been ({figures[1]} to {figures[2]}, {estimate.units} grids).",
    )


def _cannot_tell(estimate: Estimate | None) -> Text:
    if estimate is None or estimate.cannot_tell not in REASONS:
        return NOTHING
    reason = REASONS[estimate.cannot_tell]
    return Text(zh=f"无法判断：{reason.zh}。", en=f"Cannot be told: {reason.en}.")
