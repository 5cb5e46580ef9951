"""Papers: `yujing monitor`, the `report` of a month or quarter, the `brief` of a day or week, and the signed `verification` of a month."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from serving.cli.console import (
    DAY,
    AsJson,
    HorizonDays,
    Month,
    PaperLanguage,
    Quarter,
    TargetName,
    day,
    json_text,
    message,
    one_of,
    print_table,
    say,
)
from serving.cli.workspace import Workspace

if TYPE_CHECKING:
    from serving.documents.paper import Language
    from serving.monitoring.list_quality import Realised
    from serving.monitoring.monitor import Watch

ATTENTION = 3
Today = Annotated[date | None, typer.Option("--as-of", parser=day, metavar=DAY, help="Day of the look; today by default.")]
METRICS = ("hit@5%", "hit@10%", "poisson_deviance", "ece")

Weekly = Annotated[bool, typer.Option("--weekly", help="The brief of the week that ends with the newest list.")]
BriefArea = Annotated[
    str, typer.Option("--area", metavar="PATH", help="Codes of the area from the top, joined by /; the whole by default.")
]
English = Annotated[bool, typer.Option("--english", help="In English; Chinese by default.")]
BriefOut = Annotated[Path | None, typer.Option("--out", dir_okay=False, help="A file to write: .pdf, .docx, .html or .txt.")]

AccountOut = Annotated[
    Path | None, typer.Option("--out", dir_okay=False, help="A file to write too: .zip (the archive), .pdf, .docx, .html or .txt.")
]


def monitor(
    work: Workspace, *, as_of: Today = None, target: TargetName = None, horizon_days: HorizonDays = None, as_json: AsJson = False
) -> None:
    """Tell whether reports come in, whether anything drifts, and what published lists were worth.

    Exit code 0 where all is well, 3 where something asks for attention, 1 where nothing could be told.
    """
    from features.storage.atomic_files import atomic_write
    from features.targets import DEFAULT_TARGET
    from serving.monitoring.history import keep_day
    from serving.monitoring.monitor import take_subject, watch

    until = as_of or datetime.now(work.settings.tz).date()
    subject = take_subject(work.snapshot, until, target or DEFAULT_TARGET, horizon_days, work.settings)
    seen = watch(work.home, work.engine, subject, work.settings)
    atomic_write(work.home.folder(work.home.monitoring) / f"{subject.target}.json", json_text(seen.to_json()).encode())
    keep_day(work.home, subject.target, seen.to_day())
    if as_json:
        typer.echo(json_text(seen.to_json()))
    else:
        _show(seen)
    if seen.findings:
        raise typer.Exit(ATTENTION)


def _show(seen: "Watch") -> None:
    from serving.monitoring.drift import Unknown

    silences = seen.subject.silences
    print_table(("", "name", "longest gap, days", "since", "expected", "silent"), [tuple(vars(each).values()) for each in silences])
    for part in (seen.features, seen.predictions, seen.quality):
        if isinstance(part, Unknown):
            typer.echo(f"不能估计：{part.reason.zh} / {part.reason.en}")
    if not isinstance(seen.features, Unknown):
        print_table(("feature", "", "PSI"), [(shift.name, shift.zh, shift.psi) for shift in seen.features[:5]])
    if not isinstance(seen.quality, Unknown):
        _show_quality(seen.quality)
    levels = [(each.level, each.decisions, f"{each.share:.0%}") for each in seen.agreement]
    print_table(("alerts of level", "decisions", "agreed"), levels)
    for name, each in seen.alerts.items():
        typer.echo(f"alerts by {name}: {each.alerts}, {each.expected:.1f} expected to be followed by an escalation, {each.followed} were")
    for finding in seen.findings:
        typer.echo(f"[{finding.about}] {finding.words.zh} / {finding.words.en}")
    message("Needs attention." if seen.findings else "Nothing asks for attention.")


def _show_quality(realised: "Realised") -> None:
    models = realised.scorecard.models
    print_table(("list or rule", *METRICS), [(name, *(figures[metric] for metric in METRICS)) for name, figures in models.items()])
    typer.echo(f"escalations: {realised.expected:.1f} expected, {realised.realised:.0f} followed ({len(realised.lists.as_ofs)} lists)")


Out = Annotated[Path | None, typer.Option("--out", dir_okay=False, help="A file to write too: .pdf, .docx for Word, or .html.")]
Area = Annotated[str, typer.Option("--area", metavar="PATH", help="Codes of a township from the top, joined by /; the whole by default.")]
Template = Annotated[
    Path | None,
    typer.Option(
        "--template", exists=True, dir_okay=False, help="A Word file that a .docx is written into; by default the one chosen on the page."
    ),
]


@dataclass(frozen=True)
class ReportOptions:
    """Report to write, and its destination."""

    month: Month = None
    quarter: Quarter = None
    area: Area = ""
    out: Out = None
    template: Template = None
    language: PaperLanguage = "zh"
    target: TargetName = None


def report(work: Workspace, options: ReportOptions) -> None:
    """Write the report of a month or quarter for a meeting (研判会材料): sentences first, then tables and charts.

    Small counts are masked; areas stand in the order of their codes. It is kept in the home, where the page of reports offers it to
    accounts of its area.
    """
    from features.targets import DEFAULT_TARGET
    from serving.documents.files import check_ending, write_paper
    from serving.documents.word import kept_template
    from serving.situation_report.archive import KeptReport, keep_report, read_last, report_name
    from serving.situation_report.period import read_period
    from serving.situation_report.report import analyse
    from serving.situation_report.source import Place, ReportOrder, Source
    from serving.text import Text

    if options.out is not None:
        check_ending(options.out)
    code, target = one_of(options.month, options.quarter), options.target or DEFAULT_TARGET
    order = ReportOrder(read_period(code), target, options.area)
    say(Text(zh="正在读取事件日志", en="Reading the event log"))
    source = Source(work.snapshot, Place(work.home, work.engine, work.settings), order)
    say(Text(zh="正在统计和绘图", en="Counting and drawing"))
    made = analyse(source, read_last(work.home, order.period, target, options.area))
    name = report_name(code, target, options.area)
    keep_report(work.home, KeptReport(name, code, options.area, datetime.now(UTC), made.papers, tuple(made.topics)))
    if options.out is not None:
        write_paper(made.papers[options.language], options.out, options.template, kept_template(work.home))
    message(f"Wrote {options.out}." if options.out else f"Kept as {name} in the home: see the page of reports.")


def brief(work: Workspace, *, weekly: Weekly = False, area: BriefArea = "", english: English = False, out: BriefOut = None) -> None:
    """Say on one page what to look at today (每日研判): where and why, what is due, what changed, what data are missing.

    Without --out it is printed.
    """
    from serving.accounts.permissions import Scope
    from serving.briefs.briefs import WRITERS, open_desk
    from serving.documents.files import check_ending, write_paper
    from serving.documents.paper import to_text

    if out:
        check_ending(out)
    language: Language = "en" if english else "zh"
    desk = open_desk(work.engine, work.settings, Scope(area), datetime.now(UTC), language)
    paper = WRITERS["weekly" if weekly else "daily"](desk)
    if out is None:
        typer.echo(to_text(paper))
        return
    write_paper(paper, out)
    message(f"Wrote {out}.")


def verification(
    work: Workspace,
    *,
    month: Month = None,
    quarter: Quarter = None,
    out: AccountOut = None,
    language: PaperLanguage = "zh",
    target: TargetName = None,
) -> None:
    """Account for a month (清单对账): what lists said, what came, what was missed, beside the simplest rule; signed.

    docs/recompute_account.py computes every figure again from the archive.
    """
    from features.targets import DEFAULT_TARGET
    from serving.documents.files import check_ending, write_paper
    from serving.situation_report.period import read_period
    from serving.text import Text
    from serving.verification.cells import count_cells
    from serving.verification.statement import account_paper, keep_account, must_be_ripe, read_account, read_archive

    if out is not None and out.suffix != ".zip":
        check_ending(out)
    period, chosen = read_period(one_of(month, quarter)), target or DEFAULT_TARGET
    say(Text(zh="正在读取事件日志", en="Reading the event log"))
    facts, _ = work.facts(chosen)
    must_be_ripe(facts, period, work.settings.delay_allowance_days)
    say(Text(zh="正在逐日对账", en="Going through the lists day by day"))
    counted = count_cells(facts, work.engine, work.settings.tz, period, chosen)
    name = keep_account(work.home, work.engine, (period, chosen), counted, datetime.now(UTC))
    if out is not None and out.suffix == ".zip":
        out.write_bytes(read_archive(work.home, name))
    elif out is not None:
        write_paper(account_paper(read_account(work.home, name), language), out)
    message(f"Kept as {name} in the home: see the page of reports.")
