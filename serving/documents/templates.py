"""Templates of HTML: escaped, strict about names, and sent without the indentation of their source."""

import re

from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2.ext import Extension

TAG_END = re.compile(r"\s*\n\s*(?=/?>)")
"""Line end before the end of an HTML tag."""
INDENTATION = re.compile(r"\s*\n\s*")
TEMPLATE_TAG = r"\{%(?:[^%\n]|%(?!\}))*%\}|\{#(?:[^#\n]|#(?!\}))*#\}"
"""One tag or comment of Jinja."""
TAGS_ALONE = re.compile(rf"(?<=\n)((?:{TEMPLATE_TAG})+)\n")


class _Unindented(Extension):
    """White space around the ends of lines becomes one line end, which HTML takes for the same.

    Before the end of an HTML tag there is none, and lines of template tags leave none: together a fifth of a page.
    """

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:  # noqa: ARG002 - the names are the interface's
        return TAGS_ALONE.sub(r"\1", INDENTATION.sub("\n", TAG_END.sub("", source)))


def html_environment(package: str, folder: str = "templates") -> Environment:
    """Return the environment of the templates that lie in a folder of a package."""
    return Environment(loader=PackageLoader(package, folder), autoescape=True, undefined=StrictUndefined, extensions=[_Unindented])
