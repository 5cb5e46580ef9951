"""Quotas: sources whose records look filled up to a number that was asked for, so that their counts say little of what happened.

Four signs, each judged for every source in every community (township where there are none) over twelve whole months: the same count month
after month, a crowd in the last days of months, hardly more than one kind of matter, and many records entered at once at night. A source is
named when more areas show a sign than chance makes likely; no area and nobody who works there is.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import bdtrc, gammaln

from features.days import to_date
from features.display import SOURCE_ZH
from features.facts.places import Level, Places, positions
from features.schema import Action, Col, EventType
from serving.monitoring.drift import Finding
from serving.text import Text

MONTHS = 12
LEAST_REPORTING, LEAST_MONTHLY = 10, 3.0
"""Months with a report, and reports in such a month on average, that an area needs to be judged."""
CHANCE = 0.002
"""Probability below which a sign is no accident."""
END_DAYS = 3
END_FACTOR = 2.0
"""Times their share of the days that the last days of months must hold."""
CAMPAIGNS = 2
"""Months that are left out of it, those with most in their last days: a campaign may end with a month."""
PERPLEXITY_SHARE, LEAST_KINDS = 0.4, 3.0
"""Kinds that an area seems to have, over those of all others, below which it has hardly any; nothing is told where all have few."""
NIGHT_FROM, NIGHT_TO = 22, 6
"""Hours of the night, the last not included."""
BULK, BULK_SHARE, BULK_NIGHTS = 5, 0.1, 3
"""Records of one hour of one night that were entered at once; share of the records, and nights, from which that is a habit."""
EXPECTED_SHARE, SURE = 0.05, 0.01
"""Share of the areas that chance may mark at most, and the probability below which more of them are no chance."""

Flags = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.float64]


class Sign(StrEnum):
    """What shows that records were filled up."""

    SAME_COUNT = "same_count"
    MONTH_END = "month_end"
    FEW_KINDS = "few_kinds"
    NIGHT_BULK = "night_bulk"


SIGN_WORDS = {
    Sign.SAME_COUNT: Text(zh="每月件数雷同", en="the same count every month"),
    Sign.MONTH_END: Text(zh="集中在月末", en="a crowd at the end of months"),
    Sign.FEW_KINDS: Text(zh="类别单一", en="hardly more than one kind"),
    Sign.NIGHT_BULK: Text(zh="夜间批量录入", en="many entered at once at night"),
}


@dataclass(frozen=True)
class Looked:
    """Signs of one source in the areas with enough records to be judged."""

    area: npt.NDArray[np.integer]
    """Position of each among the areas of its level."""
    signs: dict[Sign, Flags]

    @property
    def marked(self) -> Flags:
        """Tell which areas show any sign."""
        return np.asarray(np.logical_or.reduce(list(self.signs.values())))


@dataclass(frozen=True)
class Quota:
    """One source whose records look filled up in some areas."""

    feed: str
    """The system that sends them."""
    source: str
    """Kind of source named in its records, empty where they name none."""
    areas: int
    """Areas with enough records to be judged."""
    marked: int
    """Areas of these with a sign."""
    signs: dict[Sign, int]
    """Sign -> areas that show it."""


def find_quotas(records: pl.DataFrame, places: Places, as_of: int, zone: str) -> list[Quota]:
    """Return the sources that look filled up over the twelve whole months before a day (a day number); petitions are left out."""
    level = places.levels.get("community") or places.levels.get("township")
    if level is None:
        return []
    rows = read_reports(records, places, level, to_date(as_of), zone)
    found = (_sum_up(own) for _, own in sorted(rows.partition_by("feed", "source", as_dict=True).items()))
    return [each for each in found if each is not None and _is_no_chance(each)]


def quota_findings(quotas: list[Quota]) -> list[Finding]:
    """Say of each source what is seen, and that counts must not be asked for."""
    return [Finding("completeness", quota_words(each)) for each in quotas]


def quota_words(each: Quota) -> Text:
    """Return what is seen of one source."""
    zh = "、".join(f"{SIGN_WORDS[sign].zh}{count}个" for sign, count in each.signs.items() if count)
    en = ", ".join(f"{SIGN_WORDS[sign].en} in {count}" for sign, count in each.signs.items() if count)
    source_zh = f"（来源类别：{SOURCE_ZH.get(each.source, each.source)}）" if each.source else ""
    source_en = f" ({each.source.replace('_', ' ')})" if each.source else ""
    return Text(
        zh=f"来源系统“{each.feed}”{source_zh}的记录像是按指标凑数：{each.areas}个区域中有{each.marked}个（{zh}）；"
        "件数不能说明实际情况，请核对上报要求，不得下达件数指标",
        en=f"records of {each.feed}{source_en} look filled up to a quota in {each.marked} of {each.areas} areas ({en}); their number "
        "says little of what happened: check what is asked for, and ask for no numbers",
    )


def read_reports(records: pl.DataFrame, places: Places, level: Level, as_of: date, zone: str) -> pl.DataFrame:
    """Return feed, source, area, month, days to the end of the month, kind and moment of each report of the twelve months."""
    end = as_of.replace(day=1)
    begin = end.replace(year=end.year - 1)
    local, known = (pl.col(name).dt.convert_time_zone(zone) for name in (Col.AT, Col.KNOWN_AT))
    counted = (pl.col(Col.ACTION) == Action.REPORTED) & (pl.col(Col.EVENT_TYPE) != EventType.PETITION) & (known.dt.date() < as_of)
    reported = records.filter(counted & local.dt.date().is_between(begin, end, closed="left"))
    grid = positions(places.grid_ids, reported[Col.GRID_ID].cast(pl.String).fill_null("").to_numpy().astype(np.str_))
    area = np.where(grid >= 0, level.member[grid], -1)
    month = (local.dt.year() - begin.year) * 12 + local.dt.month() - begin.month
    return reported.select(
        feed=pl.col(Col.FEED).cast(pl.String),
        source=pl.col(Col.SOURCE).cast(pl.String).fill_null(""),
        area=pl.Series(area, dtype=pl.Int32),
        month=month.cast(pl.Int32),
        days=local.dt.month_end().dt.day().cast(pl.Int32),
        to_end=(local.dt.month_end().dt.day() - local.dt.day()).cast(pl.Int32),
        kind=pl.col(Col.CATEGORY).cast(pl.String).fill_null(""),
        at=local.dt.replace_time_zone(None),
    ).filter(pl.col("area") >= 0)


def look_for_signs(rows: pl.DataFrame) -> Looked | None:
    """Look for every sign in every area of one source; None where no area has enough records."""
    area, number = np.unique(rows["area"].to_numpy(), return_inverse=True)
    month = rows["month"].to_numpy()
    monthly = _table(number, month, len(area))
    reporting = (monthly > 0).sum(axis=1)
    enough = (reporting >= LEAST_REPORTING) & (monthly.sum(axis=1) >= LEAST_MONTHLY * reporting)
    if not enough.any():
        return None
    at_end = rows["to_end"].to_numpy() < END_DAYS
    found = {
        Sign.SAME_COUNT: has_same_count(monthly),
        Sign.MONTH_END: has_month_end(monthly, _table(number[at_end], month[at_end], len(area)), _days(rows)),
        Sign.FEW_KINDS: has_few_kinds(_kinds(rows, number, len(area))),
        Sign.NIGHT_BULK: _has_night_bulk(rows, number, monthly.sum(axis=1)),
    }
    return Looked(area[enough], {sign: flags[enough] for sign, flags in found.items()})


def _sum_up(rows: pl.DataFrame) -> Quota | None:
    looked = look_for_signs(rows)
    if looked is None:
        return None
    feed, source = rows.select("feed", "source").row(0)
    signs = {sign: int(flags.sum()) for sign, flags in looked.signs.items()}
    return Quota(feed, source, len(looked.area), int(looked.marked.sum()), signs)


def _is_no_chance(each: Quota) -> bool:
    return bool(bdtrc(each.marked - 1, each.areas, EXPECTED_SHARE) < SURE)


def _table(area: npt.NDArray[np.integer], month: npt.NDArray[np.integer], areas: int) -> Counts:
    return np.bincount(area * MONTHS + month, minlength=areas * MONTHS).reshape(areas, MONTHS).astype(np.float64)


def _days(rows: pl.DataFrame) -> Counts:
    """Return the days of each month, (MONTHS,); 30 where a month has no record."""
    known = rows.group_by("month").agg(pl.col("days").first())
    days = np.full(MONTHS, 30.0)
    days[known["month"].to_numpy()] = known["days"].to_numpy()
    return days


def has_same_count(monthly: Counts) -> Flags:
    """Tell which areas reported one count in more months than independent reports of their mean would; counts are (A, MONTHS)."""
    return np.fromiter((_same_count_chance(own[own > 0]) < CHANCE for own in monthly), np.bool_, len(monthly))


def _same_count_chance(counts: Counts) -> float:
    """Bound the probability that so many of the months have any one count."""
    if not len(counts):
        return 1.0
    most = int(np.unique(counts, return_counts=True)[1].max())
    mean = float(counts.mean())
    values = np.arange(1, int(mean + 8 * np.sqrt(mean)) + 2)
    chance = np.exp(values * np.log(mean) - mean - gammaln(values + 1))  # of each count, by Poisson
    return float(bdtrc(most - 1, len(counts), chance).sum())


def has_month_end(monthly: Counts, at_end: Counts, days: Counts) -> Flags:
    """Tell which areas have a crowd in the last days of months, the months of possible campaigns left out."""
    kept = np.argsort(-at_end, axis=1, kind="stable")[:, CAMPAIGNS:]
    came = np.take_along_axis(at_end, kept, axis=1).sum(axis=1)
    total = np.take_along_axis(monthly, kept, axis=1)
    share = END_DAYS / days[kept]
    expected = (total * share).sum(axis=1)
    number = total.sum(axis=1)
    mean_share = np.divide(expected, number, out=np.zeros_like(number), where=number > 0)
    chance = bdtrc(np.maximum(came - 1, 0), number.astype(np.int64), mean_share)
    return np.asarray((came >= END_FACTOR * expected) & (came > 0) & (chance < CHANCE))


def has_few_kinds(kinds: Counts) -> Flags:
    """Tell which areas have hardly any variety beside that of all others together; counts are (A, kinds)."""
    others = _perplexity(kinds.sum(axis=0) - kinds)
    return np.asarray((others >= LEAST_KINDS) & (_perplexity(kinds) < PERPLEXITY_SHARE * others))


def _perplexity(kinds: Counts) -> Counts:
    """Return how many equally frequent kinds counts look like, (A,), corrected for small numbers (Miller and Madow)."""
    total = np.maximum(kinds.sum(axis=1), 1)
    share = kinds / total[:, None]
    entropy = -np.where(share > 0, share * np.log(np.where(share > 0, share, 1)), 0).sum(axis=1)
    return np.asarray(np.exp(entropy + np.maximum((kinds > 0).sum(axis=1) - 1, 0) / (2 * total)))


def _kinds(rows: pl.DataFrame, area: npt.NDArray[np.integer], areas: int) -> Counts:
    names, kind = np.unique(rows["kind"].to_numpy().astype(np.str_), return_inverse=True)
    return np.bincount(area * len(names) + kind, minlength=areas * len(names)).reshape(areas, len(names)).astype(np.float64)


def _has_night_bulk(rows: pl.DataFrame, area: npt.NDArray[np.integer], total: Counts) -> Flags:
    """Tell which areas enter many records within one hour of the night, again and again; midnight sharp is a date without a time."""
    at = pl.col("at")
    is_night = (at.dt.hour() >= NIGHT_FROM) | (at.dt.hour() < NIGHT_TO)
    timed = rows.with_columns(place=pl.Series(area)).filter(is_night & (at.dt.time() != pl.time(0, 0, 0)))
    bulk = timed.group_by("place", at.dt.truncate("1h").alias("hour")).len().filter(pl.col("len") >= BULK)
    by_area = bulk.group_by("place").agg(pl.col("len").sum(), nights=pl.len())
    flags = np.zeros(len(total), np.bool_)
    place = by_area["place"].to_numpy()
    flags[place] = (by_area["len"].to_numpy() >= BULK_SHARE * total[place]) & (by_area["nights"].to_numpy() >= BULK_NIGHTS)
    return flags
