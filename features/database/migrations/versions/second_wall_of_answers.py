"""Put what people contested and silenced behind the second wall too."""

from features.database.policies import show_only, show_only_with

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Put a policy on every table whose rows have a place and had none."""
    for table in ("correction", "silence"):
        show_only(table, "in_scope(path)")
    for table in ("correction_step", "rescore"):
        show_only_with(table, "correction", "id", "correction_id")
