"""The backtest report: figures computed from the stored predictions alone, plots of them, and one page."""
