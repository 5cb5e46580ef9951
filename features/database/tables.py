"""All SQL tables of event log, undertakings, lists, covariates and jobs, on one MetaData.

Undertakings and effort are append-only: a change of an undertaking is a new version.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    TypeDecorator,
    UniqueConstraint,
)

from features.database.packed_text import PackedText

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class UtcTime(TypeDecorator[datetime]):
    """A moment, stored as whole microseconds since 1970-01-01 UTC.

    SQLite forgets time zones, and millions of integers pass between a driver and a frame without being parsed.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _: Dialect) -> int | None:
        """Turn an aware datetime into microseconds."""
        return None if value is None else (value - EPOCH) // MICROSECOND

    def process_result_value(self, value: int | None, _: Dialect) -> datetime | None:
        """Turn microseconds into a datetime in UTC."""
        return None if value is None else EPOCH + value * MICROSECOND


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

grid = Table(
    "grid",
    metadata,
    Column("grid_id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("parent_path", String, nullable=False, comment='codes from the top joined by "/"; empty where unknown'),
    Column("valid_from", Date),
    Column("valid_to", Date),
    Column("households", Integer),
    Column("area_type", String),
    Column("lon", Float),
    Column("lat", Float),
    Column("geometry", String, comment="polygon as WKT, for maps"),
)

grid_mapping = Table(
    "grid_mapping",
    metadata,
    Column("old", String, primary_key=True),
    Column("new", String, ForeignKey("grid.grid_id"), primary_key=True),
    Column("share", Float, nullable=False, comment="the shares of one old grid sum to 1"),
    Column("at", Date, primary_key=True),
)

grid_neighbour = Table(
    "grid_neighbour",
    metadata,
    Column("a", String, ForeignKey("grid.grid_id"), primary_key=True),
    Column("b", String, ForeignKey("grid.grid_id"), primary_key=True),
    Column("weight", Float, nullable=False, comment="the weights of one a sum to 1"),
)

area = Table(
    "area",
    metadata,
    Column("path", String, primary_key=True, comment='codes from the top joined by "/"'),
    Column("name", String, nullable=False),
    Column("stated", Boolean, nullable=False, comment="true where a grid file states it, false where names of its grids tell it"),
)

feed = Table(
    "feed",
    metadata,
    Column("name", String, primary_key=True),
    Column("spec", JSON, nullable=False, comment="clock rules and targets of the source file"),
    Column("known_through", UtcTime, comment="greatest known_at of its events"),
)

batch = Table(
    "batch",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String, nullable=False, unique=True, comment="idempotency key, kept as long as the log"),
    Column("feed", String, ForeignKey("feed.name"), nullable=False),
    Column("read", Integer, nullable=False),
    Column("accepted", Integer, nullable=False),
    Column("duplicate", Integer, nullable=False),
    Column("quarantined", Integer, nullable=False),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("batch_id", Integer, ForeignKey("batch.id"), primary_key=True),
    Column("row_number", BigInteger, primary_key=True),
    Column("field", String, nullable=False),
    Column("code", String, nullable=False),
    Column("row_hash", String, nullable=False, comment="keyed hash of the row; its text is never stored"),
)

sequence = Table(
    "sequence",
    metadata,
    Column("name", String, primary_key=True),
    Column("last", BigInteger, nullable=False),
)

event = Table(
    "event",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("batch_id", Integer, ForeignKey("batch.id"), nullable=False),
    Column("event_id", String, nullable=False, comment="keyed hash of the id in the source"),
    Column("grid_id", String, ForeignKey("grid.grid_id"), nullable=False),
    Column("event_type", String, nullable=False),
    Column("category", String, nullable=False),
    Column("occurred_at", UtcTime, nullable=False),
    Column("reported_at", UtcTime, nullable=False),
    Column("known_at", UtcTime, nullable=False),
    Column("deadline_at", UtcTime),
    Column("source", String),
    Column("self_found", Boolean),
    Column("people_bucket", String),
    Column("level", String),
)

event_id_index = Index("uq_event_event_id", event.c.event_id, unique=True)
"""Made at the end of a first load (`features/eventlog/first_load.py`)."""

event_transition = Table(
    "event_transition",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("batch_id", Integer, ForeignKey("batch.id"), nullable=False),
    Column("event_seq", BigInteger, ForeignKey("event.seq"), nullable=False),
    Column("action", String, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("known_at", UtcTime, nullable=False),
    Column("grid_id", String, comment="of a corrected case: its grid from then on"),
    Column("category", String, comment="of a corrected case: its category from then on"),
    UniqueConstraint("event_seq", "action", "at"),
)

key_fingerprint = Table(
    "key_fingerprint",
    metadata,
    Column("name", String, primary_key=True),
    Column("fingerprint", String, nullable=False, comment="of the secret key of that name; the key itself is never stored"),
)

segment = Table(
    "segment",
    metadata,
    Column("first", BigInteger, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
    Column("records", Integer, nullable=False),
    Column("sha256", String, nullable=False),
)

ranking = Table(
    "ranking",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("as_of", Date, nullable=False),
    Column("target", String, nullable=False),
    Column("horizon_days", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("published_at", UtcTime, nullable=False),
    Column("model_hash", String, nullable=False),
    Column("model_version", String, nullable=False),
    Column("sequence", BigInteger, nullable=False, comment="last sequence number of the log that was used"),
    Column("data_through", UtcTime, nullable=False),
    Column("code_version", String, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("body_hash", String, nullable=False, comment="SHA-256 over the bodies of its rows, in order"),
    Column("previous_hash", String, nullable=False),
    Column("entry_hash", String, nullable=False, unique=True),
    UniqueConstraint("as_of", "target", "horizon_days", "revision"),
)

ranking_row = Table(
    "ranking_row",
    metadata,
    Column("ranking_id", Integer, ForeignKey("ranking.id"), primary_key=True),
    Column("level", String, primary_key=True, comment="grid, community, township or district"),
    Column("position", Integer, primary_key=True, autoincrement=False, comment="place in the published order, from 0"),
    Column("place", String, nullable=False, index=True, comment="grid_id, or path of the area"),
    Column("body", PackedText, nullable=False, comment="the JSON that is served"),
    Column("path", String, comment="place in the grid tree; null in rows of before"),
)

archived_list = Table(
    "archived_list",
    metadata,
    Column("ranking_id", Integer, ForeignKey("ranking.id"), primary_key=True, autoincrement=False),
    Column("file", String, nullable=False, comment="name of the Parquet file that holds its rows"),
    Column("sha256", String, nullable=False, comment="of that file"),
)

model_publication = Table(
    "model_publication",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("target", String, nullable=False),
    Column("model_hash", String, nullable=False),
    Column("model_version", String, nullable=False),
    Column("kind", String, nullable=False, comment="promote or rollback"),
    Column("published_at", UtcTime, nullable=False),
    Column("published_by", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("override", String, comment="what the gate objected to, where a named person overruled it"),
    Column("audited_at", UtcTime, comment="when its audit passed: its training, or its promotion against the gate; null in rows of before"),
)

APPEND_ONLY = (ranking, ranking_row, archived_list, model_publication)
"""Tables that refuse UPDATE and DELETE; rows of a list may leave once `archived_list` says where they are."""

covariate = Table(
    "covariate",
    metadata,
    Column("name", String, primary_key=True, comment="code of what is measured"),
    Column("grid_id", String, primary_key=True, comment="empty where it holds for every grid"),
    Column("day", Date, primary_key=True, comment="day, or first day of the week, that it is about"),
    Column("known_at", UtcTime, primary_key=True, comment="from then on it may be used; a corrected number has a later one"),
    Column("value", Float, nullable=False),
    Column("seq", BigInteger, nullable=False, comment="sequence number of the log with which it came"),
)

job_run = Table(
    "job_run",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("job", String, nullable=False, index=True, comment="ingest, rank, monitor or backup"),
    Column("started_at", UtcTime, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("fault", String, comment="why it failed, in one line; null where it did what it should"),
    Column("counts", JSON, nullable=False, comment="rows read, accepted, duplicate and quarantined, of an ingest"),
)

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
