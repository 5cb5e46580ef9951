"""Registry of models: candidates, the gate, publications and their proof."""
