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

    def put(self, slot: int, keys: Tensor, values: Tensor) -> None:
        """Copy one sequence, keys and values [1, heads, tokens, size], into a slot."""
        self.reserve(keys.shape[2], keys, values)
        self.keys[slot, :, : keys.shape[2]] = keys[0]
        self.values[slot, :, : keys.shape[2]] = values[0]

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
        new = like.new_zeros(len(self.cache.slots), like.shape[1], columns, like.shape[3])
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
        self.width = self.floor = SHARED_COLUMNS if shared else COLUMNS
        self.slots = torch.arange(slots, device=device)
        self.ends = torch.zeros_like(self.slots)

    def put(self, slot: int, prefix: DynamicCache) -> None:
        """Copy the one sequence that `prefix` holds into a slot."""
        layers: Any = prefix.layers
        for ours, theirs in zip(self.slot_layers, layers, strict=True):
            ours.put(slot, theirs.keys, theirs.values)

    def aim(self, ends: list[int], dtype: torch.dtype) -> Tensor:
        """Choose the column of each slot that the next token goes to; return the mask [slots, 1, 1, width].

        The mask is what is added to scores: made once here, where a boolean one is made anew by every layer.
        """
        self.ends = torch.tensor(ends, device=self.slots.device)
        self.width = max(self.floor, -(-(max(ends) + 1) // COLUMNS) * COLUMNS)
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
