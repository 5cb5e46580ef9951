"""Uploaded files: held in the home for half an hour at most, readable by its owner only, and removed once they are taken in."""

import re
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from features.errors import NotFoundError, UsageError
from features.storage.home import Home

HELD = timedelta(minutes=30)
TOKEN_BYTES = 16
TOKEN = r"^[0-9a-f]{32}$"  # noqa: S105 - the pattern of a name
NAME_CHARS = 80
ENDINGS = (".xlsx", ".xlsm", ".xls", ".csv", ".csv.gz", ".tsv", ".txt", ".parquet")
CASES, GRIDS, HOLDER, SOURCE = "cases", "grids", "holder", "source.yaml"


@dataclass(frozen=True)
class Upload:
    """A file that somebody is taking in."""

    token: str
    folder: Path

    @property
    def cases(self) -> Path:
        """The file of cases, under its own name: the name says what kind of record it holds."""
        return next((self.folder / CASES).iterdir())

    @property
    def grids(self) -> Path | None:
        """The grid file that came with it."""
        return next((self.folder / GRIDS).iterdir(), None) if (self.folder / GRIDS).is_dir() else None

    @property
    def source(self) -> Path:
        """File that keeps the mapping meanwhile."""
        return self.folder / SOURCE


def hold(home: Home, holder: str, cases: tuple[str, BinaryIO], grids: tuple[str, BinaryIO] | None, now: datetime) -> Upload:
    """Keep a file, and the grid file that comes with it, for its holder (account_id); of a holder one at a time.

    Raises:
        UsageError: the name of a file has none of `ENDINGS`.
    """
    sweep(home, now, holder)
    upload = Upload(token := secrets.token_hex(TOKEN_BYTES), home.uploads / token)
    files = {CASES: cases} | ({GRIDS: grids} if grids else {})
    names = {kind: _plain(name) for kind, (name, _) in files.items()}
    for kind, (_, content) in files.items():
        path = home.folder(upload.folder / kind) / names[kind]
        path.touch(mode=0o600)
        with path.open("wb") as target:
            shutil.copyfileobj(content, target)
    (upload.folder / HOLDER).write_text(holder, encoding="utf-8")
    return upload


def find_upload(home: Home, holder: str, token: str, now: datetime) -> Upload:
    """Return what an account holds.

    Raises:
        NotFoundError: it holds nothing of that name: it was taken in, thrown away, or half an hour has passed.
    """
    sweep(home, now)
    upload = Upload(token, home.uploads / token)
    if not re.fullmatch(TOKEN, token) or holder != _holder(upload.folder):
        raise NotFoundError("No such file is held here: it was taken in, or half an hour has passed. Upload it again.")
    return upload


def discard(upload: Upload) -> None:
    """Remove a file and all that was made of it."""
    shutil.rmtree(upload.folder, ignore_errors=True)


def sweep(home: Home, now: datetime, holder: str | None = None) -> None:
    """Remove what is held for too long, was left behind half written, or belongs to a holder."""
    for folder in _folders(home):
        age = now.timestamp() - folder.stat().st_mtime
        if age > HELD.total_seconds() or (holder is not None and _holder(folder) == holder):
            shutil.rmtree(folder, ignore_errors=True)


def _folders(home: Home) -> Iterator[Path]:
    return home.uploads.iterdir() if home.uploads.is_dir() else iter(())


def _holder(folder: Path) -> str | None:
    path = folder / HOLDER
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _plain(name: str) -> str:
    r"""Return a file's own name without any folder, shortened before its ending.

    >>> _plain("C:\\办公\\三月 台账.XLSX")
    '三月 台账.xlsx'
    """
    base = re.sub(r"[\x00-\x1f\x7f]", "", re.split(r"[/\\]", name)[-1]).strip().lstrip(".")
    ending = next((each for each in ENDINGS if base.lower().endswith(each)), None)
    if ending is None:
        raise UsageError(f"a file must end in one of {', '.join(ENDINGS)}, got another name. Save it as one of them.")
    return f"{base[: -len(ending)][:NAME_CHARS] or CASES}{ending}"
