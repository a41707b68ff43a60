"""The decoding loop: a batch of slots, each refilled as its sample ends, for any causal model whose layers attend to all
that came before or to a window of it.

A static batch waits for its longest reply; here a slot whose sample has ended takes the next one at once. What a
sample becomes does not depend on its neighbours: prompts are prefilled one at a time (once for all samples of a
row), the batch keeps shapes whose float32 results agree to the last bit (`GRAIN`, and the widths in `slots`),
and tokens are drawn by the sample's own numbers (`sampler`).
"""

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache, PreTrainedModel

from .attention_function import attending
from .layer_masks import check_attention
from .modes.mode import Edit, Rule
from .recorded_step import HALF, Step
from .sampler import pick, uniforms
from .settings import Sampling
from .slot_cache import SlotCache
from .steering import NAME as STEERED
from .steering import Steer, Steered

# Rows of a batch come in multiples of this. Measured: MKL's products of 4 rows or more agree to the last bit
# whatever their number, those of 1 to 3 rows do not.
GRAIN = 16
PREFILL = 8192  # tokens of prompts that a GPU reads at once


@dataclass(frozen=True)
class Limits:
    """How to draw, and when to end: at a stop token, or cut after `max_new_tokens` draws. `room` is how many tokens the
    longest sample may come to, its prompt and a mode's edits among them."""

    sampling: Sampling
    stops: frozenset[int]
    room: int = 0


@dataclass
class Sample:
    """One reply in the making. `key`, `lead` and `prompt_hash` are the caller's; samples of one row share the same
    `prompt` list. `told` gets the log-probability of each `watched` token at the first draw, where the engine knows it."""

    key: Any
    prompt: list[int]
    seed: int
    rule: Rule | None = None
    steer: Steer | None = None
    lead: str = ""
    prompt_hash: str = ""
    watched: tuple[int, ...] = ()
    told: dict[int, float] = field(default_factory=dict)
    tokens: list[int] = field(default_factory=list)
    cut: bool = False
    fed: int = 0
    draws: int = 0
    stream: list[float] = field(default_factory=list)

    def start(self, limits: Limits) -> None:
        """The prompt is in the cache but for its last token, which the first step feeds."""
        self.fed = len(self.prompt) - 1
        self.stream = (
            uniforms(self.seed, limits.sampling.max_new_tokens) if limits.sampling.temperature else [0.0]
        )

    def next_input(self) -> int:
        behind = self.fed - len(self.prompt)
        return self.prompt[-1] if behind < 0 else self.tokens[behind]

    def unfed(self) -> int:
        """How many tokens are still to be fed: one, and those that a rule has inserted."""
        return len(self.prompt) + len(self.tokens) - self.fed

    def steering(self) -> Steer | None:
        """What pushes the attention of the token that is fed next, where what it predicts is meant."""
        meant = self.steer and self.steer.is_meant(self.tokens[: self.fed - len(self.prompt) + 1])
        return self.steer if meant else None

    def next_uniform(self) -> float:
        return self.stream[self.draws % len(self.stream)]

    def take(self, token: int, limits: Limits) -> bool:
        """Go one step on; true when the sample has ended. `token` counts unless inserted ones still wait."""
        self.fed += 1
        if self.unfed():
            return False
        self.tokens.append(token)
        self.draws += 1
        edit = self.rule(self.tokens) if self.rule else None
        if edit:
            self._apply(edit)
        elif token in limits.stops:
            return True
        self.cut = self.draws == limits.sampling.max_new_tokens
        return self.cut

    def asked(self, limits: Limits) -> int:
        """How many tokens an engine that draws ahead draws next: all that are left, or until its rule looks first."""
        left = limits.sampling.max_new_tokens - self.draws
        return min(left, self.rule.look) if self.rule and self.rule.look and not self.draws else left

    def replay(self, drawn: Sequence[int], limits: Limits) -> bool:
        """Take the tokens that an engine has drawn ahead, as `asked`; true when the sample has ended, false when it goes on:
        behind an edit of its rule, where the rest is to be drawn anew, or behind its first look."""
        asked = self.asked(limits)
        self.fed = len(self.prompt) + len(self.tokens) - 1
        for token in drawn:
            if self.take(token, limits):
                return True
            if self.unfed() > 1 or self.tokens[-1] != token:
                return False
        self.cut = len(drawn) < asked  # the engine ended it, at the model's own context
        return self.cut

    def _apply(self, edit: Edit) -> None:
        self.tokens[edit.keep :] = edit.insert
        self.fed = min(self.fed, len(self.prompt) + edit.keep, len(self.prompt) + len(self.tokens) - 1)


def decode(
    model: PreTrainedModel, waiting: deque[Sample], batch_size: int, limits: Limits
) -> Iterator[Sample]:
    """Yield each sample as it ends; a batch holds `batch_size` of them, rounded up to a multiple of 16.

    Samples that are put into `waiting` on the way are drawn too.

    Raises InputError when the model attends otherwise than to all that came before, or to a window of it, and where
    samples are steered and its attention is code of its own.
    """
    check_attention(model)
    batch = Batch(model, min(batch_size, len(waiting)), limits)
    steered = Steered(model) if any(sample.steer for sample in waiting) else None
    with attending(model, steered, STEERED) if steered else nullcontext():
        while waiting or batch.busy():
            batch.fill(waiting)
            if steered:
                steered.check()
            yield from batch.step(steered)
            if not waiting:
                batch.shrink()


class Batch:
    """The slots, the samples in them, and the cache under them."""

    def __init__(self, model: PreTrainedModel, size: int, limits: Limits):
        self.model, self.limits = model, limits
        self.slots: list[Sample | None] = [None] * _whole_grains(size)
        with torch.inference_mode():
            self.cache = SlotCache(model.config.get_text_config(), len(self.slots), model.device)
        self.feed = Step(model, self.cache)
        self.prompts: list[list[int]] = []
        self.prefixes = DynamicCache()

    def busy(self) -> int:
        """How many slots hold a sample."""
        return sum(sample is not None for sample in self.slots)

    @torch.inference_mode()
    def fill(self, waiting: deque[Sample]) -> None:
        """Give every free slot the next sample."""
        slots: dict[int, list[int]] = {}
        prompts: dict[int, list[int]] = {}
        for slot, sample in enumerate(self.slots):
            if sample is None and waiting:
                self.slots[slot] = sample = waiting.popleft()
                sample.start(self.limits)
                prompts[id(sample.prompt)] = sample.prompt
                slots.setdefault(id(sample.prompt), []).append(slot)
        for together in _together(list(prompts.values()), self.model.device):
            self._read(together)
            for row, prompt in enumerate(together):
                for slot in slots[id(prompt)]:
                    self.cache.put(slot, self.prefixes, row, len(prompt) - 1)

    def _read(self, prompts: list[list[int]]) -> None:
        """Prefill prompts, but for their last tokens, padded behind: what comes later is not attended to."""
        if len(prompts) == len(self.prompts) == 1 and prompts[0] is self.prompts[0]:
            return
        longest = max(map(len, prompts)) - 1
        ids = [prompt[:-1] + [0] * (longest + 1 - len(prompt)) for prompt in prompts]
        # A cache without the config, by which it drops what leaves a window
        self.prompts, self.prefixes = prompts, DynamicCache()
        tokens = torch.tensor(ids, device=self.model.device)
        self.model.base_model(input_ids=tokens, past_key_values=self.prefixes, use_cache=True)

    @torch.inference_mode()
    def step(self, steered: Steered | None = None) -> list[Sample]:
        """Feed one token to every slot and draw the next; return the samples that ended, their slots free."""
        free = Sample(None, [0], 0, stream=[0.0])
        batch = [sample or free for sample in self.slots]
        steers = [sample.steering() for sample in batch] if steered else []
        tokens = torch.tensor([sample.next_input() for sample in batch], device=self.model.device)
        self.cache.aim([sample.fed for sample in batch])
        with steered.aimed(steers, self.cache.width, self.model.device) if steered else nullcontext():
            logits = self.feed.computed(tokens) if steered else self.feed(tokens)
        draws = torch.tensor(
            [sample.next_uniform() for sample in batch], dtype=torch.float64, device=logits.device
        )
        drawn = pick(logits, draws, self.limits.sampling.temperature, self.limits.sampling.top_p).tolist()
        ended = []
        self._tell(logits)
        for slot, (sample, token) in enumerate(zip(self.slots, drawn, strict=True)):
            if sample and sample.take(token, self.limits):
                ended.append(sample)
                self.slots[slot] = None
        return ended

    def _tell(self, logits: Tensor) -> None:
        """Give samples at their first draw the log-probabilities of the tokens that they watch."""
        for slot, sample in enumerate(self.slots):
            if sample and sample.watched and not sample.draws:
                logs = torch.log_softmax(logits[slot].double(), -1)[list(sample.watched)].tolist()
                sample.told = dict(zip(sample.watched, logs, strict=True))

    @torch.inference_mode()
    def shrink(self) -> None:
        """When nothing waits any more, drop free slots by whole grains."""
        size = _whole_grains(self.busy())
        if 0 < size < len(self.slots) * (HALF if self.feed.recordable else 1):
            order = sorted(range(len(self.slots)), key=lambda slot: self.slots[slot] is None)[:size]
            self.slots = [self.slots[slot] for slot in order]
            self.cache.keep(order)


def _together(prompts: list[list[int]], device: torch.device) -> Iterator[list[list[int]]]:
    """Prompts that are prefilled at once: on a CPU one, on a GPU as many as come to `PREFILL` tokens, their padding too."""
    some: list[list[int]] = []
    for prompt in prompts:
        padded = max(map(len, [*some, prompt])) * (len(some) + 1)
        if some and (device.type == "cpu" or padded > PREFILL):
            yield some
            some = []
        some.append(prompt)
    if some:
        yield some


def _whole_grains(rows: int) -> int:
    return -(-rows // GRAIN) * GRAIN
