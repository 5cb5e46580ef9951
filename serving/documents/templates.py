"""Templates of HTML: escaped, strict about names, and sent without the indentation of their source."""

import re

from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2.ext import Extension

INDENTATION = re.compile(r"\s*\n\s*")


class _Unindented(Extension):
    """White space around the ends of lines becomes one line end, which HTML takes for the same; it is a fifth of a page."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:  # noqa: ARG002 - the names are the interface's
        return INDENTATION.sub("\n", source)


def html_environment(package: str, folder: str = "templates") -> Environment:
    """Return the environment of the templates that lie in a folder of a package."""
    return Environment(loader=PackageLoader(package, folder), autoescape=True, undefined=StrictUndefined, extensions=[_Unindented])
