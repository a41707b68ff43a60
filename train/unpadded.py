"""A forward for training on a CPU that spends nothing on padding.

TRL reads a batch at the width of its longest row, and a packed one as one row in which everybody's attention to
everybody is computed and masked; without Triton its fused head then scores every position, twice. Here the batch's
sequences go through the model in slices of like length (tests/bench/RESULTS.md has what that saves). TRL sees one call
with the values that it would have got. Not for a mixture of experts that balances them by a loss over the whole batch.
"""

import types
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from trl.trainer.utils import FusedCausalLMOutput

IGNORED = -100  # the label that the loss leaves out
TOKENS = 512  # that go through the model together, unless one sequence alone has more
Span = tuple[int, int, int]  # row, first column and end of a sequence


def spend_nothing_on_padding(model: Any, temperature: float = 1.0) -> None:
    """Replace the forward that TRL calls with `fused_lm_head`, at a temperature; other calls are the model's own."""
    whole = model.forward

    def forward(self: Any, *args: Any, fused_lm_head: bool = False, **inputs: Any) -> Any:
        if not fused_lm_head:
            return whole(*args, **inputs)
        return _score(whole, inputs, temperature)

    model.forward = types.MethodType(forward, model)


def _score(whole: Any, inputs: Mapping[str, Tensor], temperature: float) -> FusedCausalLMOutput:
    """What TRL's fused head returns: values of every next token, [rows, columns - 1], zero where none is learned."""
    mask = inputs["labels"][:, 1:] != IGNORED
    parts = [_scores(whole, temperature, *part) for part in _slices(inputs)]
    places, *values = (torch.cat(part) for part in zip(*parts, strict=True))
    log_probs, entropy, is_top1 = (
        value.new_zeros(mask.numel()).index_put((places,), value).view(mask.shape) for value in values
    )
    return FusedCausalLMOutput(log_probs=log_probs, entropy=entropy, is_top1=is_top1, label_mask=mask)


def _scores(
    whole: Any, temperature: float, ids: Tensor, labels: Tensor, places: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Place, log-probability, entropy and whether it is the likeliest, of every token learned in a slice.

    Padding follows a sequence, and causal attention does not look ahead, so no mask is needed.
    """
    learned = labels[:, 1:] != IGNORED
    logits = whole(input_ids=ids, use_cache=False).logits[:, :-1][learned].float() / temperature
    targets = labels[:, 1:][learned]
    logps = logits.log_softmax(-1)
    entropy = -(logps.exp() * logps).sum(-1)
    chosen = logps.gather(1, targets[:, None])[:, 0]
    return places[:, :-1][learned], chosen, entropy, logits.argmax(-1) == targets


def _slices(inputs: Mapping[str, Tensor]) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Ids, labels and places in the flat output, of a few sequences at a time, the shortest first."""
    width = inputs["input_ids"].shape[1] - 1
    for spans in _together(_spans(inputs)):
        yield (
            pad_sequence([inputs["input_ids"][row, first:last] for row, first, last in spans], True),
            pad_sequence([inputs["labels"][row, first:last] for row, first, last in spans], True, IGNORED),
            pad_sequence([row * width + torch.arange(first, last) for row, first, last in spans], True),
        )


def _together(spans: list[Span]) -> list[list[Span]]:
    """The shortest first, as many at a time as have TOKENS with their padding."""
    groups: list[list[Span]] = [[]]
    for span in sorted(spans, key=lambda span: span[2] - span[1]):
        if groups[-1] and (len(groups[-1]) + 1) * (span[2] - span[1]) > TOKENS:
            groups.append([])
        groups[-1].append(span)
    return groups


def _spans(inputs: Mapping[str, Tensor]) -> list[Span]:
    """One sequence a row, between its padding, or, packed, one wherever positions start over."""
    if "attention_mask" in inputs:
        mask = inputs["attention_mask"]
        firsts, ends = mask.argmax(1), mask.argmax(1) + mask.sum(1)
        return list(zip(range(len(mask)), firsts.tolist(), ends.tolist(), strict=True))
    starts = (inputs["position_ids"][0] == 0).nonzero()[:, 0].tolist()
    return [(0, *span) for span in pairwise([*starts, inputs["input_ids"].shape[1]])]
