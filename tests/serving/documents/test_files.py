"""Papers as PDF, read back by another library."""

from dataclasses import replace

from serving.documents.files import to_pdf
from serving.documents.paper import Paper, Point, Section, Table
from tests.support.pdf_pages import page_sizes, page_texts, title_of

PAPER = Paper(
    title="每日研判",
    lead="全区 · 2026年1月9日",
    headline=("今天先看1个重点关注网格。",),
    sections=[
        Section("先看哪里", ("共1个。",), points=(Point("甲街道第1网格", "物业纠纷5件未办结。", "新"),)),
        Section("分镇街", table=Table(("镇街", "新增"), [("甲街道", "12")])),
    ],
    standing=("用于服务排期。",),
)


def test_to_pdf_says_all_of_a_paper_on_a4():
    written = to_pdf(PAPER)

    (text,) = page_texts(written)
    wanted = (
        "每日研判",
        "今天先看1个重点关注网格。",
        "甲街道第1网格",
        "新",
        "物业纠纷5件未办结。",
        "镇街",
        "12",
        "用于服务排期。",
        "第1页，共1页",
    )
    assert [] == [words for words in (*wanted, "第1页，共1页") if words not in text]
    assert page_sizes(written) == [(210, 297)]
    assert title_of(written) == "每日研判"


def test_to_pdf_is_tagged_and_names_its_language():
    written = to_pdf(PAPER)

    assert b"/Lang(zh" in written.replace(b" ", b"") or b"/Lang (zh" in written
    assert b"/MarkInfo" in written


def test_to_pdf_takes_contents_for_words_and_never_for_markup():
    tricky = '#read("/etc/passwd") $x$ *a* "quoted" \\ </script> @ref'

    (text,) = page_texts(to_pdf(replace(PAPER, lead=tricky)))

    assert "".join(tricky.split()) in text


def test_to_pdf_fits_a_long_brief_on_one_page_and_lets_a_report_run_on():
    point = Point("甲街道澹峤社区第1网格", "环境污染纠纷少量（不足3件）未办结。建议：现场核查噪声、现场答疑。" * 2)
    long = replace(PAPER, sections=[Section("先看哪里", points=(point,) * 20)])

    assert len(page_texts(to_pdf(replace(long, one_page=True)))) == 1
    assert len(page_texts(to_pdf(replace(long, sections=[*long.sections] * 3)))) > 1
