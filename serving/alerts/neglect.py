"""The neglect limit: how long a grid waits until lot leads somebody there, at the capacity that is set."""

import math

from sqlalchemy import Engine, func, select

from features.database.engine import reading
from features.database.tables import ranking_row
from serving.ledger import newest_entry
from serving.settings import AlertSettings
from serving.words import Text

LIMIT_WEEKS = 26
LISTS_A_WEEK = 7
NEVER = Text(zh="不会被随机抽到", en="never")


def weeks_between_draws(grids: int, townships: int, settings: AlertSettings) -> float:
    """Return after how many weeks a grid is drawn by lot on average: grids over the share of the slots that is drawn.

    >>> round(weeks_between_draws(605, 11, AlertSettings()))
    26
    >>> weeks_between_draws(605, 11, AlertSettings(exploration_share=0))
    inf
    """
    drawn = settings.exploration_share * settings.per_township * max(townships, 1) * LISTS_A_WEEK
    return grids / drawn if drawn else math.inf


def read_neglect(engine: Engine, settings: AlertSettings) -> float | None:
    """Return the same for the places of the newest list; None before the first."""
    last = newest_entry(engine)
    if last is None:
        return None
    query = select(ranking_row.c.level, func.count()).where(ranking_row.c.ranking_id == last.id).group_by(ranking_row.c.level)
    with reading(engine) as connection:
        rows = {row[0]: row[1] for row in connection.execute(query)}
    return weeks_between_draws(rows.get("grid", 0), rows.get("township", 0), settings)


def say_neglect(weeks: float) -> Text:
    """Say whether lot alone keeps the limit.

    >>> say_neglect(202.0).zh
    '按现有名额,每个网格平均202周随机抽到一次;做不到26周内至少走访一次,请增加名额或登记日常走访'
    >>> say_neglect(20.0).en
    'at this capacity lot leads to a grid once in 20 weeks; that keeps the limit of 26 weeks'
    """
    if weeks <= LIMIT_WEEKS:
        zh, en = f"可以做到{LIMIT_WEEKS}周内至少走访一次", f"that keeps the limit of {LIMIT_WEEKS} weeks"
    else:
        zh = f"做不到{LIMIT_WEEKS}周内至少走访一次,请增加名额或登记日常走访"
        en = f"the limit of {LIMIT_WEEKS} weeks cannot be kept so: add slots, or enter routine visits"
    often = Text(zh=f"平均{weeks:.0f}周随机抽到一次", en=f"once in {weeks:.0f} weeks") if math.isfinite(weeks) else NEVER
    return Text(zh=f"按现有名额,每个网格{often.zh};{zh}", en=f"at this capacity lot leads to a grid {often.en}; {en}")
