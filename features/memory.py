"""Memory of this process."""

import ctypes


def return_freed_memory() -> None:
    """Return what was freed to the system, where the allocator of C would keep it for itself (glibc's `malloc_trim`)."""
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
        trim(0)
