"""Data notices: where nothing can be rated, said once for the largest area it holds for; silence is not calm."""

from collections.abc import Iterable

from serving.alerts.inhibition import ancestors, heard
from serving.lists.rows import GridRow, place_of


def data_notices(rows: Iterable[GridRow]) -> dict[str, int]:
    """Return the places in which no grid could be rated, with the number of their grids; an area speaks for all below it."""
    rated: set[str] = set()
    grids: dict[str, int] = {}
    for row in rows:
        path = place_of({"grid_id": row.grid_id, "community": row.community, "township": row.township, "district": row.district})
        for place in (path, *ancestors(path)):
            grids[place] = grids.get(place, 0) + 1
            if row.score:
                rated.add(place)
    return {place: grids[place] for place in sorted(heard(grids.keys() - rated))}
