"""What a reader can answer to an alert as it stands: one tap each, agreeing and disagreeing alike."""

from collections.abc import Iterator
from dataclasses import dataclass

from serving.access.actor import Actor, Right
from serving.alerts.life import REASONS, STEPS, Action, State
from serving.pages.catalogue import Speaker

FORWARD = (Action.ACKNOWLEDGE, Action.START, Action.CLOSE)
ASIDE = (Action.NOT_NEEDED, Action.DATA_WRONG)


@dataclass(frozen=True)
class Answer:
    """One button."""

    value: str
    """Action and reason code, as the form sends them."""
    words: str


@dataclass(frozen=True)
class Answers:
    """The buttons of one alert."""

    first: tuple[Answer, ...]
    """Always in reach of the thumb."""
    further: tuple[Answer, ...]


def answers(state: State, actor: Actor, t: Speaker) -> Answers:
    """Return the buttons for an alert in a state; none for those who may not answer."""
    if not actor.may(Right.ANSWER_ALERTS):
        return Answers((), ())
    forward = tuple(answer for action in FORWARD for answer in _of(state, action, t))
    aside = tuple(answer for action in ASIDE for answer in list(_of(state, action, t))[:1])
    rest = (answer for action in ASIDE for answer in list(_of(state, action, t))[1:])
    notes = (answer for action in (Action.COMMENT, Action.REOPEN) for answer in _of(state, action, t))
    return Answers((*forward, *(Answer(each.value, t(f"short_{each.value.partition(':')[0]}")) for each in aside)), (*rest, *notes))


def _of(state: State, action: Action, t: Speaker) -> Iterator[Answer]:
    if (state, action) in STEPS:
        yield from (Answer(f"{action}:{code}", t.of(words)) for code, words in REASONS[action].items())
