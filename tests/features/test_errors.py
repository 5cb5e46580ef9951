"""The error tree, drawn in its module."""

import pickle

import features.errors
from features.errors import InputRefusedError, YujingError


def tree(error, depth=0):
    return [(depth, error.__name__), *(line for child in error.__subclasses__() for line in tree(child, depth + 1))]


def drawn():
    lines = [line for line in features.errors.__doc__.splitlines() if line.startswith(("Yujing", "├", "│", "└"))]
    return [((len(line) - len(line.lstrip("│├└─ "))) // 4, line.lstrip("│├└─ ").split()[0]) for line in lines]


def test_tree_in_the_docstring_is_the_tree_in_the_code():
    own = [error for error in tree(YujingError) if hasattr(features.errors, error[1])]

    assert own == drawn()


def test_error_comes_out_of_another_process_with_its_sentence_and_its_code():
    error = InputRefusedError("FILE_FORMAT", "a file must be a table. Save it as one.")

    restored = pickle.loads(pickle.dumps(error))  # noqa: S301 - as a pipe between our own processes does

    assert (type(restored), str(restored), restored.code) == (InputRefusedError, str(error), "FILE_FORMAT")
