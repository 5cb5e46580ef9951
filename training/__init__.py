"""From the panel to a checked model: labels, backtest, baselines, registry and the promotion gate."""
