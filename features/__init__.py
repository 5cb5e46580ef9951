"""From raw records to one row of features per grid and day.

Intake checks what arrives, the event log keeps it, counters and the panel turn it into features. Nothing here knows of models or pages.
"""
