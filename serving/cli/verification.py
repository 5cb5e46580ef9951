"""`yujing verification`: the signed account of a month, of what lists said and what came."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from serving.cli.console import Month, PaperLanguage, Quarter, TargetName, message, one_of, say
from serving.cli.workspace import Workspace

Out = Annotated[
    Path | None, typer.Option("--out", dir_okay=False, help="A file to write too: .zip (the archive), .pdf, .docx, .html or .txt.")
]


def verification(
    work: Workspace,
    *,
    month: Month = None,
    quarter: Quarter = None,
    out: Out = None,
    language: PaperLanguage = "zh",
    target: TargetName = None,
) -> None:
    """Account for a month (清单对账): what lists said, what came, what was missed, beside the simplest rule; signed.

    docs/recompute_account.py computes every figure again from the archive.
    """
    from features.facts.derive import DEFAULT_TARGET
    from serving.documents.files import check_ending, write_paper
    from serving.situation_report.period import read_period
    from serving.text import Text
    from serving.verification.account_paper import account_paper
    from serving.verification.cells import count_cells
    from serving.verification.statement import keep_account, must_be_ripe, read_account, read_archive

    if out is not None and out.suffix != ".zip":
        check_ending(out)
    period, chosen = read_period(one_of(month, quarter)), target or DEFAULT_TARGET
    say(Text(zh="正在读取事件日志", en="Reading the event log"))
    facts, _ = work.facts(chosen)
    must_be_ripe(facts, period, work.settings.delay_allowance_days)
    say(Text(zh="正在逐日对账", en="Going through the lists day by day"))
    counted = count_cells(facts, work.engine, work.settings, period, chosen)
    name = keep_account(work.home, work.engine, (period, chosen), counted, datetime.now(UTC))
    if out is not None and out.suffix == ".zip":
        out.write_bytes(read_archive(work.home, name))
    elif out is not None:
        write_paper(account_paper(read_account(work.home, name), language), out)
    message(f"Kept as {name} in the home: see the page of reports.")
