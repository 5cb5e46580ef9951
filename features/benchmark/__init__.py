"""How fast the panel is and how much memory it takes, beside peers in the same run."""
