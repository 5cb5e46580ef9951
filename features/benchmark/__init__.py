"""Benchmark of the panel: time and memory beside peers in the same run."""
