"""`yujing monitor`: what a scheduler asks every morning."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from serving.cli.options import AsJson, HorizonDays, TargetName, day
from serving.cli.output import json_text, message, print_table
from serving.cli.workspace import Workspace

if TYPE_CHECKING:
    from serving.monitoring.monitor import Watch
    from serving.monitoring.quality import Realised

ATTENTION = 3
Today = Annotated[date | None, typer.Option("--as-of", parser=day, metavar="DATE", help="Day such as 2026-01-31; today by default.")]
METRICS = ("hit@5%", "hit@10%", "poisson_deviance", "ece")


def monitor(
    work: Workspace, *, as_of: Today = None, target: TargetName = None, horizon_days: HorizonDays = None, as_json: AsJson = False
) -> None:
    """Tell whether reports come in, whether anything drifts, and what published lists were worth.

    Exit code 0 where all is well, 3 where something asks for attention, 1 where nothing could be told.
    """
    from features.derive import DEFAULT_TARGET
    from features.durable import write_durably
    from serving.monitoring.monitor import take_subject, watch

    until = as_of or datetime.now(work.settings.tz).date()
    subject = take_subject(work.snapshot, until, target or DEFAULT_TARGET, horizon_days, work.settings)
    seen = watch(work.home, work.engine, subject, work.settings)
    write_durably(work.home.folder(work.home.monitoring) / f"{subject.target}.json", json_text(seen.to_json()).encode())
    if as_json:
        typer.echo(json_text(seen.to_json()))
    else:
        _show(seen)
    if seen.findings:
        raise typer.Exit(ATTENTION)


def _show(seen: "Watch") -> None:
    from serving.monitoring.findings import Unknown

    silences = seen.subject.silences
    print_table(("", "name", "longest gap, days", "since", "expected", "silent"), [tuple(vars(each).values()) for each in silences])
    for part in (seen.features, seen.predictions, seen.quality):
        if isinstance(part, Unknown):
            typer.echo(f"不能估计:{part.reason.zh} / {part.reason.en}")
    if not isinstance(seen.features, Unknown):
        print_table(("feature", "", "PSI"), [(shift.name, shift.zh, shift.psi) for shift in seen.features[:5]])
    if not isinstance(seen.quality, Unknown):
        _show_quality(seen.quality)
    for name, each in seen.alerts.items():
        typer.echo(f"alerts by {name}: {each.alerts}, {each.expected:.1f} expected to be followed by an escalation, {each.followed} were")
    for finding in seen.findings:
        typer.echo(f"[{finding.about}] {finding.words.zh} / {finding.words.en}")
    message("Needs attention." if seen.findings else "Nothing asks for attention.")


def _show_quality(realised: "Realised") -> None:
    models = realised.scorecard.models
    print_table(("list or rule", *METRICS), [(name, *(figures[metric] for metric in METRICS)) for name, figures in models.items()])
    typer.echo(f"escalations: {realised.expected:.1f} expected, {realised.realised:.0f} followed ({len(realised.lists.as_ofs)} lists)")
