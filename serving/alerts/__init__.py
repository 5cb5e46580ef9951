"""Alerts: which listed grids become work items, what they say, and how people answer them. Every reader takes an Actor or a Scope."""
