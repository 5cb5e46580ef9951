"""Chinese names of models, metrics, subsets and areas, as plots and page print them; what has none is shown as it is."""

MODEL_ZH = {
    "lightgbm": "本模型",
    "oracle": "理论上限（仅模拟）",
    "knowable": "记录可知上限（仅模拟）",
    "plain_lightgbm": "普通 LightGBM",
    "xgboost": "XGBoost",
    "catboost": "CatBoost",
    "glm": "正则化泊松回归",
    "negative_binomial": "负二项回归",
    "count_365d": "近一年件数",
    "count_90d": "近90天件数",
    "count_28d": "近28天件数",
    "decay_28d": "近期折合件数",
    "against_own_mean_28d": "近28天比自身平均",
    "open_backlog": "未办结件数",
    "backlog_by_type": "分类未办结件数",
    "due": "即将到期件数",
    "long_run_rate": "长期平均",
    "township_mean": "镇街平均",
    "poisson_regression": "泊松回归",
    "z_score_28d": "近28天z值",
}
METRIC_ZH = {
    "poisson_deviance": "泊松偏差（低为好）",
    "auc": "AUC",
    "ap": "AP",
    "ap_over_base": "AP为基准率的倍数",
    "hit@1%": "前1%命中率",
    "hit@5%": "前5%命中率",
    "hit@10%": "前10%命中率",
    "pai@5%": "前5% PAI",
    "brier_skill": "Brier技巧",
    "ece": "校准误差（低为好）",
    "precision@10%": "前10%精确率",
    "lift@10%": "前10%提升倍数",
}
SUBSET_ZH = {
    "onset": "突发：无未办结、90天无事项",
    "chronic": "长期偏高：近一年升级最多的一成",
    "rising": "正在上升：近28天高于自身一年",
    "low_reporting": "上报最少的四分之一",
    "before_spring_festival": "春节前四周",
    "after_redraw": "网格调整后60天内",
    "resident": "只看群众反映的升级",
}
AREA_TYPE_ZH = {"old_town": "老城区", "new_estate": "新建小区", "industrial_park": "产业园区", "rural": "农村"}
GROUPING_ZH = {"area_type": "区域类型", "low_reporting": "上报多少", "township": "镇街"}
KIND_ZH = AREA_TYPE_ZH | {"true": "上报最少的四分之一", "false": "其余网格"}
VERDICT_ZH = {
    "pass": "大体均衡",
    "block": "不均衡，不予发布",
    "inconclusive": "尚不能判断，由批准发布的人说明理由",
    "not_estimable": "不能估计，不等于通过",
}
LIST_ZH = {
    "chronic": "长期偏高清单（按常态）",
    "rising": "正在上升清单（按倍数）",
    "lightgbm": "总清单（按预计件数）",
    "z_score_28d": "简单规则（近28天z值）",
}
TARGET_ZH = {"escalation": "升级", "surge": "突增"}


def word(words: dict[str, str], name: str) -> str:
    """Return the Chinese word for a name, or the name."""
    return words.get(name, name)


PART_ZH = {"open": "未办结事项", "closed": "近期办结事项", "new": "尚未上报的事项"}
"""Parts of the model."""
