"""The answer of a SQL query, streamed from a database that is only read."""

import os
from collections.abc import Generator, Iterator
from contextlib import closing
from functools import partial

from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from features.errors import UsageError
from features.intake.readers.as_text import as_text
from features.intake.readers.batches import BATCH_ROWS, RowBatch, RowInput, name_columns
from features.intake.readers.layout import Layout
from features.intake.readers.table_reader import rows_to_batches
from features.intake.source_file import Query


def sql_input(query: Query) -> RowInput:
    """Run the query once to learn its columns; every reading runs it again."""
    with closing(_rows(query)) as rows:
        header = name_columns(next(rows), Layout(), "the query")
    return RowInput(header, partial(_batches, query, header), repeats=False)


def _batches(query: Query, header: tuple[str, ...]) -> Iterator[RowBatch]:
    rows = _rows(query)
    next(rows)
    return rows_to_batches(rows, header)


def _rows(query: Query) -> Generator[tuple[str | None, ...], None, None]:
    """Yield the names of the columns, then the rows as text."""
    try:
        engine = create_engine(os.path.expandvars(query.url), poolclass=NullPool)
        with engine.connect().execution_options(stream_results=True, yield_per=BATCH_ROWS) as connection:
            answer = connection.execute(text(query.query))
            yield tuple(answer.keys())
            for row in answer:
                yield tuple(map(as_text, row))
    except (SQLAlchemyError, ImportError) as error:
        reason = " ".join(str(getattr(error, "orig", None) or error).split())
        raise UsageError(f"`sql` of the source file must name a database and a query that it answers, found: {reason}.") from error
