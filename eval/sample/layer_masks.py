"""What a model's layers attend to: all that came before, or the last tokens of it (a sliding window).

The slots hold every token in either case, so that a rule can step back; a window is a mask over them.
"""

import torch
from torch import Tensor
from transformers import PreTrainedConfig, PreTrainedModel

from ..io.errors import InputError
from .slot_cache import SlotCache

FULL, SLIDING = "full_attention", "sliding_attention"


def other_layers(model: PreTrainedModel) -> set[str]:
    """The kinds of layers that attend otherwise than to all, or to a window of, what came before."""
    return {*(getattr(model.config.get_text_config(), "layer_types", None) or ())} - {FULL, SLIDING}


def check_attention(model: PreTrainedModel) -> None:
    """Raise InputError where a layer attends otherwise than slots can hold."""
    if others := other_layers(model):
        said = f"layers of {', '.join(sorted(others))} are not for engine transformers"
        raise InputError(model.name_or_path, said, "use engine vllm")


def windowed(config: PreTrainedConfig, cache: SlotCache) -> bool:
    """Whether a layer sees less, at some slot, than all that came before."""
    window, kinds = getattr(config, "sliding_window", None), getattr(config, "layer_types", None)
    return window is not None and 0 < window <= cache.last and (not kinds or SLIDING in kinds)


def layer_masks(config: PreTrainedConfig, cache: SlotCache, dtype: torch.dtype) -> Tensor | dict[str, Tensor]:
    """The mask of a step [slots, 1, 1, width], as the model takes it: one for all layers, or one by kind of layer."""
    whole = cache.mask(dtype)
    if not windowed(config, cache):
        return whole
    within = cache.within(whole, config.sliding_window)
    return {FULL: whole, SLIDING: within} if getattr(config, "layer_types", None) else within
