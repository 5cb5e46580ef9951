"""A ledger as people keep it: a workbook with a title row, merged cells and three sheets."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import openpyxl

HEADER = ("编号", "网格名称", "网格编码", "纠纷类别", "发生时间", "登记时间", "办理时限", "办结时间", "备注")
KINDS = ("邻里纠纷", "物业纠纷", "劳动争议")
GRIDS = 24


def write_ledger(path: Path, last: datetime, rows: int = 1200, days: int = 500) -> Path:
    """Write a workbook with a sheet for each half of the time before `last`, and one of notes."""
    rng = np.random.default_rng(7)
    ages = sorted(rng.uniform(1, days, rows).tolist(), reverse=True)
    book = openpyxl.Workbook()
    for name, part in (("上半段", ages[: rows // 2]), ("下半段", ages[rows // 2 :])):
        sheet = book.create_sheet(name)
        sheet.append([f"某街道矛盾纠纷台账（{name}）"])
        sheet.merge_cells("A1:I1")
        sheet.append(list(HEADER))
        for age in part:
            sheet.append(_row(rng, sheet.max_row, name, last - timedelta(days=age)))
        sheet.merge_cells("I3:I5")
    notes = book.create_sheet("填表说明")
    notes.append(["每月底汇总，次月五日前报送"])
    del book["Sheet"]
    book.save(path)
    return path


def _row(rng: np.random.Generator, number: int, sheet: str, began: datetime) -> list[str]:
    grid = min(int(rng.exponential(5)), GRIDS - 1)
    code = f"330106001{grid // 6 + 1:03}{grid % 6 + 1:03}"
    times = [began, began + timedelta(hours=2), began + timedelta(days=7), began + timedelta(days=float(rng.uniform(1, 13)))]
    said = [f"{moment:%Y-%m-%d %H:%M}" for moment in times]
    return [f"{sheet[0]}{number:05}", f"第{grid + 1}网格", code, str(rng.choice(KINDS)), *said, "已回访"]
