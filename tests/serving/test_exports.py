import csv
import io
import json
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from serving.exports import harmless, to_csv

starts = st.text(st.sampled_from(" \u3000\u200b\ufeff"), max_size=3)
triggers = st.sampled_from("=+-@\t\r\n\0＝＋－＠")
AREA = {"path": "", "grids": 1, "not_rated": 0, "expected_escalations": 0.1, "variation": 0.0, "usual_level": 0.1}
AREA |= {"priority": 0, "elevated": 0, "watch": 0}


def is_formula(cell):
    return unicodedata.normalize("NFKC", cell).strip(" \u200b\ufeff").startswith(tuple("=+-@\t\r\n\0"))


@given(starts, triggers, st.text())
def test_harmless_text_never_starts_like_a_formula(start, trigger, rest):
    assert is_formula(start + trigger + rest)
    assert not is_formula(harmless(start + trigger + rest))


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_to_csv_cells_read_back_are_no_formulas(text):
    body = json.dumps(AREA | {"path": text}).encode()

    header, *cells = csv.reader(io.StringIO(to_csv("township", [body]).decode("utf-8-sig"), newline=""))

    assert len(header) == len(cells[0]) == len(AREA) + 1
    assert not is_formula(cells[0][0])
