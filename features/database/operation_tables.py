"""SQL tables of the service's own work: every run of a job, kept for as long as `retention` says."""

from sqlalchemy import JSON, Column, Float, Integer, String, Table

from features.database.tables import UtcTime, metadata

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
