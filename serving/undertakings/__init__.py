"""The register of undertakings as people use it: who may enter what, what lies ahead, and what helped."""
