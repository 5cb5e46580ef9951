"""Evaluation: the past replayed beside every baseline, with intervals, in every kind of place."""
