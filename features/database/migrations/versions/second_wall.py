"""Let PostgreSQL itself show no row outside `app.scope`, whoever asks and whatever they forget."""

from alembic import op

from features.database.policies import show_only, show_only_with

revision = "0006"
down_revision = "0005"

IN_SCOPE = """
CREATE FUNCTION in_scope(path text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT coalesce(
    current_setting('app.scope', true) IN ('', path)
    OR starts_with(path, current_setting('app.scope', true) || '/'), false)
$$
"""
PLACES = {
    "ranking_row": """
        CASE level WHEN 'grid'
        THEN concat_ws('/', coalesce(nullif(body::json->>'community', ''), nullif(body::json->>'township', ''),
                                     nullif(body::json->>'district', '')), place)
        ELSE place END""",
    "alert": "path",
    "alert_decision": "path",
    "visit": "path",
}
OF_ALERTS = ("alert_transition", "feedback")
"""Tables whose rows are as visible as the alert they belong to."""


def upgrade() -> None:
    """Put a policy on every table whose rows have a place; it holds for the owner of the tables too."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute(IN_SCOPE)
    for table, place in PLACES.items():
        show_only(table, f"in_scope({place})")
    for table in OF_ALERTS:
        show_only_with(table, "alert", "alert_id", "alert_id")
