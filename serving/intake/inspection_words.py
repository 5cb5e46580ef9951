"""Findings of an inspection in words, for the command and for the pages."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from features.intake.inspection import CodeCount, ColumnFinding, Inspection
from features.intake.quarantine import Code
from features.intake.readers.layout import repeated_names
from features.schema import Col
from serving.text import Text

SHOWN_CODES = 12

INCOMPLETE = Text(
    zh="建议稿尚不完整：请补齐标有 TO FILL 的行，并在有歧义的时间写法中选定一种。",
    en="The proposal is not complete: fill the lines TO FILL, and choose among time formats that can be read in two ways.",
)
CASE_COLUMNS: Mapping[str, Text] = MappingProxyType(
    {
        Col.EVENT_ID: Text(zh="事项编号", en="id of the case"),
        Col.GRID_ID: Text(zh="网格编码", en="grid"),
        Col.EVENT_TYPE: Text(zh="事项类型", en="type"),
        Col.CATEGORY: Text(zh="类别", en="category"),
        Col.OCCURRED_AT: Text(zh="发生时间", en="occurred at"),
        Col.REPORTED_AT: Text(zh="上报时间", en="reported at"),
        Col.ACCEPTED_AT: Text(zh="受理时间", en="accepted at"),
        Col.DEADLINE_AT: Text(zh="办理时限", en="deadline"),
        Col.ESCALATED_AT: Text(zh="升级时间", en="escalated at"),
        Col.RESOLVED_AT: Text(zh="办结时间", en="resolved at"),
        Col.REOPENED_AT: Text(zh="重办时间", en="reopened at"),
        Col.WITHDRAWN_AT: Text(zh="撤回时间", en="withdrawn at"),
        Col.SOURCE: Text(zh="来源", en="source"),
        Col.SELF_FOUND: Text(zh="是否自行发现", en="found on a visit"),
        Col.PEOPLE: Text(zh="涉及人数", en="number of people"),
        Col.LEVEL: Text(zh="处理层级", en="level"),
    }
)
"""Columns of a case, in the order in which a person is asked for them."""


def describe(inspection: Inspection) -> Iterator[Text]:
    """Yield what was found out about a file: its form, sheets, columns, repeated rows, and what stands in the way."""
    yield _form(inspection)
    for sheet in inspection.sheets:
        read = Text(zh=f"读取，表头在第{sheet.header_row}行", en=f"read, header in row {sheet.header_row}")
        left = Text(zh=f"不读取（{_SHEET_ZH.get(sheet.reason, sheet.reason)}）", en=f"not read, {sheet.reason}")
        said = read if sheet.read else left
        yield Text(zh=f"工作表“{sheet.name}”：{said.zh}", en=f"Sheet {sheet.name}: {said.en}")
    for column in inspection.columns:
        yield _column(column)
        yield from _column_notes(column, inspection.rows)
    yield from _repeats(inspection)
    yield from _obstacles(inspection)


_SHEET_ZH = {"hidden": "隐藏的工作表", "empty": "空工作表", "other columns": "列不相同"}


def _form(inspection: Inspection) -> Text:
    form = [inspection.format, inspection.encoding]
    zh, en = [each for each in form if each], [each for each in form if each]
    if inspection.separator:
        zh.append(f"以{inspection.separator!r}分隔")
        en.append(f"cells parted by {inspection.separator!r}")
    if inspection.header_row:
        zh.append(f"表头在第{inspection.header_row}行")
        en.append(f"header in row {inspection.header_row}")
    first = "" if inspection.whole else "the first "
    broken = f", {inspection.broken:,} of them cannot be split into cells" * bool(inspection.broken)
    zh.append(
        f"{'' if inspection.whole else '前'}{inspection.rows:,}行" + f"（其中{inspection.broken:,}行无法分列）" * bool(inspection.broken)
    )
    en.append(f"{first}{inspection.rows:,} rows{broken}")
    return Text(zh=f"{inspection.path.name}：" + "，".join(zh), en=f"{inspection.path.name}: " + ", ".join(en))


def _column(column: ColumnFinding) -> Text:
    zh = CASE_COLUMNS[column.meaning].zh if column.meaning else "未识别"
    by = {"name": ("（按列名）", " (by name)"), "content": ("（按内容）", " (by content)")}.get(column.by, ("", ""))
    return Text(
        zh=f"列“{column.name}”：{zh}{by[0]}，{column.filled:,}行有内容，{column.distinct:,}种",
        en=f"- {column.name}: {column.meaning or 'unknown'}{by[1]}, {column.filled:,} filled, {column.distinct:,} different",
    )


def _column_notes(column: ColumnFinding, rows: int) -> Iterator[Text]:
    if column.times:
        seen = [f"{pattern} ({cells:,})" for pattern, cells in column.times.seen.items()]
        yield Text(zh=f"    时间写法：{'、'.join(seen)}", en=f"    times: {', '.join(seen)}")
        if column.times.ambiguous:
            yield Text(
                zh=f"    有歧义：按{'和'.join(column.times.ambiguous)}读出的时间不同，请指明一种",
                en=f"    ambiguous: one text is different moments under {' and '.join(column.times.ambiguous)}; state one under `formats`",
            )
        if column.times.unread:
            yield Text(zh=f"    {column.times.unread:,}格不是时间", en=f"    cells that are no time: {column.times.unread:,}")
    if column.codes:
        yield _codes(column)
    if column.other_codes:
        yield Text(
            zh=f"    其余文本不显示：{column.other_codes:,}行", en=f"    rows with other texts, which are not shown: {column.other_codes:,}"
        )
    for code, count in column.persons.items():
        yield _persons(code, count, rows)
    if column.lost_digits:
        yield Text(
            zh=f"    {column.lost_digits:,}格的编码曾被当作数字（如2.02601E+17），接入时拒收；请按文本重新导出",
            en=f"    codes that went through a number, such as 2.02601E+17: {column.lost_digits:,}; ingest refuses them, "
            "export them as text",
        )


def _codes(column: ColumnFinding) -> Text:
    known = sum(one.code is not None for one in column.codes)
    shown = [_code(one) for one in column.codes[:SHOWN_CODES]]
    return Text(
        zh=f"    代码：{len(column.codes)}种中已识别{known}种；{'、'.join(shown)}",
        en=f"    codes: {known} of {len(column.codes)} known; {', '.join(shown)}",
    )


def _code(one: CodeCount) -> str:
    means = f" = {one.code}" if one.code and one.code != one.text else ""
    return f"{one.text} ({one.rows:,}{means})"


def _persons(code: Code, count: int, rows: int) -> Text:
    return Text(
        zh=f"    个人信息：{rows:,}行中有{count:,}行（{code.zh.rstrip('。')}）",
        en=f"    persons: {count:,} of {rows:,} rows ({code}: {code.en.rstrip('.')})",
    )


def _repeats(inspection: Inspection) -> Iterator[Text]:
    if inspection.no_cases:
        yield Text(
            zh=f"合计、填表说明或重复的表头，不作为事项：{inspection.no_cases:,}行",
            en=f"Rows that are no cases (totals, notes or a repeated header), which ingest leaves out: {inspection.no_cases:,}",
        )
    ids, rows = inspection.repeated_ids, inspection.repeated_rows
    if ids:
        yield Text(
            zh=f"编号重复的行：{ids:,}，其中整行相同的{rows:,}。",
            en=f"Rows with the id of an earlier row: {ids:,}, of which {rows:,} repeat a whole row.",
        )
    if ids > rows:
        yield Text(
            zh="编号每年或每单位重新开始的，请用多列组成编号：`event_id: {from: [year, number]}`。",
            en="Where numbers begin anew every year or office, make the id of several columns: `event_id: {from: [year, number]}`.",
        )


def _obstacles(inspection: Inspection) -> Iterator[Text]:
    if repeated := repeated_names([column.name for column in inspection.columns]):
        names = "、".join(repeated)
        yield Text(
            zh=f"列名重复，已按从左到右的顺序编号，均不自动采用：{names}。需要其中一列的，请在映射中写明编号后的列名。",
            en=f"Columns that share a name are numbered from the left, and none is proposed: {', '.join(repeated)}. "
            "Where one of them is needed, name it with its number.",
        )
    if announced := [column.name for column in inspection.columns if column.announces_persons]:
        yield Text(
            zh=f"含有个人信息的列，整份文件会被拒收：{'、'.join(announced)}。请在原处删去。",
            en=f"Ingest refuses the file for columns about persons: {', '.join(announced)}. Remove them at the source.",
        )
    if inspection.missing:
        named = "、".join(CASE_COLUMNS[name].zh for name in inspection.missing)
        yield Text(
            zh=f"还缺少的内容，文件中没有对应的列：{named}",
            en=f"Columns that a case needs and none here fills: {', '.join(inspection.missing)}",
        )
