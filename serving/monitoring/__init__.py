"""Monitoring: whether reports still come in, whether the world still looks as it did, and whether published lists were any good."""
