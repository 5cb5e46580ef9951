"""SQL tables of undertakings and of effort; both are append-only, and a change of an undertaking is a new version."""

from sqlalchemy import BigInteger, Boolean, Column, Date, Float, Integer, String, Table, UniqueConstraint

from features.database.tables import UtcTime, metadata

undertaking = Table(
    "undertaking",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("undertaking_id", String, nullable=False),
    Column("version", Integer, nullable=False, comment="1, 2, 3, ...; the last one known holds"),
    Column("kind", String, nullable=False, comment="project, campaign, treatment, period or shock"),
    Column("sub_kind", String, nullable=False),
    Column("places", String, nullable=False, comment='grid ids or paths joined by ";"; empty is everything'),
    Column("name", String, comment="as it was published; screened for persons"),
    Column("public_at", Date, nullable=False, comment="day on which the public could know"),
    Column("start_at", Date, nullable=False),
    Column("end_at", Date, comment="first day after it; null where it has not ended"),
    Column("assessed", Boolean, comment="whether a social stability risk assessment was held; null where unknown"),
    Column("heard", Boolean, comment="whether those concerned were heard; null where unknown"),
    Column("note_code", String, comment="a code of the source; there is no free text"),
    Column("attention", Float, comment="factor on the share of grids alerted in its places while it lasts; null leaves it"),
    Column("withdrawn", Boolean, nullable=False, comment="true where it was called off, or entered by mistake"),
    Column("known_at", UtcTime, nullable=False),
    Column("actor_id", String, nullable=False),
    UniqueConstraint("undertaking_id", "version"),
)

effort = Table(
    "effort",
    metadata,
    Column("grid_id", String, primary_key=True),
    Column("week", Date, primary_key=True, comment="first of the seven days"),
    Column("seq", BigInteger, nullable=False, comment="sequence number of the log with which it came"),
    Column("visits", Integer, nullable=False),
    Column("screening_campaign", Boolean, nullable=False),
    Column("active_reporters", Integer, nullable=False),
)

undertaking_review = Table(
    "undertaking_review",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("as_of", Date, nullable=False, comment="first day that was not looked at"),
    Column("at", UtcTime, nullable=False),
    Column("body", String, nullable=False, comment="JSON: what undertakings were followed by, and what helped"),
)

APPEND_ONLY_UNDERTAKINGS = (undertaking, effort, undertaking_review)
"""Tables that refuse UPDATE and DELETE."""
