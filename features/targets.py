"""Targets: which transitions or events count as an escalation, and rules that fire by the clock."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from features.schema import Action, EventType

DEFAULT_TARGET = "escalation"
"""Name under which the setting `target` is reported."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DeadlinePassed(_Frozen):
    """The action happens when `deadline_at` passes while the case is known to be open."""

    action: Action
    when: Literal["deadline_passed"]


class UnresolvedAfter(_Frozen):
    """The action happens `days` days after the report while the case is known to be open."""

    action: Action
    when: Literal["unresolved_after"]
    days: int = Field(ge=1)


Bursts = Literal["join", "apart"]
"""Whether reports of one cause are one case, or each record is a matter of its own."""

Rule = Annotated[DeadlinePassed | UnresolvedAfter, Field(discriminator="when")]
"""A derived transition: known at the moment it fires, never earlier."""


class EventFilter(_Frozen):
    """New events that count as an escalation; an empty list means any."""

    event_type: tuple[EventType, ...] = ()
    category: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _accept_one_value(cls, value: object) -> object:
        if isinstance(value, dict):
            return {key: [item] if isinstance(item, str) else item for key, item in value.items()}
        return value


class Target(_Frozen):
    """Target: the transitions or new events that are counted, and the days ahead unless the command says otherwise."""

    transitions: tuple[Action, ...] = ()
    events: EventFilter | None = None
    horizon_days: int | None = Field(default=None, ge=1)
    parent: str | None = None
    """Frequent target of transitions from whose cases a rare target of new events is foretold."""
    visit_days: float | None = Field(default=None, gt=0, le=90)
    """One visit finds about what arises in so many days: found cases then count by the visits of their grid; None as they come."""

    @model_validator(mode="after")
    def _exactly_one(self) -> "Target":
        if bool(self.transitions) == (self.events is not None):
            raise ValueError("a target names either transitions or events, and exactly one of them")
        if self.parent and self.events is None:
            raise ValueError("only a target of new events may name a parent")
        if self.visit_days is not None and (self.events is None or self.parent):
            raise ValueError("only a target of new events without a parent may name visit_days")
        return self
