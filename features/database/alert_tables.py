"""SQL tables of alerts and of what people answered; history is append-only, `alert` alone is brought up to date."""

from sqlalchemy import Boolean, Column, Date, Float, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from features.database.packed_text import PackedText
from features.database.tables import UtcTime, metadata

OPEN_STATES = ("published", "acknowledged", "in_action")

review = Table(
    "review",
    metadata,
    Column("ranking_id", Integer, ForeignKey("ranking.id"), primary_key=True),
    Column("step", String, primary_key=True, comment="held or released; a list without rows was never held"),
    Column("actor_id", String, nullable=False),
    Column("at", UtcTime, nullable=False),
)

alert = Table(
    "alert",
    metadata,
    Column("alert_id", String, primary_key=True),
    Column("ranking_id", Integer, ForeignKey("ranking.id"), nullable=False, index=True),
    Column("grid_id", String, nullable=False),
    Column("path", String, nullable=False, index=True, comment="place of the grid in the tree, itself last"),
    Column("target", String, nullable=False),
    Column("starts", Date, nullable=False),
    Column("ends", Date, nullable=False, index=True, comment="first day after the window"),
    Column("raised_at", UtcTime, nullable=False),
    Column("chosen_by", String, nullable=False, comment="score or random"),
    Column("selection_probability", Float, nullable=False),
    Column("second_look", Boolean, nullable=False, comment="true where level and rank are not shown"),
    Column("level", String, comment="null where it is not shown"),
    Column("body", PackedText, nullable=False, comment="JSON of its words, frozen"),
    Column("follows", String, ForeignKey("alert.alert_id"), comment="the alert it reopens"),
    Column("state", String, nullable=False),
    Column("since", UtcTime, nullable=False, comment="moment the state was reached"),
    Column("owner", String, nullable=False, comment="path of the unit it is with; never a person"),
    Column("version", Integer, nullable=False),
    Column("department", String, index=True, comment="code of the department it was handed to; null where it is with the owner alone"),
    Column("supervision", String, comment="requested, listed or struck_off; null without supervision"),
    Column("kind", String, comment="category of case that its first reason is about; null where there is none"),
)
Index(
    "one_open_alert",
    alert.c.grid_id,
    alert.c.target,
    unique=True,
    sqlite_where=alert.c.state.in_(OPEN_STATES),
    postgresql_where=alert.c.state.in_(OPEN_STATES),
)

alert_transition = Table(
    "alert_transition",
    metadata,
    Column("alert_id", String, ForeignKey("alert.alert_id"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("action", String, nullable=False),
    Column("state", String, nullable=False, comment="state it led to"),
    Column("reason", String, nullable=False, comment="a code; there is no free text"),
    Column("owner", String, nullable=False),
    Column("actor_id", String, nullable=False),
    Column("at", UtcTime, nullable=False, index=True),
    Column("department", String, comment="department it was with afterwards"),
    Column("unit", String, comment="path of the unit of who did it; empty is the whole, null is no person or a department"),
    Column("unit_department", String, comment="department of who did it"),
    Column("platform", String, comment="outside platform that answered in the name of actor_id; for auditors only"),
)

alert_decision = Table(
    "alert_decision",
    metadata,
    Column("ranking_id", Integer, ForeignKey("ranking.id"), primary_key=True),
    Column("grid_id", String, primary_key=True),
    Column("path", String, nullable=False),
    Column("outcome", String, nullable=False, comment="raised, or why not; grids below the threshold have no row"),
    Column("chosen_by", String, nullable=False),
)

answered = Table(
    "answered",
    metadata,
    Column("actor_id", String, primary_key=True),
    Column("key", String, primary_key=True, comment="idempotency key of the request"),
    Column("request_hash", String, nullable=False),
    Column("answer", PackedText, nullable=False, comment="JSON that was answered, and is again"),
    Column("at", UtcTime, nullable=False),
)

feedback = Table(
    "feedback",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("alert_id", String, ForeignKey("alert.alert_id"), nullable=False, index=True),
    Column("reason_group", String, nullable=False),
    Column("answer", String, nullable=False, comment="agrees, does_not or cannot_tell"),
    Column("actor_id", String, nullable=False),
    Column("at", UtcTime, nullable=False),
)

visit = Table(
    "visit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("grid_id", String, nullable=False),
    Column("path", String, nullable=False),
    Column("alert_id", String, ForeignKey("alert.alert_id"), index=True),
    Column("kind", String, nullable=False, comment="listed, random or routine"),
    Column("model_prompted", Boolean, nullable=False),
    Column("selection_probability", Float, comment="null for routine visits"),
    Column("found", String, nullable=False, comment="yes, no or unclear"),
    Column("visited_on", Date, nullable=False),
    Column("actor_id", String, nullable=False),
    Column("at", UtcTime, nullable=False),
)

sequel = Table(
    "sequel",
    metadata,
    Column("alert_id", String, ForeignKey("alert.alert_id"), primary_key=True),
    Column("escalations", Float, comment="that followed within the window; null where its grid is no more"),
    Column("at", UtcTime, nullable=False),
)

silence = Table(
    "silence",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("path", String, nullable=False, comment="area or grid that raises nothing"),
    Column("starts_at", UtcTime, nullable=False),
    Column("ends_at", UtcTime, nullable=False),
    Column("reason", String, nullable=False),
    Column("actor_id", String, nullable=False),
)

correction = Table(
    "correction",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("grid_id", String, nullable=False),
    Column("path", String, nullable=False),
    Column("alert_id", String, ForeignKey("alert.alert_id")),
    Column("about", String, nullable=False, comment="data, boundary or explanation"),
    Column("reason", String, nullable=False),
    Column("actor_id", String, nullable=False),
    Column("at", UtcTime, nullable=False),
)

correction_step = Table(
    "correction_step",
    metadata,
    Column("correction_id", Integer, ForeignKey("correction.id"), primary_key=True),
    Column("step", String, primary_key=True, comment="acknowledged, accepted or refused"),
    Column("actor_id", String, nullable=False),
    Column("at", UtcTime, nullable=False),
)

rescore = Table(
    "rescore",
    metadata,
    Column("correction_id", Integer, ForeignKey("correction.id"), primary_key=True),
    Column("before_id", Integer, ForeignKey("ranking.id"), comment="the list that stood when it was accepted"),
    Column(
        "after_id",
        Integer,
        ForeignKey("ranking.id"),
        nullable=False,
        comment="the list computed since; the same where nothing moved",
    ),
    Column("at", UtcTime, nullable=False),
)

delivery = Table(
    "delivery",
    metadata,
    Column("receiver", String, primary_key=True),
    Column("alert_id", String, primary_key=True),  # of an alert, or the name of a brief
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", UtcTime, nullable=False),
    Column("state", String, nullable=False, comment="waiting, sent or dead"),
)

lease = Table(
    "lease",
    metadata,
    Column("name", String, primary_key=True),
    Column("holder", String, nullable=False),
    Column("ends_at", UtcTime, nullable=False),
)

daily_run = Table(
    "daily_run",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("as_of", Date, nullable=False, index=True),
    Column("at", UtcTime, nullable=False),
    Column("outcome", String, nullable=False, comment="published or refused"),
    Column("detail", String, nullable=False, comment="why it was refused"),
    UniqueConstraint("as_of", "outcome"),
)

MUTABLE = ("state", "since", "owner", "version", "department", "supervision")
"""Columns of `alert` that follow its history; all others are frozen."""

APPEND_ONLY_ALERTS = (
    *(review, alert_transition, alert_decision, answered, feedback, visit, sequel, silence),
    *(correction, correction_step, rescore, daily_run),
)
"""Tables that refuse UPDATE and DELETE."""
