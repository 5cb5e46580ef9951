"""The event log: append-only records in SQL, and their columnar copy by sequence number."""
