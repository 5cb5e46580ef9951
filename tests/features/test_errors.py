"""The error tree, drawn in its module."""

import features.errors
from features.errors import YujingError


def tree(error, depth=0):
    return [(depth, error.__name__), *(line for child in error.__subclasses__() for line in tree(child, depth + 1))]


def drawn():
    lines = [line for line in features.errors.__doc__.splitlines() if line.startswith(("Yujing", "├", "│", "└"))]
    return [((len(line) - len(line.lstrip("│├└─ "))) // 4, line.lstrip("│├└─ ").split()[0]) for line in lines]


def test_tree_in_the_docstring_is_the_tree_in_the_code():
    own = [error for error in tree(YujingError) if hasattr(features.errors, error[1])]

    assert own == drawn()
