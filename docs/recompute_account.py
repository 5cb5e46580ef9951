"""Recompute an account: `python recompute_account.py 2026-10-escalation.account.zip`; its signature where `cryptography` is there."""

import csv
import hashlib
import io
import json
import sys
from collections import Counter
from math import comb
from zipfile import ZipFile

with ZipFile(sys.argv[1]) as archive:
    cells, statement = archive.read("cells.csv"), archive.read("statement.json")
    signature, key = (bytes.fromhex(archive.read(name).decode()) for name in ("signature.txt", "public_key.txt"))
said = json.loads(statement)
days, came = Counter(), Counter()
for row in csv.DictReader(io.StringIO(cells.decode())):
    days[row["group"]] += int(row["grid_days"])
    came[row["group"]] += float(row["escalations"])
rated = ("both", "list_only", "rule_only", "neither")
named, all_rated = days["both"] + days["list_only"], sum(days[group] for group in rated)
share = named / all_rated if all_rated else 0.0
one, other = (round(came[group]) for group in ("list_only", "rule_only"))
tail = sum(comb(one + other, successes) for successes in range(min(one, other) + 1))
lists = said["days_with_list"]
figures = {
    "named_per_day": round(named / lists, 1) if lists else 0.0,
    "named_share": round(share, 4),
    "came": round(sum(came.values()), 3),
    "caught": round(came["both"] + came["list_only"], 3),
    "missed": round(came["rule_only"] + came["neither"], 3),
    "unrated": round(came["unrated"], 3),
    "no_list": round(came["no_list"], 3),
    "caught_by_rule": round(came["both"] + came["rule_only"], 3),
    "caught_by_chance": round(sum(came[group] for group in rated) * share, 1),
    "p_value": round(min(1.0, 2 * tail / 2 ** (one + other)), 4),
}
wrong = [f"{name}: said {said['figures'][name]}, found {value}" for name, value in figures.items() if said["figures"][name] != value]
if hashlib.sha256(cells).hexdigest() != said["sha256"]:
    wrong.append("the cells are not those that were signed")
try:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    Ed25519PublicKey.from_public_bytes(key).verify(signature, statement)
except ImportError:
    print("the signature was not checked: `cryptography` is not installed")
except Exception:
    wrong.append("the statement is not what was signed")
print("\n".join(wrong) if wrong else f"{said['period']}: every figure holds, signed by {key.hex()}")
sys.exit(bool(wrong))
