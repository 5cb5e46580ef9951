"""The SQL database: engine, tables and migrations; the same code on SQLite and PostgreSQL."""
