"""How much attention falls on sets of tokens, without a map of attention: nothing of T x T numbers is made.

The attention of a query over the tokens is what its values are weighted with. So attention with *indicators* as values
(1 where a token is in a set, else 0) beside the values returns the mass on each set, exactly, through whatever the model
runs: grouped queries, sliding windows, any backend. Where the kernel gives its log-sum-exp (PyTorch's on CPU), the mass on a few
columns is exp(score - lse), which costs those columns only.

Masses are means over heads, as in "When Thinking Fails" (arXiv 2505.11423, section 5).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel

from ..sample.attention_function import attending, backend_of, own_attention, unreachable
from ..stats.intervals import Floats

NAME = "reins_mass"
WIDEST = 256  # of a head, in most kernels
ROWS = 512  # queries whose scores are held at a time
CPU_KERNEL = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu


@dataclass(frozen=True)
class Masses:
    """Mean mass over heads and rows: `values` [layers, groups of rows, sets]; `layers` are the indices that were read.

    A hybrid's layers without attention are not among them. A group without rows has NaN.
    """

    layers: list[int]
    values: Floats


def span_masses(
    model: PreTrainedModel, tokens: Sequence[int], sets: Sequence[Sequence[int]], groups: Sequence[range]
) -> Masses:
    """The mass that each group of rows (queries) puts on each set of tokens, in one forward pass of one sequence.

    `sets` hold positions in `tokens`, `groups` hold rows; the row of a generated token is the one before it, which
    predicts it. Raises InputError where the model's attention does not pass through transformers' AttentionInterface.
    """
    device = model.device
    indicators = torch.zeros(len(tokens), len(sets), device=device)
    for number, positions in enumerate(sets):
        indicators[list(positions), number] = 1
    reader = _Reader(indicators, groups, backend_of(model))
    with attending(model, reader, NAME), torch.inference_mode():
        # The model without its head: the logits of a long sequence would be its largest tensor.
        model.base_model(input_ids=torch.tensor([list(tokens)], device=device), use_cache=False)
    if not reader.read:
        raise unreachable(type(model).__name__)
    layers = sorted(reader.read)
    values: Floats = torch.stack([reader.read[layer] for layer in layers]).double().cpu().numpy()
    return Masses(layers, values)


class _Reader:
    """The attention function of one forward pass: the model's own output, and the masses put aside."""

    def __init__(self, indicators: Tensor, groups: Sequence[range], backend: str) -> None:
        self.indicators, self.groups, self.backend = indicators, groups, backend
        # On the model's device, so that no layer waits for its numbers to arrive
        self.read: dict[int, Tensor] = {}

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
        scale = query.shape[-1] ** -0.5 if scaling is None else scaling
        if self._has_kernel(module, query, value, attention_mask, kwargs):
            output, masses = self._by_lse(query, key, value, attention_mask, scale)
        else:
            attention = own_attention(module, self.backend, query, key, attention_mask, scaling, **kwargs)
            output, masses = self._by_indicators(attention, value)
        self.read[getattr(module, "layer_idx", len(self.read))] = masses
        return output, None

    def _has_kernel(self, module: Any, query: Tensor, value: Tensor, mask: Any, kwargs: Any) -> bool:
        return (
            self.backend == "sdpa"
            and (mask is None or (mask.dim() == 4 and mask.shape[:2] == (1, 1)))
            and query.device.type == "cpu"
            and query.shape[-1] == value.shape[-1]
            and kwargs.get("is_causal") is not False
            and getattr(module, "is_causal", True)
            and kwargs.get("position_bias") is None
            and kwargs.get("softcap") is None
        )

    def _by_lse(
        self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, scale: float
    ) -> tuple[Tensor, Tensor]:
        """The kernel's output [1, T, heads, d], and exp(score - lse) on the columns of the sets; a mask is a window's."""
        repeats = query.shape[1] // key.shape[1]
        wide_key, wide_value = (each.repeat_interleave(repeats, 1) for each in (key, value))
        output, lse = CPU_KERNEL(
            query, wide_key, wide_value, 0.0, mask is None, attn_mask=_added(mask, query.dtype), scale=scale
        )[:2]
        columns = self.indicators.any(1).nonzero().squeeze(1)
        picked = wide_key[0, :, columns].transpose(1, 2) * scale
        inside = self.indicators[columns]

        def rows(start: int, end: int) -> Tensor:
            scores = query[0, :, start:end] @ picked
            shares = (scores - lse[0, :, start:end, None]).exp_()
            hidden = (
                columns > torch.arange(start, end)[:, None]
                if mask is None
                else _hidden(mask, start, end, columns)
            )
            return shares.mean(0).masked_fill_(hidden, 0.0) @ inside

        return output.transpose(1, 2).contiguous(), self._means(rows)

    def _by_indicators(self, attention: Callable[[Tensor], Tensor], value: Tensor) -> tuple[Tensor, Tensor]:
        """The layer's output [1, T, heads, d], and masses by indicators beside the values; more calls where these are too wide."""
        width, count = value.shape[-1], self.indicators.shape[1]
        first = min(count, max(WIDEST - width, 0))
        attended = attention(torch.cat([value, self._indicators(value, 0, first)], -1))
        masses = [attended[..., width:]]
        for start in range(first, count, width):
            masses.append(attention(self._indicators(value, start, min(start + width, count))))
        by_row = torch.cat([each[0].float().mean(1) for each in masses], -1)
        # Of a group without rows the mean is NaN
        means = torch.stack([by_row[group.start : group.stop].mean(0) for group in self.groups])
        return attended[..., :width].contiguous(), means

    def _indicators(self, value: Tensor, start: int, end: int) -> Tensor:
        """Some of the sets as values [1, heads, T, sets]."""
        sets = self.indicators[:, start:end].to(value.dtype)
        return sets.expand(*value.shape[:2], *sets.shape)

    def _means(self, rows: Callable[[int, int], Tensor]) -> Tensor:
        """The mean of what `rows(start, end)` gives over each group: [groups, sets]."""
        means = self.indicators.new_full((len(self.groups), self.indicators.shape[1]), torch.nan)
        for mean, group in zip(means, self.groups, strict=True):
            parts = [
                rows(start, min(start + ROWS, group.stop)).sum(0)
                for start in range(group.start, group.stop, ROWS)
            ]
            if parts:
                mean.copy_(torch.stack(parts).sum(0) / len(group))
        return means


def _added(mask: Tensor | None, dtype: torch.dtype) -> Tensor | None:
    """A mask as what is added to scores."""
    if mask is None or mask.dtype != torch.bool:
        return mask
    return torch.zeros(mask.shape, dtype=dtype).masked_fill_(~mask, float("-inf"))


def _hidden(mask: Tensor, start: int, end: int, columns: Tensor) -> Tensor:
    """Which of the columns each row does not see."""
    seen = mask[0, 0, start:end][:, columns]
    return ~seen if seen.dtype == torch.bool else seen < 0
