"""Free disk space: below a floor nothing is published, so that what is open can still be written to its end."""

import shutil

from features.errors import StoreError
from features.storage.home import Home

MIN_SHARE, MIN_BYTES = 0.05, 1024**3
"""The larger of the two must be free."""


def check_free_disk(home: Home) -> int:
    """Return the free bytes of the disk that a home lies on.

    Raises:
        StoreError: they are too few.
    """
    usage = shutil.disk_usage(home.folder(home.root))
    needed = max(int(usage.total * MIN_SHARE), MIN_BYTES)
    if usage.free < needed:
        raise StoreError(f"{needed >> 20} MiB of disk must be free, found {usage.free >> 20}. Make room; until then nothing is published.")
    return usage.free
