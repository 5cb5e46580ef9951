"""What each step of the product costs, by the size of a log."""
