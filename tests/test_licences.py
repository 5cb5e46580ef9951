"""Every package that is pinned at run time has a licence that an Apache-2.0 product may ship."""

import re
from email.message import Message
from importlib.metadata import files, metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ALLOWED = frozenset(
    {
        "0BSD",
        "Apache-2.0",
        "Apache-2.0 WITH LLVM-exception",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "CC0-1.0",
        "ISC",
        "MIT",
        "MIT-0",
        "MIT-CMU",
        "MPL-2.0",
        "PSF-2.0",
        "Zlib",
    }
)
WRITTEN_AS = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.1-or-later",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
"""Names of classifiers and of the free-text field, by SPDX identifier."""
DYNAMICALLY_IMPORTED = frozenset({"psycopg", "psycopg-binary", "python-stdnum"})
"""Wheels under the LGPL: imported as they are, and replaceable by whoever installs the product."""
READ_BY_HAND = {"huey": "MIT", "skops": "MIT"}
"""Packages whose metadata names no licence, with the one that their licence file holds."""
COPYLEFT = re.compile(r"(?<!L)GPL|Affero|GNU General Public", re.IGNORECASE)


def pinned_names() -> list[str]:
    """Return what the lock pins."""
    return re.findall(r"^([\w.-]+)(?:\[[\w,]+\])?==", (ROOT / "requirements" / "runtime.txt").read_text(encoding="utf-8"), re.MULTILINE)


def licence_statements(fields: Message) -> list[str]:
    """Return what metadata says of the licence, the most exact field first."""
    classifiers = [text.rpartition(" :: ")[2] for text in fields.get_all("Classifier", []) if text.startswith("License ::")]
    free_text = str(fields.get("License", "")).strip().partition("\n")[0]
    statements = [fields.get("License-Expression", ""), *(name for name in classifiers if name != "OSI Approved"), free_text]
    return [statement for statement in statements if statement]


def is_allowed(expression: str, allowed: frozenset[str]) -> bool:
    alternatives = [alternative.split(" AND ") for alternative in expression.split(" OR ")]
    return any(all(WRITTEN_AS.get(part, part) in allowed for part in parts) for parts in alternatives)


def licence_fault(name: str, fields: Message) -> str | None:
    """Return why a package may not be shipped; None where it may."""
    statements = licence_statements(fields)
    if copyleft := [statement for statement in statements if COPYLEFT.search(statement)]:
        return f"{name}: {copyleft[0]}"
    lesser = [text for text in statements if "LGPL" in text]
    if lesser:
        return None if name in DYNAMICALLY_IMPORTED else f"{name}: {lesser[0]}"
    expression = READ_BY_HAND.get(name) or next(iter(statements), "none named")
    return None if is_allowed(expression, ALLOWED) else f"{name}: {expression}"


def described(*fields: tuple[str, str]) -> Message:
    message = Message()
    for name, value in fields:
        message[name] = value
    return message


def test_licences_of_all_pinned_packages_are_allowed() -> None:
    names = list(pinned_names())

    assert len(names) > 100
    assert [fault for name in names if (fault := licence_fault(name, metadata(name)))] == []


@pytest.mark.parametrize("name", sorted(READ_BY_HAND))
def test_licences_read_by_hand_are_named_nowhere_else(name: str) -> None:
    assert licence_statements(metadata(name)) == []
    assert "Permission is hereby granted, free of charge" in licence_file(name)


def licence_file(name: str) -> str:
    return "".join(path.read_text(encoding="utf-8") for path in files(name) or () if path.name.startswith("LICENSE"))


@pytest.mark.parametrize(
    "fields",
    [
        [("License", "GPL-3.0-or-later")],
        [("License-Expression", "AGPL-3.0-only")],
        [("License-Expression", "MIT AND GPL-2.0-only")],
        [("License", "MIT"), ("Classifier", "License :: OSI Approved :: GNU General Public License v3 (GPLv3)")],
        [("Classifier", "License :: OSI Approved :: GNU Affero General Public License v3")],
        [("License-Expression", "LGPL-3.0-only")],
        [("License", "Proprietary")],
        [],
    ],
)
def test_licences_copyleft_or_unclear_are_refused(fields: list[tuple[str, str]]) -> None:
    assert licence_fault("planted", described(*fields)) is not None


def test_licences_permissive_choice_is_allowed() -> None:
    assert licence_fault("planted", described(("License-Expression", "Apache-2.0 OR BSD-3-Clause"))) is None
