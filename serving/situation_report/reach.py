"""Readers of reports: each report is for the accounts of exactly its area, so that no two can be subtracted from each other."""

from serving.accounts.permissions import EVERYTHING, Scope
from serving.server.list_cache import PublishedList


def area_of_reports(scope: Scope, listed: PublishedList | None) -> str | None:
    """Return the area whose reports an account reads and makes: empty for the whole, a township's path, None for any other."""
    if scope.department:
        return None
    if scope == EVERYTHING or _holds_every_district(scope, listed):
        return ""
    townships = listed.within(scope, "township") if listed else ()
    is_township = len(townships) == 1 and f'"path":"{scope.path}"'.encode() in townships[0]
    return scope.path if is_township else None


def _holds_every_district(scope: Scope, listed: PublishedList | None) -> bool:
    districts = listed.within(EVERYTHING, "district") if listed else ()
    return bool(districts) and listed is not None and listed.within(scope, "district") == districts
