"""What the service writes down about itself: one JSON object a line, and never a value that somebody sent.

The lines leave on stderr and nothing here keeps them, so no setting can say for how long: whoever runs the service does, under Chinese law
for six months at least. What must be known later of accounts, alerts and exports stands in the audit trail, which nothing ever shortens.
"""

import logging
import traceback

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger


def configure_logs() -> None:
    """Let everything that is logged in this process, by others too, leave it as JSON on stderr."""
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso"),
        where_it_failed,
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer(ensure_ascii=False)],
    )
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter], logger_factory=structlog.stdlib.LoggerFactory()
    )


def where_it_failed(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Replace an exception by its kind and its place in the code: its message may repeat what somebody sent."""
    if failed := event.pop("exc_info", None):
        kind, _value, trace = failed
        event["failed"] = kind.__name__
        event["at"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)]
    return event
