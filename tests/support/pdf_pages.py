"""Pages of a PDF as a reader sees them."""

import pypdfium2


def page_texts(content: bytes) -> list[str]:
    """Return the text of each page, without line ends and blanks."""
    with pypdfium2.PdfDocument(content) as document:
        return ["".join(page.get_textpage().get_text_bounded().split()) for page in document]


def page_sizes(content: bytes) -> list[tuple[int, int]]:
    """Return width and height of each page in millimetres."""
    with pypdfium2.PdfDocument(content) as document:
        return [tuple(round(side / 72 * 25.4) for side in page.get_size()) for page in document]


def title_of(content: bytes) -> str:
    with pypdfium2.PdfDocument(content) as document:
        return document.get_metadata_value("Title")
