"""The archive that a workbook is: how much it may unpack to, and what its files may not hold."""

import xml.parsers.expat
import zipfile
from pathlib import Path
from typing import IO

from features.errors import InputRefusedError
from features.intake.quarantine import Code

WORKBOOK_BYTES = 256 * 1024 * 1024
"""Unpacked size of a workbook, which has to be held in memory in part."""
SHARED_BYTES = 96 * 1024 * 1024
"""Of these, the texts that cells share: all of them are held in memory, where each takes several times its room."""
SHARED_TEXTS = "sharedstrings.xml"
_CHUNK_BYTES = 1 << 20


class _RootReachedError(Exception):
    """The first element of an XML file was reached without a document type."""


def check_archive(path: Path) -> None:
    """Return quietly when a workbook can be read safely.

    Raises:
        InputRefusedError: it unpacks to too much, or declares entities of its own.
    """
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        size = sum(member.file_size for member in members)
        if size > WORKBOOK_BYTES:
            found = f"found {size >> 20} MiB. Save it as CSV."
            raise InputRefusedError(Code.FILE_TOO_LARGE, f"{path} may unpack to {WORKBOOK_BYTES >> 20} MiB, {found}")
        shared = sum(member.file_size for member in members if member.filename.lower().endswith(SHARED_TEXTS))
        if shared > SHARED_BYTES:
            found = f"found {shared >> 20} MiB. Save it as CSV."
            raise InputRefusedError(Code.FILE_TOO_LARGE, f"the texts of {path} may take {SHARED_BYTES >> 20} MiB, {found}")
        for member in members:
            if member.filename.lower().endswith((".xml", ".rels")):
                with archive.open(member) as content:
                    _refuse_document_type(content, path)


def _refuse_document_type(content: IO[bytes], path: Path) -> None:
    def refuse(*_: object) -> None:
        raise InputRefusedError(Code.FILE_FORMAT, f"{path} must be a plain workbook, found XML entities of its own. Save it again.")

    def stop(*_: object) -> None:
        raise _RootReachedError

    parser = xml.parsers.expat.ParserCreate()
    parser.StartDoctypeDeclHandler, parser.StartElementHandler = refuse, stop
    try:
        while chunk := content.read(_CHUNK_BYTES):
            parser.Parse(chunk, False)
    except _RootReachedError:
        return
