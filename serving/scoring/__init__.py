"""Scoring: from a champion and a panel to scores, ranks, reasons, weekly counts and sums, as plain values."""
