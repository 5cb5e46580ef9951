"""One feature family a file; each yields the features a source's columns allow."""
