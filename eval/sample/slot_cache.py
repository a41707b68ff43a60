"""A key-value cache of slots: each holds one sequence from column 0, and is given to the next when that ends.

Columns behind a sequence's end are masked, so a slot needs no clearing, and stepping back is a smaller end.
"""

from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedConfig
from transformers.cache_utils import Cache, CacheLayerMixin, DynamicCache

# Measured on CPU (float32, MKL): masked columns add exact zeros, and the last bit of attention does not depend
# on the width when it is a multiple of 16. Where four or more query heads share a key-value head, widths up to
# 352 take another kernel, so there the width starts above.
COLUMNS = 64
SHARED_COLUMNS = 384
# On a GPU a step is recorded for one width (`recorded_step`): wider steps are fewer recordings.
GPU_COLUMNS = 256


class SlotLayer(CacheLayerMixin):
    """Keys and values [slots, heads, columns, size] of one layer, written at each slot's own column."""

    is_sliding = False
    keys: Any
    values: Any

    def __init__(self, cache: "SlotCache"):
        super().__init__()
        self.cache = cache

    def reserve(self, columns: int, keys: Tensor, values: Tensor) -> None:
        """Make room for so many columns; `keys` and `values` show heads, sizes and dtype."""
        if self.keys is None or self.keys.shape[2] < columns:
            self.keys = self._wider(self.keys, columns, keys)
            self.values = self._wider(self.values, columns, values)

    def put(self, slot: int | slice, keys: Tensor, values: Tensor) -> None:
        """Copy a sequence, keys and values [heads, tokens, size], into a slot, or as many into several."""
        self.reserve(keys.shape[-2], keys, values)
        self.keys[slot, :, : keys.shape[-2]] = keys
        self.values[slot, :, : keys.shape[-2]] = values

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: object, **kwargs: object
    ) -> tuple[Tensor, Tensor]:
        """Write one token of every slot, and give back all columns that any slot has filled."""
        at, width = self.cache, self.cache.width
        self.reserve(width, key_states, value_states)
        self.keys[at.slots, :, at.ends] = key_states[:, :, 0]
        self.values[at.slots, :, at.ends] = value_states[:, :, 0]
        return self.keys[:, :, :width], self.values[:, :, :width]

    def _wider(self, old: Tensor | None, columns: int, like: Tensor) -> Tensor:
        new = like.new_zeros(len(self.cache.slots), like.shape[-3], columns, like.shape[-1])
        if old is not None:
            new[:, :, : old.shape[2]] = old
        return new

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        self.reserve(self.cache.width, key_states, value_states)

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        return self.cache.width, 0

    def get_seq_length(self) -> int:
        return self.cache.width

    def get_max_length(self) -> int:
        return -1


class SlotCache(Cache):
    """The caches of `slots` sequences at once; it grows by columns as the longest needs it."""

    def __init__(self, config: PreTrainedConfig, slots: int, device: torch.device):
        self.slot_layers = [SlotLayer(self) for _ in range(config.num_hidden_layers)]
        super().__init__(layers=list(self.slot_layers))
        heads = config.num_attention_heads
        shared = heads // (getattr(config, "num_key_value_heads", None) or heads) >= 4
        self.columns = COLUMNS if device.type == "cpu" else GPU_COLUMNS
        self.width = self.floor = SHARED_COLUMNS if shared else self.columns
        self.slots = torch.arange(slots, device=device)
        self.ends = torch.zeros_like(self.slots)
        self.last = 0  # the largest of `ends`

    def put(self, slot: int, prefix: DynamicCache, row: int, tokens: int) -> None:
        """Copy the first `tokens` of one sequence that `prefix` holds into a slot."""
        layers: Any = prefix.layers
        for ours, theirs in zip(self.slot_layers, layers, strict=True):
            ours.put(slot, theirs.keys[row, :, :tokens], theirs.values[row, :, :tokens])

    def put_all(self, prefix: DynamicCache, rows: Tensor, starts: Tensor) -> None:
        """Copy into each slot the sequence of `prefix` that `rows` [slots] names, from its column `starts` [slots] on."""
        layers: Any = prefix.layers
        length = layers[0].keys.shape[2]
        columns = (torch.arange(length, device=rows.device) + starts[:, None]).clamp(max=length - 1)
        for ours, theirs in zip(self.slot_layers, layers, strict=True):
            keys, values = (each[rows[:, None], :, columns] for each in (theirs.keys, theirs.values))
            ours.put(slice(None), keys.transpose(1, 2), values.transpose(1, 2))

    def aim(self, ends: list[int]) -> None:
        """Choose the column of each slot that the next token goes to."""
        self.ends.copy_(torch.tensor(ends))
        self.last = max(ends)
        self.width = max(self.floor, -(-(self.last + 1) // self.columns) * self.columns)

    def mask(self, dtype: torch.dtype) -> Tensor:
        """What is added to scores, [slots, 1, 1, width]: made once here, where a boolean one is made anew by every layer."""
        columns = torch.arange(self.width, device=self.slots.device)
        hidden = columns > self.ends[:, None]
        return torch.zeros(hidden.shape, dtype=dtype, device=hidden.device).masked_fill_(
            hidden, float("-inf")
        )[:, None, None]

    def within(self, mask: Tensor, window: int) -> Tensor:
        """The mask, with all hidden but the last `window` columns up to each slot's own."""
        columns = torch.arange(self.width, device=self.slots.device)
        past = columns <= self.ends[:, None] - window
        return mask.masked_fill(past[:, None, None], float("-inf"))

    def keep(self, slots: list[int]) -> None:
        """Drop all slots but these, which move up in the order given."""
        chosen = torch.tensor(slots, device=self.slots.device)
        for layer in self.slot_layers:
            layer.keys, layer.values = layer.keys[chosen], layer.values[chosen]
        self.slots = torch.arange(len(slots), device=self.slots.device)
        self.ends = self.ends[chosen]
