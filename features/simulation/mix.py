"""Categories of matters, and how they mix in four kinds of areas."""

from collections.abc import Mapping

from features.schema import DISPUTE_CATEGORIES

AREA_TYPES = ("old_town", "new_estate", "industrial_park", "rural")
"""Mixed old town, commodity housing, parks with migrant workers, villages."""

Mix = Mapping[str, tuple[float, float, float, float]]
"""Percent of each category in each type of area."""

DISPUTE_MIX: Mix = {
    "neighbor": (27, 18, 10, 28),
    "marriage_family": (18, 12, 10, 14),
    "damage_compensation": (9, 7, 14, 8),
    "housing_homestead": (6, 3, 2, 7),
    "medical": (3, 2, 2, 2),
    "contract": (7, 12, 10, 3),
    "traffic_accident": (5, 5, 8, 5),
    "business_operation": (4, 4, 5, 3),
    "land_acquisition": (2, 2, 3, 5),
    "forest_land": (0, 0, 1, 14),
    "labor_wage": (4, 4, 25, 2),
    "consumer": (3, 5, 3, 1),
    "environment": (2, 2, 2, 1),
    "property_mgmt": (6, 20, 2, 0),
    "village_affairs": (0, 0, 0, 4),
    "other": (4, 4, 3, 3),
}
"""Percent of the disputes of each area type; proposals shaped on published figures of five places."""

REQUEST_MIX: Mix = {
    "city_appearance": (32, 26, 32, 34),
    "municipal_works": (20, 16, 20, 22),
    "environment": (18, 15, 19, 19),
    "property_mgmt": (10, 24, 4, 1),
    "traffic": (5, 6, 6, 5),
    "education_health": (4, 4, 3, 4),
    "planning_construction": (4, 3, 4, 6),
    "community_management": (4, 3, 3, 5),
    "labor_wage": (1, 1, 6, 1),
    "other": (2, 2, 3, 3),
}
"""Percent of the service requests of each area type, close to one measured log of 7,797; property is added."""

HAZARD_MIX: Mix = {"fire_safety": (40, 45, 40, 35), "structure": (25, 20, 20, 30), "electrical": (35, 35, 40, 35)}
ENVIRONMENT_MIX: Mix = {"street_order": (55, 45, 55, 30), "litter": (45, 55, 45, 70)}
PETITION_MIX: Mix = {
    name: DISPUTE_MIX[name]
    for name in ("land_acquisition", "housing_homestead", "labor_wage", "property_mgmt", "environment", "village_affairs", "other")
}

INJURY_CALL = "injury_call"
"""A police call about a dispute in which somebody or something was badly harmed: what `strict` counts."""

OWN_CATEGORIES = tuple(
    sorted({INJURY_CALL, *REQUEST_MIX, *HAZARD_MIX, *ENVIRONMENT_MIX} - set(DISPUTE_CATEGORIES)),
)
"""Codes that the configuration has to declare beside the project's own."""
