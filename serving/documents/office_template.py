"""The office's own Word template: checked when it is chosen, kept in the home, and used for every Word file since."""

from io import BytesIO
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from features.errors import UsageError
from features.storage.atomic_files import atomic_write
from features.storage.home import Home
from serving.documents.word import external_parts

MAX_BYTES = 5 << 20
MOST_UNPACKED = 50 << 20
"""Bytes that a template may take once it is unpacked."""
FILE = "template.docx"


def kept_template(home: Home) -> Path | None:
    """Return the file of the template; None where the office has none."""
    path = home.reports / FILE
    return path if path.is_file() else None


def keep_template(home: Home, content: bytes) -> None:
    """Keep a template in place of the one before.

    Raises:
        UsageError: it is no Word file, too large, or it would load something from elsewhere when it is opened.
    """
    _must_be_small(content)
    if outside := external_parts(content):
        raise UsageError(
            f"a template must hold all that it shows, and this one loads {outside[0]!r}. Save it without links to other files."
        )
    atomic_write(home.folder(home.reports) / FILE, content)


def remove_template(home: Home) -> None:
    """Go back to plain Word files."""
    (home.reports / FILE).unlink(missing_ok=True)


def _must_be_small(content: bytes) -> None:
    try:
        with ZipFile(BytesIO(content)) as packed:
            unpacked = sum(part.file_size for part in packed.infolist())
    except BadZipFile as error:
        raise UsageError("a template must be a Word file (.docx). Save it from Word again.") from error
    if len(content) > MAX_BYTES or unpacked > MOST_UNPACKED:
        raise UsageError(
            f"a template may have {MAX_BYTES >> 20} MiB, {MOST_UNPACKED >> 20} MiB unpacked, got {len(content):,} and {unpacked:,} bytes. "
            "Take large pictures out."
        )
