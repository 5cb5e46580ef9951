"""Notebooks with what they print, as pages of docs/notebooks: `python -m tests.support.rendered_notebooks [PREFIX ...]` runs and writes."""

import base64
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

ROOT = Path(__file__).parents[2]
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
NOTEBOOKS, PAGES = ROOT / "notebooks", ROOT / "docs" / "notebooks"


def render(path: Path) -> None:
    """Run a notebook and write its page, pictures beside it."""
    client = NotebookClient(nbformat.read(path, as_version=4), timeout=1800, resources={"metadata": {"path": str(path.parent)}})
    for old in PAGES.glob(f"{path.stem}_*.png"):
        old.unlink()
    blocks = [block for cell in client.execute().cells for block in _blocks(cell, path.stem)]
    (PAGES / f"{path.stem}.md").write_text("\n\n".join(blocks) + "\n", encoding="utf-8")


def _blocks(cell: NotebookNode, name: str) -> Iterator[str]:
    """Yield a cell's text or code, then what it printed."""
    if cell.cell_type != "code":
        yield cell.source
        return
    yield f"```python\n{cell.source.strip()}\n```"
    for number, output in enumerate(cell.outputs, start=1):
        shown = output.get("data", {})
        if "image/png" in shown:
            picture = f"{name}_{cell.id}_{number}.png"
            (PAGES / picture).write_bytes(base64.b64decode(shown["image/png"]))
            yield f"![{cell.id}]({picture})"
        elif output.get("name") != "stderr" and (text := shown.get("text/plain", output.get("text", "")).rstrip()):
            yield f"```text\n{COLOURS.sub('', text)}\n```"


if __name__ == "__main__":
    sys.path.insert(0, str(NOTEBOOKS))
    if "YUJING_HOME" not in os.environ:
        from workplace import make_home

        os.environ["YUJING_HOME"] = str(make_home(Path(tempfile.mkdtemp(prefix="yujing-")) / "home"))
    for notebook in sorted(NOTEBOOKS.glob("*.ipynb")):
        if not sys.argv[1:] or notebook.name.startswith(tuple(sys.argv[1:])):
            render(notebook)
