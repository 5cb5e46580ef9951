"""`yujing brief` on a home with one list: printed, or written as a paper."""

import pytest

from features.errors import NotReadyError, UsageError

pytestmark = pytest.mark.dialect("sqlite")


def test_brief_is_printed_in_either_language(run_listed) -> None:
    assert "【先看哪里，为什么】" in run_listed("brief")
    assert "WHERE TO LOOK" in run_listed("brief", "--english").upper()
    assert "一周研判" in run_listed("brief", "--weekly")


@pytest.mark.parametrize("name", ["brief.txt", "brief.html"])
def test_brief_is_written_as_its_ending_says(run_listed, tmp_path, name) -> None:
    assert f"Wrote {tmp_path / name}." in run_listed("brief", "--out", tmp_path / name).replace("\n", "")
    text = (tmp_path / name).read_text(encoding="utf-8")

    assert "每日研判" in text
    assert text.startswith("<!doctype html>" if name.endswith("html") else "每日研判")


def test_brief_of_another_ending_or_area_is_refused_and_nothing_written(run_listed, tmp_path) -> None:
    with pytest.raises(UsageError, match="must end in one of"):
        run_listed("brief", "--out", tmp_path / "brief.odt")
    with pytest.raises(NotReadyError, match="grids of its area"):
        run_listed("brief", "--area", "d/t9")

    assert ["home"] == [path.name for path in tmp_path.iterdir() if path.name in {"home", "brief.odt"}]
