"""Keys of a home: what each is for, and how one takes the place of another that may have leaked."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine

from features.database.engine import writing
from features.database.known_keys import fingerprint_of, known_fingerprints, lost_keys, replace_fingerprint
from features.errors import NotFoundError, StoreError, UsageError
from features.intake.pseudonyms import KEY_NAME as INTAKE
from features.storage.home import Home
from features.storage.keys import BACKUPS, HEADS, MODELS, PRIVATE, PUBLIC, SECRET, key_files, replace_pair, replace_secret
from serving import audit
from serving.operations.integrity import replace_key
from training.registry.publish import sign_again

ACTION = "key.rotate"


@dataclass(frozen=True)
class Purpose:
    """Purpose of a key."""

    text: str
    replace: Callable[[Home], bytes] | None
    """Makes another one and returns what its fingerprint is taken of; None where no other may take its place."""
    then: str = ""
    """Steps left to do afterwards."""


@dataclass(frozen=True)
class KeyLine:
    """One key of a home, without the key."""

    name: str
    purpose: str
    fingerprint: str | None
    """None where the database knows a key that the home lacks."""
    since: datetime | None
    is_known: bool
    """True where the database knows it by its fingerprint and refuses another one."""
    can_rotate: bool


RESTART = "Restart the service."
SIGNED = "Note the new fingerprint, and restore older backups with `--fingerprint` of the key that signed them."
PURPOSES = {
    INTAKE: Purpose("makes the ids of cases from those of their sources; never replaced, or every case would be stored again", None),
    MODELS: Purpose("signs published models; no other is served", sign_again),
    HEADS: Purpose("signs checkpoints of ledger and audit trail", replace_key, RESTART),
    BACKUPS: Purpose("signs backups", lambda home: replace_pair(home, BACKUPS), SIGNED),
    "cursor": Purpose("signs where the next page of a long answer begins", lambda home: replace_secret(home, "cursor"), RESTART),
    "browser": Purpose("marks browsers that an account signed in from", lambda home: replace_secret(home, "browser"), RESTART),
    "sign_on": Purpose("guards sign-ins under way at the identity provider", lambda home: replace_secret(home, "sign_on"), RESTART),
}
OF_OTHERS = {
    "receiver-": "signs messages to the receiver of that name",
    "platform-": "proves answers of the outside platform of that name",
}
"""Keys that somebody outside holds too, by how their names begin."""


def purpose_of(name: str) -> Purpose | None:
    """Return what a key is for; None for a name that no key has."""
    for start, text in OF_OTHERS.items():
        if name.startswith(start):
            return Purpose(text, lambda home: replace_secret(home, name), "Give the new key to whoever is at the other end.")
    return PURPOSES.get(name)


def list_keys(home: Home, engine: Engine) -> Iterator[KeyLine]:
    """Yield the keys of a home and those that its database misses, by name."""
    known, here = known_fingerprints(engine), _names_here(home)
    for name in sorted(known.keys() | here):
        files, purpose = key_files(home, name), purpose_of(name)
        shown = next((content for path, content in files.items() if path.suffix != PRIVATE), None)
        yield KeyLine(
            name=name,
            purpose=purpose.text if purpose else "is of no use that this version knows",
            fingerprint=fingerprint_of(shown) if shown else None,
            since=datetime.fromtimestamp(min(path.stat().st_mtime for path in files), UTC) if files else None,
            is_known=name in known,
            can_rotate=bool(purpose and purpose.replace),
        )


def rotate(home: Home, engine: Engine, name: str, now: datetime) -> Purpose:
    """Put a new key in the place of one, and keep that in the audit trail; what the old one signed is signed again or stays accepted.

    Raises:
        NotFoundError: the home has no such key.
        UsageError: no other may take its place.
        StoreError: the key is not the one that the database knows, or something it signed was changed.
    """
    purpose, before = purpose_of(name), key_files(home, name)
    if purpose is None or not before:
        raise NotFoundError(f"a key of this home must be named, got {name!r}. `yujing keys list` names them.")
    if purpose.replace is None:
        raise UsageError(f"the key {name!r} must stay, for it {purpose.text}. See docs/operations.md for what to do when it leaked.")
    if name in lost_keys(home, engine):
        raise StoreError(f"the key {name!r} must be the one that the database knows, and is not. Restore it from the backup first.")
    try:
        with writing(engine) as connection:
            key = purpose.replace(home)
            replace_fingerprint(connection, name, key)
            audit.record(connection, audit.OPERATOR, ACTION, name, {"fingerprint": fingerprint_of(key)}, now)
    except BaseException:
        for path, content in before.items():
            path.write_bytes(content)
        raise
    return purpose


def _names_here(home: Home) -> set[str]:
    paths = home.keys.iterdir() if home.keys.is_dir() else []
    return {path.stem for path in paths if path.suffix in (SECRET, PUBLIC)}
