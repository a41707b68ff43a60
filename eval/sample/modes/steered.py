"""The modes that push attention towards the constraints while the reply is written.

boost [M]    adds log M (M = 3 where not said) to the logits of the constraints' tokens (InstABoost, arXiv 2506.13734)
spot [P]     raises the mass on them to P % (20 where not said) wherever it is less, exactly (SpotLight, arXiv 2505.12025,
             means to; eval/sample/steering.py)

Asked as `think`. Each is there for the whole reply, for the thought alone (`boost_thought`) and for what is not in a
thought (`boost_answer`); with `_random` behind it, its control, as many other tokens of the prompt are pushed instead.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar

from ...io.errors import InputError
from ...verify.rows import Row
from .mode import Codec, Mode
from .rules import Thought

PHASES = ("thought", "answer")
FACTOR, PERCENT = 3, 20


@dataclass(frozen=True)
class Steering(Mode):
    """What the modes of this file share. `phase`: the one that is steered, none for the whole reply. `random`: other
    tokens of the prompt are pushed."""

    most = 1
    engines = ("transformers",)
    phase: ClassVar[str] = ""
    random: ClassVar[bool] = False

    @property
    def factor(self) -> float | None:
        """What the weights of the tokens grow by; None where they grow to a share."""
        return None

    @property
    def share(self) -> float:
        """The share of a row's attention that they are raised to, where they grow by no factor."""
        return 0.0

    def is_meant(self, codec: Codec, lead: str) -> Callable[[list[int]], bool]:
        """Tells of each sample's tokens whether the next one is of the phase."""
        return InPhase(codec, lead, self.phase) if self.phase else lambda tokens: True

    def check_rows(self, rows: Iterable[Row]) -> None:
        self.need_constraints(rows, "to steer to")


@dataclass(frozen=True)
class Boost(Steering):
    """Weights grow by a factor."""

    name = "boost"

    @property
    def factor(self) -> float | None:
        return self.number or FACTOR


@dataclass(frozen=True)
class Spot(Steering):
    """The mass becomes a share."""

    name = "spot"

    @property
    def share(self) -> float:
        return (self.number or PERCENT) / 100

    def check_rows(self, rows: Iterable[Row]) -> None:
        super().check_rows(rows)
        if self.share >= 1:
            raise InputError(f"mode {self.text}", "leaves nothing for all other tokens", "write 1 to 99 (%)")


class InPhase:
    """Follows one sample: whether what comes next is of the phase, its thought or what is outside of it."""

    def __init__(self, codec: Codec, lead: str, phase: str) -> None:
        self.thought, self.phase = Thought(codec, lead), phase

    def __call__(self, tokens: list[int]) -> bool:
        if tokens:
            self.thought.follow(tokens)
        return (self.thought.state == "unclosed") == (self.phase == "thought")


def _variants(kind: type[Steering]) -> list[type[Steering]]:
    """A mode for every phase, and the control of each."""
    return [
        type(
            kind.__name__,
            (kind,),
            {
                "name": "_".join([kind.name, *filter(None, [phase, other])]),
                "phase": phase,
                "random": bool(other),
            },
        )
        for phase in ("", *PHASES)
        for other in ("", "random")
    ]


STEERED: tuple[type[Steering], ...] = (*_variants(Boost), *_variants(Spot))
