"""A report as one HTML file that asks nobody for anything."""

from base64 import b64encode

from jinja2 import Environment, PackageLoader, PrefixLoader, StrictUndefined

from serving.situation.page import Page


def to_html(page: Page) -> bytes:
    """Return the file."""
    loader = PrefixLoader({"situation": PackageLoader("serving.situation"), "report": PackageLoader("training.report")})
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    plots = {name: f"data:image/png;base64,{b64encode(content).decode()}" for name, content in page.plots.items()}
    return environment.get_template("situation/situation.html").render(page=page, plots=plots).encode()
