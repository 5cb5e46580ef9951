"""All SQL tables, whoever declares them, on the one MetaData: importing this module is what makes it complete."""

import features.database.access_tables
import features.database.alert_tables  # noqa: F401 - adds its tables to the MetaData
from features.database.tables import metadata

__all__ = ["metadata"]
