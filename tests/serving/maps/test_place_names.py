from serving.maps.place_names import Gazetteer, PlaceName


def test_gazetteer_finds_names_in_names_and_falls_back_on_codes() -> None:
    names = Gazetteer.of({"d/t1/c1/g1": "甲街道滨河社区第1网格", "d/t1/c1/g2": "甲街道滨河社区第2网格", "d/t2/c3/g3": "第3网格"})

    assert names.place("d/t1/c1/g2") == PlaceName("甲街道", "滨河社区", "第2网格")
    assert names.place("d/t2/c3/g3") == PlaceName("t2", "c3", "第3网格")
