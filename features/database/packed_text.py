"""Compressed text: many short rows that repeat each other's words, each compressed by itself with a preset dictionary (RFC 1951).

A stored value is one byte, the number of the dictionary, then a raw deflate stream. Text that was stored plainly before stays readable. A
dictionary is never edited or removed, for every row that was written with it needs each of its bytes; a better one gets the next number.
"""

import zlib
from functools import cache
from pathlib import Path

from sqlalchemy import Dialect, LargeBinary, String, TypeDecorator
from sqlalchemy.types import TypeEngine

from features.errors import DamagedError

DICTIONARY = 1
"""Number of the dictionary that new rows are written with; numbers stay below the first byte of any text."""
RAW_DEFLATE = -15
LEVEL = 5
"""Twice as fast as the highest level, for rows that are a twentieth larger."""


class PackedText(TypeDecorator[str]):
    """Text, compressed where it is stored and whole everywhere else."""

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[bytes] | TypeEngine[str]:
        """Leave SQLite's column as it was declared: it holds texts of before beside compressed rows."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String())
        return dialect.type_descriptor(LargeBinary())

    def process_bind_param(self, value: str | None, _: Dialect) -> bytes | None:
        """Compress a text."""
        return None if value is None else pack(value)

    def process_result_value(self, value: str | bytes | None, _: Dialect) -> str | None:
        """Return the text that was stored."""
        return value if value is None or isinstance(value, str) else unpack(bytes(value))


def pack(text: str) -> bytes:
    """Compress a text.

    >>> len(pack('{"weekly_escalations":[]}')) < 10
    True
    """
    stream = _compressor().copy()
    return bytes([DICTIONARY]) + stream.compress(text.encode()) + stream.flush()


def unpack(stored: bytes) -> str:
    """Return the text of a stored value, compressed or plain.

    Raises:
        DamagedError: it is neither, to its last byte.
    """
    try:
        if stored[:1] != bytes([DICTIONARY]):
            return stored.decode()
        stream = zlib.decompressobj(RAW_DEFLATE, _dictionary())
        text = stream.decompress(stored[1:]).decode()
    except (zlib.error, UnicodeDecodeError) as error:
        raise _damaged() from error
    if not stream.eof or stream.unused_data:
        raise _damaged()
    return text


@cache
def _dictionary() -> bytes:
    return Path(__file__).with_name(f"packed_text_{DICTIONARY}.txt").read_bytes()


@cache
def _compressor() -> "zlib._Compress":
    """Return a stream that knows the dictionary; copying it is much faster than making another."""
    return zlib.compressobj(LEVEL, zlib.DEFLATED, RAW_DEFLATE, zdict=_dictionary())


def _damaged() -> DamagedError:
    return DamagedError("a stored row must be as it was written, and cannot be read. Restore the database from the backup.")
