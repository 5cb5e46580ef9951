from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, insert

from features.database.engine import writing
from features.database.tables import area
from serving.maps.place_names import Gazetteer, PlaceName

AREAS = {"d/t1": "甲街道", "d/t1/c1": "滨河社区"}
NAMES = {"d/t1/c1/g1": "甲街道滨河社区第1网格", "d/t1/c1/g2": "甲街道滨河社区第2网格", "d/t2/c3/g3": "第3网格"}
GAZETTEER = Gazetteer(AREAS, NAMES)
LETTERS = "甲乙街道镇社区村第1网格"


def test_gazetteer_reads_names_of_areas_from_their_table(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(insert(area), [{"path": path, "name": name, "stated": path == "d/t1"} for path, name in AREAS.items()])

    assert GAZETTEER == Gazetteer.read(engine, NAMES)


def test_gazetteer_names_a_grid_within_its_areas_and_falls_back_on_codes() -> None:
    assert PlaceName("甲街道", "滨河社区", "第2网格") == GAZETTEER.place("d/t1/c1/g2")
    assert PlaceName("t2", "c3", "第3网格") == GAZETTEER.place("d/t2/c3/g3")


def test_title_of_a_grid_is_its_full_name_and_of_an_unknown_place_its_code() -> None:
    paths = ("d/t1/c1/g2", "d/t1", "d/t1/c1/g9", "d", "")

    assert ["甲街道滨河社区第2网格", "甲街道", "g9", "d", ""] == [GAZETTEER.title(path) for path in paths]


def test_grid_that_bears_the_name_of_its_community_alone_keeps_it() -> None:
    names = Gazetteer(AREAS, {"d/t1/c1/g1": "甲街道滨河社区"})

    assert PlaceName("甲街道", "滨河社区", "甲街道滨河社区") == names.place("d/t1/c1/g1")


def test_grid_right_below_a_township_has_no_community() -> None:
    names = Gazetteer({"d/t1": "乙镇"}, {"d/t1/g1": "乙镇第1网格", "d/t1/g2": "乙镇第2网格"})

    assert PlaceName("乙镇", "", "第2网格") == names.place("d/t1/g2")


@given(
    st.dictionaries(st.sampled_from(["d/t1", "d/t1/c1", "d/t1/c2", "d/t2"]), st.text(LETTERS, min_size=1)),
    st.dictionaries(st.sampled_from(["d/t1/c1/g1", "d/t1/c1/g2", "d/t1/c2/g3", "d/t2/g4", "g5"]), st.text(LETTERS, min_size=1)),
)
def test_name_that_was_taken_apart_loses_nothing_but_the_names_of_its_areas(areas: dict[str, str], grids: dict[str, str]) -> None:
    names = Gazetteer(areas, grids)

    for path, name in grids.items():
        place = names.place(path)
        assert name in {
            place.grid,
            place.township + place.grid,
            place.community + place.grid,
            place.township + place.community + place.grid,
        }
        assert place.grid
