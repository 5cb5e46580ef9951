"""Every figure of a report once more, from its Parquet files alone: scikit-learn, SciPy, pandas, and none of the product's measures."""

from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.stats import rankdata
from sklearn.metrics import average_precision_score, brier_score_loss, mean_poisson_deviance, roc_auc_score

LEAST_POSITIVES = 10
SHARES = (1, 2, 3, 5, 7, 10, 15, 20, 25, 30)
DECILES = [number / 10 for number in range(1, 10)]
LEAD_DAYS = (0, 1, 3, 7, 10)
SUBSETS = ("onset", "chronic", "rising", "low_reporting", "before_spring_festival", "after_redraw")
NOT_OF_COUNTS = ("poisson_deviance", "brier_skill", "ece")


def flags(rows, score, places_of):
    """Return each row's chance of a place in its as_of's list."""
    chances = np.zeros(len(rows))
    for positions in rows.groupby("as_of").indices.values():
        values = np.asarray(score)[positions]
        upto = rankdata(values, "max")
        above, equal = len(values) - upto, upto - rankdata(values, "min") + 1
        chances[positions] = np.clip((places_of(len(values)) - above) / equal, 0, 1)
    return chances


def share(percent):
    return lambda grids: max(1, int(np.floor(grids * percent / 100 + 0.5)))


def ratio(part, whole):
    return part / whole if whole else np.nan


def cell(weights, block, measure):
    """Return value and interval of a measure of row weights."""
    samples = np.array([measure(drawn[block]) for drawn in weights], float)
    drawn = samples[1:][np.isfinite(samples[1:])]
    known = np.isfinite(samples[0]) and len(drawn) >= max(1, 0.95 * (len(samples) - 1))
    return {
        "value": samples[0] if np.isfinite(samples[0]) else None,
        "ci95": [np.quantile(drawn, 0.025), np.quantile(drawn, 0.975)] if known else None,
    }


def of_sums(weights, rows, part, whole):
    return cell(weights, rows["block"].to_numpy(), lambda weight: ratio((weight * part).sum(), (weight * whole).sum()))


def card(weights, rows, expected, risk, counts, left_out=()):
    """Return all metrics of one model on some rows."""
    happened = counts >= 1
    climate = -np.expm1(-rows["usual_count"].to_numpy())
    flagged = {percent: flags(rows, expected, share(percent)) for percent in (1, 5, 10)}
    bins = np.digitize(risk, np.quantile(risk, DECILES))

    def hit(percent, weight):
        return ratio((weight * flagged[percent] * counts).sum(), (weight * counts).sum())

    def curve(measure, weight):
        seen = weight[happened].sum(), weight[~happened].sum()
        return measure(happened, expected, sample_weight=weight) if min(seen) > 0 else np.nan

    def ap(weight):
        return average_precision_score(happened, expected, sample_weight=weight) if weight[happened].sum() else np.nan

    def precision(weight):
        return ratio((weight * flagged[10] * happened).sum(), (weight * flagged[10]).sum())

    def base(weight):
        return ratio((weight * happened).sum(), weight.sum())

    def ece(weight):
        return ratio(sum(abs((weight * (risk - happened))[bins == number].sum()) for number in range(10)), weight.sum())

    def skill(weight):
        if not weight[happened].sum():
            return np.nan
        own, usual = (brier_score_loss(happened, chance, sample_weight=weight) for chance in (risk, climate))
        return 1 - own / usual

    def deviance(weight):
        return mean_poisson_deviance(counts, expected, sample_weight=weight) if weight.sum() else np.nan

    measures = {
        "auc": lambda weight: curve(roc_auc_score, weight),
        "ap": ap,
        "ap_over_base": lambda weight: ratio(ap(weight), base(weight)),
        **{f"hit@{percent}%": lambda weight, percent=percent: hit(percent, weight) for percent in flagged},
        "pai@5%": lambda weight: ratio(hit(5, weight), ratio((weight * flagged[5]).sum(), weight.sum())),
        "brier_skill": skill,
        "ece": ece,
        "precision@10%": precision,
        "lift@10%": lambda weight: ratio(precision(weight), base(weight)),
        "poisson_deviance": deviance,
    }
    nothing = {"value": None, "ci95": None}
    cells = {name: nothing if name in left_out else cell(weights, rows["block"], measure) for name, measure in measures.items()}
    return {name: each["value"] for name, each in cells.items()} | {"ci95": {name: each["ci95"] for name, each in cells.items()}}


def part(weights, rows, models, counts=None, left_out=()):
    counts = rows["count"].to_numpy(float) if counts is None else counts
    positives = int((counts >= 1).sum())
    reason = None if positives >= LEAST_POSITIVES else f"不能估计：只有{positives}个网格期出现，少于{LEAST_POSITIVES}个"
    cards = {name: card(weights, rows, *said(rows, name), counts, left_out) for name in models} if reason is None else {}
    return {"rows": len(rows), "positives": positives, "reason": reason, "models": cards}


def said(rows, name):
    return rows[f"expected_{name}"].to_numpy(), rows[f"risk_{name}"].to_numpy()


def with_ties(rows, score, favour, places_of):
    """Return the flags of the best and the worst order of equal scores, by sorting each list."""
    found = []
    for ascending in (False, True):
        flagged = np.zeros(len(rows))
        for positions in rows.groupby("as_of").indices.values():
            order = pd.DataFrame({"score": np.asarray(score)[positions], "favour": np.asarray(favour)[positions]}, index=positions)
            top = order.sort_values(["score", "favour"], ascending=[False, ascending], kind="stable").index[: places_of(len(positions))]
            flagged[top] = 1
        found.append(flagged)
    return found


def curve(weights, rows, name):
    counts, (expected, _) = rows["count"].to_numpy(float), said(rows, name)
    points = []
    for percent in SHARES:
        flagged = flags(rows, expected, share(percent))
        best, worst = with_ties(rows, expected, counts, share(percent))

        def pai(weight, flagged=flagged):
            hits = ratio((weight * flagged * counts).sum(), (weight * counts).sum())
            return ratio(hits, ratio((weight * flagged).sum(), weight.sum()))

        points.append(
            {
                "share": percent,
                "hit": of_sums(weights, rows, flagged * counts, counts),
                "hit_best_ties": (best * counts).sum() / counts.sum(),
                "hit_worst_ties": (worst * counts).sum() / counts.sum(),
                "pai": cell(weights, rows["block"], pai),
            }
        )
    return points


def capacity(weights, rows, name, places):
    nothing = {"value": None, "ci95": None}
    if places > rows.groupby("as_of").size().max():
        return {"capacity": places, "precision": nothing, "recall": nothing, "reason": f"不能估计：网格总数少于{places}个"}
    happened, (expected, _) = (rows["count"] >= 1).to_numpy(float), said(rows, name)
    flagged = flags(rows, expected, lambda _: places)
    best, worst = with_ties(rows, expected, happened, lambda _: places)
    return {
        "capacity": places,
        "precision": of_sums(weights, rows, flagged * happened, flagged),
        "precision_best_ties": (best * happened).sum() / best.sum(),
        "precision_worst_ties": (worst * happened).sum() / worst.sum(),
        "recall": of_sums(weights, rows, flagged * happened, happened),
        "reason": None,
    }


def reliability(weights, rows):
    risk, happened = rows["risk_lightgbm"].to_numpy(), (rows["count"] >= 1).to_numpy(float)
    bins = np.digitize(risk, np.quantile(risk, DECILES))
    return [
        {
            "rows": int((bins == number).sum()),
            "positives": int(happened[bins == number].sum()),
            "predicted": risk[bins == number].mean(),
            "observed": of_sums(weights, rows, happened * (bins == number), bins == number),
        }
        for number in np.unique(bins)
    ]


def two_lists(weights, rows):
    scores = {
        "chronic": rows["usual_level"],
        "rising": rows["expected_lightgbm"] / rows["usual_level"],
        "lightgbm": rows["expected_lightgbm"],
        "z_score_28d": rows["surge_z_score_28d"],
    }
    targets = {"escalation": rows["count"].to_numpy(float), "surge": (rows["count"] >= rows["threshold"]).to_numpy(float)}
    found = []
    for target, counts in targets.items():
        happened = (counts >= 1).astype(float)
        positives = int(happened.sum())
        if positives < LEAST_POSITIVES:
            reason = f"不能估计：只有{positives}个网格期出现，少于{LEAST_POSITIVES}个"
            found.append({"target": target, "positives": positives, "reason": reason})
            continue
        for name, score in scores.items():
            for percent in (1, 5, 10):
                flagged = flags(rows, score, share(percent))

                def lift(weight, flagged=flagged, happened=happened):
                    precise = ratio((weight * flagged * happened).sum(), (weight * flagged).sum())
                    return ratio(precise, ratio((weight * happened).sum(), weight.sum()))

                about = {"target": target, "positives": positives, "reason": None, "list": name, "share": percent}
                measured = {
                    "hit": of_sums(weights, rows, flagged * counts, counts),
                    "precision": of_sums(weights, rows, flagged * happened, flagged),
                    "lift": cell(weights, rows["block"], lift),
                    "times_usual": of_sums(weights, rows, flagged * counts, flagged * rows["usual_level"]),
                }
                found.append(about | measured)
    return found


def lead_time(weights, rows, escalations, name, horizon_days):
    """Look every escalation up in every list that spoke of its day."""
    days, horizon = sorted(rows["as_of"].unique()), pd.Timedelta(days=horizon_days)
    listed = set(rows[["as_of", "grid_id"]][flags(rows, said(rows, name)[0], share(5)) == 1].itertuples(index=False, name=None))
    block = rows.set_index(["as_of", "grid_id"])["block"]
    leads, blocks, sizes = [], [], []
    for grid, occurred, weight in escalations[["grid_id", "occurred", "weight"]].itertuples(index=False):
        if not days[0] + horizon - pd.Timedelta(days=1) <= occurred < days[-1] + (days[1] - days[0]):
            continue
        spoke = [as_of for as_of in days if as_of <= occurred < as_of + horizon]
        leads.append(max(((occurred - as_of).days for as_of in spoke if (as_of, grid) in listed), default=-1))
        blocks.append(block[spoke[-1], grid])
        sizes.append(weight)
    lead, size = np.array(leads), np.array(sizes)

    def early(least):
        return cell(weights, np.array(blocks), lambda weight: ratio((weight * size * (lead >= least)).sum(), (weight * size).sum()))

    return {
        "escalations": size.sum(),
        "listed": {str(least): early(least) for least in LEAD_DAYS if least < horizon_days},
        "median_days": np.median(lead[lead >= 0]) if (lead >= 0).any() else None,
    }


def churn(table, column):
    lists = [
        flags(rows.reset_index(drop=True), rows[column], share(5)) for _, rows in table.sort_values("as_of", kind="stable").groupby("as_of")
    ]
    shares = [np.maximum(before - after, 0).sum() / before.sum() for before, after in pairwise(lists)]
    days = pd.Series(table["as_of"].unique()).sort_values().diff().dropna().dt.days
    return {"days_apart": days.min(), "pairs": len(shares), "mean": np.mean(shares), "shares": shares}


PEERS = ("plain_lightgbm", "xgboost", "catboost", "glm", "negative_binomial")
"""Learners shown beside the model that are no simple rules."""


def recompute(tables, weights, horizon_days, delay_days, capacities):
    """Return the figures of a report: what scripts and pages read, from the stored tables."""
    rows = tables["predictions"].reset_index(drop=True)
    names = [column.removeprefix("expected_") for column in rows.columns if column.startswith("expected_")]
    counts = rows["count"].to_numpy(float)
    models = {name: card(weights, rows, *said(rows, name), counts) for name in names}
    baselines = [name for name in names if name not in {"lightgbm", *PEERS}]
    shown = ["lightgbm", min(baselines, key=lambda name: models[name]["poisson_deviance"])]
    resident = rows["resident_count"].to_numpy(float)
    subsets = {name: part(weights, rows[rows[name]].reset_index(drop=True), shown) for name in SUBSETS}
    areas = {
        level: {group: part(weights, own.reset_index(drop=True), ["lightgbm"]) for group, own in rows.groupby(level) if group}
        for level in ("township", "area_type")
    }
    return {
        "rows": len(rows),
        "escalations": counts.sum(),
        "positives": int((counts >= 1).sum()),
        "base_rate": (counts >= 1).mean(),
        "models": models,
        "shown": shown,
        "curve": {name: curve(weights, rows, name) for name in names},
        "capacity": {name: [capacity(weights, rows, name, places) for places in capacities] for name in names},
        "reliability": reliability(weights, rows),
        "two_lists": two_lists(weights, rows),
        "areas": areas,
        "subsets": subsets | {"resident": part(weights, rows, shown, resident, NOT_OF_COUNTS)},
        "folds": [fold(weights, own.reset_index(drop=True), shown, horizon_days, delay_days) for _, own in rows.groupby("fold")],
        "lead_time": {name: lead_time(weights, rows, tables["escalations"], name, horizon_days) for name in shown},
        "churn": {
            "between_lists": {name: churn(rows, f"expected_{name}") for name in shown},
            "day_over_day": churn(tables["daily"], "expected_lightgbm"),
        },
    }


def fold(weights, rows, shown, horizon_days, delay_days):
    first, last = rows["as_of"].min(), rows["as_of"].max()
    dates = {
        "learnt_before": first - pd.Timedelta(days=horizon_days + delay_days - 1),
        "first": first,
        "last": last,
        "judged_until": last + pd.Timedelta(days=horizon_days),
    }
    return {
        "fold": int(rows["fold"].iloc[0]) + 1,
        **{name: str(day.date()) for name, day in dates.items()},
        **part(weights, rows, shown),
    }
