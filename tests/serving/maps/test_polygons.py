import shapely

from serving.maps.drawing import Sheet, draw
from serving.maps.polygons import join

LEFT, RIGHT = shapely.box(100, 0, 101, 1), shapely.box(101, 0, 102, 1)


def test_join_makes_one_polygon_of_what_lies_in_one_area() -> None:
    joined = join({"d/t/c/a": LEFT, "d/t/b": RIGHT})

    assert draw({"t": joined["d/t"]}, {"t": ()}, Sheet(400, 400)).shapes["t"].count("Z") == 1
    assert joined["d"].area == 2
    assert joined["d/t/c"].area == 1
