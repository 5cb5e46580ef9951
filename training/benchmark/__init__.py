"""Cost of each step of the product, by the size of a log."""
