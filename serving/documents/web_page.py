"""Papers as one HTML file that loads nothing, and prints on A4."""

from base64 import b64encode

from jinja2 import Environment, PackageLoader, StrictUndefined

from serving.documents.paper import Paper


def to_html(paper: Paper) -> bytes:
    """Return the file."""
    loader = PackageLoader("serving.documents", "")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template("paper.html").render(page=paper, plots=picture_urls(paper)).encode()


def picture_urls(paper: Paper) -> dict[str, str]:
    """Return the pictures of a paper as addresses that hold them."""
    return {name: f"data:image/png;base64,{b64encode(content).decode()}" for name, content in paper.plots.items()}
