"""Chains of hashes: every entry names the one before it, so a change anywhere breaks all that follows."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime

GENESIS = "0" * 64
"""Predecessor of the first entry."""


def hash_entry(fields: Mapping[str, object]) -> str:
    """Return the SHA-256 over all fields of an entry, its `previous_hash` among them."""
    content = json.dumps(fields, default=_moment, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()


def _moment(value: date) -> str:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value.isoformat()
