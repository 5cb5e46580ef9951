"""How often an escalation follows, with its range: that of the places which a grid could have on its list."""

from pydantic_core import from_json

from serving.access.actor import EVERYTHING
from serving.api.shelf import PublishedList
from serving.lists.rows import Score
from serving.pages.catalogue import Speaker


def often_between(listed: PublishedList, score: Score, t: Speaker) -> str:
    """Say the range as times in a hundred: the risks at the worst and the best place that a grid could have."""
    worst, best = (_risk_at(listed, rank) for rank in (score.rank_high, score.rank_low))
    return t("times_range", low=_times(min(worst, score.risk)), high=_times(max(best, score.risk)))


def _risk_at(listed: PublishedList, rank: int) -> float:
    row = from_json(listed.within(EVERYTHING, "grid")[rank - 1])
    risk: float = row["score"]["risk"]
    return risk


def _times(risk: float) -> str:
    """Round to whole times in a hundred; neither end is certain.

    >>> _times(0.001), _times(0.12), _times(0.999)
    ('<1', '12', '>98')
    """
    return "<1" if risk < 0.005 else ">98" if risk > 0.985 else str(round(100 * risk))
