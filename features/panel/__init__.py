"""Counters and the panel: one row of features per grid and day, one code path for history and for today."""
