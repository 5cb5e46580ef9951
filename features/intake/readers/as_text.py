"""Values of typed sources as the text that a CSV file would hold."""

from datetime import date, datetime
from decimal import Decimal

EXACT_BELOW = 10**15
"""A spreadsheet and a float keep 15 digits of a number; a longer whole number is no code any more."""


def as_text(value: object) -> str | None:
    """Write one value as text: whole numbers without a point, moments as ISO 8601, truth as true or false.

    >>> as_text(503.0), as_text(3.30402001001001e17), as_text(True)
    ('503', '3.30402001001001E+17', 'true')
    """
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, float):
        return _float_text(value)
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return str(int(value))
    return str(value)


def without_lost_digits(value: object) -> object:
    """Return a value of a spreadsheet, whole numbers of more than 15 digits as floats: that is all a spreadsheet keeps of them."""
    return float(value) if isinstance(value, int) and abs(value) >= EXACT_BELOW else value


def _float_text(value: float) -> str:
    if value.is_integer():
        return str(int(value)) if abs(value) < EXACT_BELOW else f"{value:.14E}"
    return str(value)
