"""The door: read files of any shape, refuse persons, quarantine what does not fit, append the rest."""
