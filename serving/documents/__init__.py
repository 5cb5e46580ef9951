"""Papers that people print, send and keep: what stands on them, and how they become files."""
