"""What the model is and how it learns: labels, usual level, trees, calibration."""
