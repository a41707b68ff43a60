"""Attention pushed towards some columns while a batch decodes: the mechanism of the modes `boost` and `spot`.

Adding b to the logits of the columns C multiplies their weights by e^b before they are normalised. With m the mass on C,
o the output and o_C its part from C (attention with values that are zero elsewhere), the output becomes
(o + (e^b - 1) o_C) / (1 + (e^b - 1) m): exact, for any attention whose weights are a softmax, with no weight in hand.

boost   e^b = M                                (InstABoost, arXiv 2506.13734)
spot    e^b = psi (1 - m) / (m (1 - psi)) where m < psi, so that the mass becomes psi. SpotLight (arXiv 2505.12025) adds
        log(psi / m), which falls short of it.

Both are per layer, head and row.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel

from ..attention.spans import row_spans
from ..verify.rows import Row
from .attention_function import backend_of, own_attention, unreachable
from .checkpoint import Checkpoint, Prompt
from .modes.mode import Mode
from .modes.steered import Steering
from .prompt_places import random_places, read_prompt

NAME = "reins_steered"
Growth = Callable[[Tensor], Tensor]  # of the mass, [slots, 1, heads, 1]: e^b


@dataclass
class Steer:
    """What steers one sample: columns of its prompt, how their weights grow, and whether the next token is meant."""

    places: Sequence[int]
    growth: Growth
    is_meant: Callable[[list[int]], bool]


def steers_of(
    mode: Mode, checkpoint: Checkpoint, rows: Sequence[Row], prompts: Sequence[Prompt], preset: str
) -> Callable[[int], Steer | None]:
    """Makes what steers a sample of the row of a number; of another mode nothing. Each sample needs one of its own: it
    follows the tokens.

    Rows whose prompts do not say their constraints, or, of a control, have no room for as many other tokens, are asked
    unsteered; they are counted on stderr.
    """
    if not isinstance(mode, Steering):
        return lambda number: None
    growth = boosted(mode.factor) if mode.factor else raised_to(mode.share)
    places = [
        _places(mode, checkpoint, row, prompt, preset) for row, prompt in zip(rows, prompts, strict=True)
    ]
    left = [row.name for row, found in zip(rows, places, strict=True) if row.constraints and not found]
    if left:
        why = (
            "no other tokens of the prompt to push" if mode.random else "constraints not found in the prompt"
        )
        said = (
            f"{mode.text}: {len(left)} of {len(rows)} rows are asked unsteered ({why}): {', '.join(left[:5])}"
        )
        print(said, file=sys.stderr, flush=True)

    def steer(number: int) -> Steer | None:
        meant = mode.is_meant(checkpoint, prompts[number].lead)
        return Steer(places[number], growth, meant) if places[number] else None

    return steer


def _places(mode: Steering, checkpoint: Checkpoint, row: Row, prompt: Prompt, preset: str) -> list[int]:
    if not row.constraints:
        return []
    said = any(constraint.description for constraint in row.constraints)
    spans = row_spans(row, preset=preset if said else "ifeval")
    asked = read_prompt(checkpoint, row, prompt, spans, preset)
    if mode.random:
        return random_places(asked, Random(row.name))[0] or []
    return sorted(asked.said)


def boosted(factor: float) -> Growth:
    """Weights that grow by a factor, whatever the mass."""
    return lambda mass: torch.full_like(mass, factor)


def raised_to(share: float) -> Growth:
    """Weights that grow until the mass is `share`; where it is as large already, or there is none, they stay."""

    def growth(mass: Tensor) -> Tensor:
        wanted = share * (1 - mass) / (mass * (1 - share)).clamp_min(torch.finfo(mass.dtype).tiny)
        return torch.where((mass > 0) & (mass < share), wanted, torch.ones_like(mass))

    return growth


class Steered:
    """The attention function of a model that is steered: as its own, but in steps that are `aimed`."""

    def __init__(self, model: PreTrainedModel) -> None:
        self.backend, self.name = backend_of(model), type(model).__name__
        self.push: tuple[Tensor, Growth] | None = None
        self.reached = False

    @contextmanager
    def aimed(self, steers: Sequence[Steer | None], width: int, device: torch.device) -> Iterator[None]:
        """One step, in which the columns of each slot with a steer are pushed."""
        known = [steer for steer in steers if steer]
        columns = torch.zeros(len(steers), width, dtype=torch.bool)
        for slot, steer in enumerate(steers):
            if steer:
                columns[slot, list(steer.places)] = True
        self.push = (columns.to(device), known[0].growth) if known else None
        try:
            yield
        finally:
            self.push = None

    def check(self) -> None:
        """Raise InputError unless the model has asked this function."""
        if not self.reached:
            raise unreachable(self.name)

    def __call__(
        self,
        module: Any,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        attention_mask: Any,
        scaling: float | None = None,
        **kwargs: Any,
    ) -> tuple[Tensor, None]:
        self.reached = True
        attention = own_attention(module, self.backend, query, key, attention_mask, scaling, **kwargs)
        output = attention(value)
        if self.push is None:
            return output, None
        columns, growth = self.push
        inside = columns[:, None, :, None].to(value.dtype)
        mass = attention(inside.expand(value.shape).contiguous())[..., :1].float()
        more = torch.where(mass > 0, growth(mass) - 1, torch.zeros_like(mass))
        pushed = (output.float() + more * attention(value * inside).float()) / (1 + more * mass)
        return pushed.to(output.dtype), None
