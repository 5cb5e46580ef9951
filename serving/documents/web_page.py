"""Papers as one HTML file that loads nothing, and prints on A4."""

from base64 import b64encode

from jinja2 import Environment, PackageLoader, StrictUndefined

from serving.documents.paper import Paper


def to_html(paper: Paper) -> bytes:
    """Return the file."""
    loader = PackageLoader("serving.documents", "")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    plots = {name: f"data:image/png;base64,{b64encode(content).decode()}" for name, content in paper.plots.items()}
    return environment.get_template("paper.html").render(page=paper, plots=plots).encode()
