"""Papers as plain text: for the command line, and for the body of a mail."""

from collections.abc import Iterator

from serving.documents.paper import Paper, Section


def to_text(paper: Paper) -> str:
    """Return a paper as lines; tables and pictures are left to the files."""
    lines = [paper.title, paper.lead, "", *paper.headline]
    for section in paper.sections:
        lines += ["", *_lines(section, zh=paper.language == "zh")]
    return "\n".join([*lines, "", *paper.standing]) + "\n"


def _lines(section: Section, *, zh: bool) -> Iterator[str]:
    yield f"【{section.title}】" if zh else section.title.upper()
    yield from section.sentences
    for number, point in enumerate(section.points, start=1):
        mark = (f"【{point.mark}】" if zh else f" [{point.mark}]") if point.mark else ""
        yield f"{number}. {point.head}{mark}"
        if point.body:
            yield f"   {point.body}"
