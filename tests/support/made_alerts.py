"""Hand-made rows of a list."""

from serving.rankings.line_words import say_line
from serving.rankings.schemas import Explanation, ExplanationLine, GridRow, Score
from serving.text import Text

TOWNSHIP = "d/t1"


def make_text(words: str = "近28天新增矛盾纠纷5件") -> Text:
    return Text(zh=words, en="5 new disputes in 28 days")


def make_line(part: str = "open", **values: object) -> ExplanationLine:
    """Return a line about five disputes between neighbours, or what is stated."""
    of_cases = {"event_type": "dispute", "category": "neighbor", "count": 5, "oldest_days": 21} if part == "open" else {}
    line = ExplanationLine.model_validate({"part": part, "expected": 0.2, "words": make_text(), **of_cases, **values})
    return line.model_copy(update={"words": say_line(line)})


def make_score(rank: int = 1, **values: object) -> Score:
    stated = {
        "rank_low": rank,
        "rank_high": rank,
        "expected_escalations": round(1 / rank, 6),
        "usual_level": 0.1,
        "factor": 2.0,
        "risk": round(1 / (rank + 5), 6),
        "attention_level": "elevated",
        "chronic": False,
        "rising": True,
    }
    return Score(rank=rank, **stated | values)


def make_row(
    grid_id: str = "g1", rank: int | None = 1, lines: tuple[ExplanationLine, ...] = (make_line(),), township: str = TOWNSHIP
) -> GridRow:
    """Return a rated grid, or one that is not rated where `rank` is None."""
    return GridRow(
        grid_id=grid_id,
        name=f"示例{grid_id}网格",
        community=None,
        township=township,
        district="d",
        score=None if rank is None else make_score(rank),
        withheld=None if rank else "silent",
        withheld_words=None,
        confidence="high",
        weekly_cases=(),
        explanation=Explanation(reasons=lines, context=(make_text("距春节28天"),)),
    )
