"""Alembic scripts; they run inside the transaction that opens the database."""
