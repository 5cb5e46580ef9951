"""Learning: labels, folds, the parts of the model, their level, trees and calibration."""
