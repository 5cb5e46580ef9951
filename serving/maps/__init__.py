"""Maps: polygons of grids and areas, joined, simplified and packed before anybody waits for them."""
