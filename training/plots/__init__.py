"""Plots: the only folder that knows matplotlib. Every number drawn stands in the summary the plot is given."""
