import pytest

from serving.pages.grid_view import draw_reasons
from serving.pages.translations import Translator
from serving.rankings.schemas import Explanation, FactorExplanation, Reason
from serving.text import Text
from tests.support.made_alerts import make_line

T = Translator("zh")


def test_draw_reasons_are_as_wide_as_what_they_add() -> None:
    bars = draw_reasons(Explanation(reasons=(make_line(expected=0.4), make_line("new", expected=0.1), make_line("rest", expected=0.01))), T)

    assert [bar.name for bar in bars.bars] == ["邻里纠纷5件未办结，最久21天", "尚未上报的新事项", "其余各项合计"]
    assert [bar.is_rest for bar in bars.bars] == [False, False, True]
    assert bars.bars[0].width == pytest.approx(4 * bars.bars[1].width, abs=0.2)


def test_draw_reasons_of_an_older_list_are_words_alone() -> None:
    old = FactorExplanation(
        contributions={"base": 0.1},
        reasons=(Reason(group="x", factor=1.8, words=Text(zh="↑ 近28天新增5件:与高于本网格常态相关(×1.80)", en="")),),
        context=(),
        certainty=(),
    )

    assert draw_reasons(old, T).words == ("近28天新增5件",)
