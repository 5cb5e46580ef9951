import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.maps.place_names import Gazetteer, PlaceName

NAMES = {
    "d/t1/c1/g1": "甲街道滨河社区第1网格",
    "d/t1/c1/g2": "甲街道滨河社区第2网格",
    "d/t1/c2/g4": "甲街道滨江社区第1网格",
    "d/t2/c3/g3": "第3网格",
}
GAZETTEER = Gazetteer.of(NAMES)


def test_gazetteer_finds_names_in_names_and_falls_back_on_codes() -> None:
    names = Gazetteer.of({"d/t1/c1/g1": "甲街道滨河社区第1网格", "d/t1/c1/g2": "甲街道滨河社区第2网格", "d/t2/c3/g3": "第3网格"})

    assert names.place("d/t1/c1/g2") == PlaceName("甲街道", "滨河社区", "第2网格")
    assert names.place("d/t2/c3/g3") == PlaceName("t2", "c3", "第3网格")


def test_area_is_named_by_what_all_its_grids_share_and_by_nothing_less() -> None:
    assert {"d/t1": "甲街道", "d/t1/c1": "滨河社区", "d/t1/c2": "滨江社区"} == GAZETTEER.areas
    assert ["甲街道", "滨江社区", "t2", "c3"] == [GAZETTEER.area(path) for path in ("d/t1", "d/t1/c2", "d/t2", "d/t2/c3")]


def test_area_whose_grids_contradict_each_other_is_called_by_its_code() -> None:
    names = Gazetteer.of({"d/t1/c1/g1": "甲街道滨河社区第1网格", "d/t1/c1/g2": "乙街道滨河社区第2网格"})

    assert ("t1", "c1") == (names.area("d/t1"), names.area("d/t1/c1"))


def test_district_has_no_name_of_its_own() -> None:
    assert "d" == GAZETTEER.title("d")
    assert "" == GAZETTEER.title("")


def test_title_of_a_grid_is_its_full_name_and_of_an_unknown_one_its_code() -> None:
    assert ["甲街道滨河社区第2网格", "甲街道", "g9"] == [GAZETTEER.title(path) for path in ("d/t1/c1/g2", "d/t1", "d/t1/c1/g9")]


def test_grid_that_bears_the_name_of_its_community_alone_keeps_it() -> None:
    names = Gazetteer.of({"d/t1/c1/g1": "甲街道滨河社区"})

    assert PlaceName("甲街道", "滨河社区", "甲街道滨河社区") == names.place("d/t1/c1/g1")


def test_grid_right_below_a_township_has_no_community() -> None:
    names = Gazetteer.of({"d/t1/g1": "乙镇第1网格", "d/t1/g2": "乙镇第2网格"})

    assert PlaceName("乙镇", "", "第2网格") == names.place("d/t1/g2")


@pytest.mark.parametrize("kind", ["街道", "镇", "乡", "开发区", "园区", "农场"])
def test_township_of_every_kind_is_told_by_its_grids(kind: str) -> None:
    names = Gazetteer.of({f"d/t1/c1/g{number}": f"东湖{kind}第{number}网格" for number in (1, 2)})

    assert f"东湖{kind}" == names.area("d/t1")


@given(
    st.dictionaries(
        st.sampled_from(["d/t1/c1/g1", "d/t1/c1/g2", "d/t1/c2/g3", "d/t2/g4", "g5"]), st.text("甲乙街道镇社区村第1网格", min_size=1)
    )
)
def test_name_that_was_taken_apart_loses_nothing_but_the_names_of_its_areas(grids: dict[str, str]) -> None:
    names = Gazetteer.of(grids)

    for path, name in grids.items():
        place = names.place(path)
        assert name in {
            place.grid,
            place.township + place.grid,
            place.community + place.grid,
            place.township + place.community + place.grid,
        }
        assert place.grid
