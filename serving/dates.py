"""A day as ISO 8601 writes it, and in no other way that could be taken for one, such as a number of seconds."""

import re
from datetime import date
from typing import Annotated

from pydantic import BeforeValidator

WRITTEN = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def iso(value: object) -> object:
    """Return a value that is a day or the text of one.

    Raises:
        ValueError: it is not.
    """
    if not isinstance(value, date) and not (isinstance(value, str) and WRITTEN.fullmatch(value)):
        raise ValueError("a date must be written YYYY-MM-DD")
    return value


IsoDay = Annotated[date, BeforeValidator(iso)]
