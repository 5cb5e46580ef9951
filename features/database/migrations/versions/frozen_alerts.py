"""Let nobody change what an alert said, or who was champion when."""

from features.database.triggers import refuse_changes, refuse_changes_of

revision = "0016"
down_revision = "0015"

FROZEN = (
    *("alert_id", "ranking_id", "grid_id", "path", "target", "starts", "ends", "raised_at"),
    *("chosen_by", "selection_probability", "second_look", "level", "body", "follows", "kind"),
)


def upgrade() -> None:
    """Refuse changes of published models, and of all but the state of an alert."""
    refuse_changes("model_publication")
    refuse_changes_of("alert", FROZEN)
