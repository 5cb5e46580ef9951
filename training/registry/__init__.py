"""Which model is in use, and why: candidates, the gate, publications and their proof."""
