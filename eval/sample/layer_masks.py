"""What a model's layers attend to: all that came before, or the last tokens of it (a sliding window).

The slots hold every token in either case, so that a rule can step back; a window is a mask over them.
"""

import torch
from torch import Tensor
from transformers import PreTrainedConfig, PreTrainedModel

from ..io.errors import InputError
from .slot_cache import SlotCache

FULL, SLIDING = "full_attention", "sliding_attention"


def check_attention(model: PreTrainedModel) -> None:
    """Raise InputError where a layer attends otherwise than to all, or to a window of, what came before."""
    others = {*(getattr(model.config.get_text_config(), "layer_types", None) or ())} - {FULL, SLIDING}
    if others:
        said = f"layers of {', '.join(sorted(others))} are not for engine transformers"
        raise InputError(model.name_or_path, said, "use engine vllm")


def layer_masks(
    config: PreTrainedConfig, cache: SlotCache, ends: list[int], dtype: torch.dtype
) -> Tensor | dict[str, Tensor]:
    """The mask of a step [slots, 1, 1, width], as the model takes it: one for all layers, or one by kind of layer."""
    whole = cache.aim(ends, dtype)
    window, kinds = getattr(config, "sliding_window", None), getattr(config, "layer_types", None)
    if not window or window > max(ends) or (kinds and SLIDING not in kinds):
        return whole
    within = cache.within(whole, window)
    return {FULL: whole, SLIDING: within} if kinds else within
