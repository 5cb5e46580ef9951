"""Pages of the models, and of a case file that is scored: who may, what is shown, and faults in the reader's language."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from features.errors import InputRefusedError
from serving.app import create_app
from serving.pages.routes.models import ROWS_SHOWN
from serving.rankings.schemas import RefusedRow, RowsRefusedError, ScoredFile, ScoredGrid
from serving.text import NOTICES
from tests.support.audit_entries import newest_entries
from tests.support.people import NOW, flat, token_of
from tests.support.published_world import AS_OF, World
from tests.support.visitors import PASSWORD, Clock

FAULT = RefusedRow(2, "grid_id", "unknown_grid", "must be a known grid", "须为已知网格")


@dataclass
class Scorer:
    """Gives the same answer to every file, and remembers where the last one lay."""

    answer: ScoredFile | Exception
    path: Path | None = None
    content: bytes = b""

    def check(self, *_: object) -> None:
        """Find every request answerable."""

    def score(self, path: Path, *_: object) -> ScoredFile:
        self.path, self.content = path, path.read_bytes()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def scored(*expected: float | None) -> ScoredFile:
    grids = [
        ScoredGrid(
            grid_id=f"g{number:03}",
            expected_escalations=each,
            usual_level=None if each is None else 0.1,
            risk=None if each is None else 0.126,
            withheld="no_data" if each is None else None,
        )
        for number, each in enumerate(expected)
    ]
    model = {"target": "escalation", "horizon_days": 14, "model_version": "1", "model_hash": "m" * 64}
    return ScoredFile(as_of=AS_OF, cases=1204, duplicate=0, notices=NOTICES, grids=tuple(grids), **model)


@pytest.fixture
def send(own_world: World) -> Iterator[Callable]:
    """Return a function that has an analyst score a file with a scorer, or with none."""
    with ExitStack() as stack:

        def send(scorer: Scorer | None, language: str = "zh"):
            app = create_app(own_world.settings, own_world.home, Clock(NOW), None, (lambda: scorer) if scorer else None)
            client = stack.enter_context(TestClient(app, base_url="http://localhost", follow_redirects=False))
            client.cookies.set("yujing_language", language)
            client.post("/login", data={"name": "analyst", "password": PASSWORD})
            about = {"csrf": token_of(client.get("/score").text), "as_of": AS_OF.isoformat()}
            return client.post("/score", data=about, files={"file": ("cases.csv", b"grid_id\ng001\n")})

        yield send


def rows_of(page: str) -> list[str]:
    return [row.partition("</th>")[0] for row in flat(page).split('<th scope="row">')[1:]]


def test_score_shows_rated_grids_by_what_is_expected_and_ties_in_the_order_of_the_file(send) -> None:
    page = send(Scorer(scored(0.1, None, 0.5, 0.1, 0.0))).text

    assert ["g002", "g000", "g003", "g004"] == rows_of(page)
    assert "共读取1204件事项" in page
    assert "0.50" in page
    assert "13%" in page


def test_score_shows_no_more_than_the_first_rows(send) -> None:
    page = send(Scorer(scored(*(number / 1000 for number in range(ROWS_SHOWN + 1))))).text

    assert (ROWS_SHOWN, True, False) == (len(rows_of(page)), "g200" in page, "g000" in page)


def test_score_keeps_no_file_and_writes_down_who_asked_for_which_day(send, own_world) -> None:
    scorer = Scorer(scored(0.1))
    send(scorer)
    entry = newest_entries(own_world.engine, 1)[0]

    assert b"grid_id\ng001\n" == scorer.content
    assert scorer.path
    assert not scorer.path.parent.exists()
    assert ("score", "case file", '{"as_of": "2026-01-09"}') == (entry.action, entry.subject, entry.detail)


@pytest.mark.parametrize(
    ("error", "language", "said"),
    [
        (RowsRefusedError([FAULT], 3), "zh", ("2 grid_id", "须为已知网格")),
        (RowsRefusedError([FAULT], 3), "en", ("2 grid_id", "must be a known grid")),
        (InputRefusedError("not_csv", "secret words of the file"), "zh", ("文件未被接受", "整个文件不合要求")),
        (InputRefusedError("not_csv", "secret words of the file"), "en", ("The file was refused", "The whole file does not fit")),
    ],
    ids=["row zh", "row en", "file zh", "file en"],
)
def test_score_of_a_file_that_does_not_fit_says_where_and_why_and_repeats_none_of_it(send, error, language: str, said) -> None:
    answer = send(Scorer(error), language)

    assert 422 == answer.status_code
    assert [True, True] == [words in answer.text for words in said]
    assert "secret" not in answer.text


def test_score_where_no_model_is_loaded_is_refused(send) -> None:
    assert 409 == send(None).status_code


@pytest.mark.parametrize(
    ("name", "models", "score"), [("analyst", 200, 200), ("centre", 200, 403), ("auditor", 200, 403), ("town", 403, 403)]
)
def test_pages_of_models_and_scores_open_for_their_roles_alone(enter, name: str, models: int, score: int) -> None:
    visitor = enter(name)

    assert [models, models, score] == [visitor.get(address).status_code for address in ("/models", "/models/compare", "/score")]


@pytest.mark.parametrize("name", ["folds.png", "backtest.json", "..%2Fbacktest.json"])
def test_plot_that_was_not_kept_is_not_found(enter, name: str) -> None:
    assert 404 == enter("analyst").get(f"/models/plots/{name}").status_code


def test_compare_of_a_target_that_nothing_was_published_for_falls_back_to_one_that_was(enter) -> None:
    page = flat(enter("analyst").get("/models/compare?target=nothing").text)

    assert '<option value="escalation" selected' in page
    assert 'value="nothing"' not in page
