"""Departments, supervision, units of each step, and sessions bound to a device."""

import sqlalchemy as sa
from alembic import op

from features.database.policies import show_also
from features.database.tables import UtcTime

revision = "0012"
down_revision = "0011"

COLUMNS = {
    "alert": {
        "department": "code of the department it was handed to; null where it is with the owner alone",
        "supervision": "requested, listed or struck_off; null without supervision",
        "kind": "category of case that its first reason is about; null where there is none",
    },
    "alert_transition": {
        "department": "department it was with afterwards",
        "unit": "path of the unit of who did it; empty is the whole, null is no person or a department",
        "unit_department": "department of who did it",
        "platform": "outside platform that answered in the name of actor_id; for auditors only",
    },
    "account": {"department": "code of the department (责任单位) it belongs to; such an account sees no area"},
    "session": {
        "device_hash": "SHA-256 of the key of the browser it is bound to; null where it is not bound to one",
        "address": "the only address it is good from; null is any",
        "label": "what the device is called",
    },
}

HANDED = """in_scope(path) OR in_scope(owner)
    OR department = nullif(current_setting('app.department', true), '')"""
"""An alert is seen where its grid lies, where it was handed to, and by the department it is with."""
VISITED = "in_scope(path) OR EXISTS (SELECT 1 FROM alert WHERE alert.alert_id = visit.alert_id)"


def upgrade() -> None:
    """Add the columns, and let the second wall show an alert to whom it was handed."""
    for table, columns in COLUMNS.items():
        for name, comment in columns.items():
            op.add_column(table, sa.Column(name, sa.String(), comment=comment))
    proved = "when its holder last gave the password; null in sessions opened before this was kept"
    op.add_column("session", sa.Column("proved_at", UtcTime(), comment=proved))
    op.create_index("ix_alert_department", "alert", ["department"])
    show_also("alert", HANDED)
    show_also("visit", VISITED)
