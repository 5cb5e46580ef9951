"""The SQL database: its tables, its engine and its migrations; SQLAlchemy is imported here, in the event log and in the ledger only."""
