"""Closed lists and column names: the words every table, file and frame of the project uses."""

from enum import StrEnum


class EventType(StrEnum):
    """Type of an event."""

    DISPUTE = "dispute"
    PETITION = "petition"
    POLICE_CALL = "police_call"
    SERVICE_REQUEST = "service_request"
    HAZARD = "hazard"
    ENVIRONMENT_ORDER = "environment_order"
    OTHER = "other"


class Action(StrEnum):
    """Action on an event; each is a transition with its own `known_at`."""

    REPORTED = "reported"
    ACCEPTED = "accepted"
    ESCALATED = "escalated"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    OVERDUE = "overdue"
    CORRECTED = "corrected"
    WITHDRAWN = "withdrawn"


CLOSING_ACTIONS = frozenset({Action.RESOLVED, Action.WITHDRAWN})

DISPUTE_CATEGORIES = (
    "marriage_family",
    "neighbor",
    "housing_homestead",
    "contract",
    "business_operation",
    "damage_compensation",
    "forest_land",
    "land_acquisition",
    "environment",
    "labor_wage",
    "consumer",
    "medical",
    "traffic_accident",
    "property_mgmt",
    "village_affairs",
    "other",
)
"""The project's own category codes (statistical classes of people's mediation); a source may declare more."""

SENSITIVE_CATEGORIES = ("marriage_family", "medical")
"""Categories that are never named below community level: one case can point at one home."""

REPORT_SOURCES = ("grid_worker", "resident", "hotline", "police", "online", "visit", "other")
"""The project's own codes for how a record came in; a source may declare more."""

LEVELS = ("community", "township", "county", "city", "province")
"""Levels that handle cases, from the lowest up."""

PEOPLE_BUCKETS = ("1-2", "3-4", "5-9", "10-29", "30+")
"""Group sizes as stored: the exact number never leaves the door."""


class Col:
    """Column names of frames and files; the flat case file uses the first block."""

    EVENT_ID = "event_id"
    GRID_ID = "grid_id"
    EVENT_TYPE = "event_type"
    CATEGORY = "category"
    OCCURRED_AT = "occurred_at"
    REPORTED_AT = "reported_at"
    ACCEPTED_AT = "accepted_at"
    DEADLINE_AT = "deadline_at"
    ESCALATED_AT = "escalated_at"
    RESOLVED_AT = "resolved_at"
    REOPENED_AT = "reopened_at"
    WITHDRAWN_AT = "withdrawn_at"
    SOURCE = "source"
    SELF_FOUND = "self_found"
    PEOPLE = "people"
    LEVEL = "level"

    SEQ = "seq"
    EVENT_SEQ = "event_seq"
    ACTION = "action"
    AT = "at"
    KNOWN_AT = "known_at"
    PEOPLE_BUCKET = "people_bucket"
    FEED = "feed"
    ROW_NUMBER = "row_number"
    ROW_HASH = "row_hash"

    NAME = "name"
    PARENT_PATH = "parent_path"
    PARENT_NAMES = "parent_names"
    LON = "lon"
    LAT = "lat"
    HOUSEHOLDS = "households"
    AREA_TYPE = "area_type"
    GEOMETRY = "geometry"
    AS_OF = "as_of"


CASE_REQUIRED = (Col.EVENT_ID, Col.GRID_ID, Col.EVENT_TYPE, Col.CATEGORY, Col.OCCURRED_AT, Col.REPORTED_AT)
CASE_OPTIONAL = (
    Col.ACCEPTED_AT,
    Col.DEADLINE_AT,
    Col.ESCALATED_AT,
    Col.RESOLVED_AT,
    Col.REOPENED_AT,
    Col.WITHDRAWN_AT,
    Col.SOURCE,
    Col.SELF_FOUND,
    Col.PEOPLE,
    Col.LEVEL,
)
TRANSITION_COLUMNS = {
    Col.ACCEPTED_AT: Action.ACCEPTED,
    Col.ESCALATED_AT: Action.ESCALATED,
    Col.RESOLVED_AT: Action.RESOLVED,
    Col.REOPENED_AT: Action.REOPENED,
    Col.WITHDRAWN_AT: Action.WITHDRAWN,
}
"""Time columns of the flat case file that become transitions."""
GRID_REQUIRED = (Col.GRID_ID, Col.NAME, Col.PARENT_PATH, Col.LON, Col.LAT)
GRID_OPTIONAL = (Col.PARENT_NAMES, Col.HOUSEHOLDS, Col.AREA_TYPE, Col.GEOMETRY)
