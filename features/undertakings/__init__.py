"""Undertakings: projects, campaigns, treatments, periods and shocks, with the places they cover."""
