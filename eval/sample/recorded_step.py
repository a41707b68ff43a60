"""One step of a batch of slots: a token is fed to each, logits come out. On a GPU it is recorded once and replayed.

The kernels of a step, started one by one, take longer than what they compute: 0.8 ms a layer, whatever its size (measured,
tests/bench/RESULTS.md). A recording (a CUDA graph) starts them all at once. It holds for one number of slots and one width
of the cache, and reads and writes what it was recorded over, so tokens and ends are written into place.
"""

import sys
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedModel

from .layer_masks import layer_masks, windowed
from .slot_cache import SlotCache

HALF = 0.5  # a batch is cut down when fewer of its slots than this are busy: it is recorded anew then
UNRECORDED = "its steps cannot be recorded, so generation is slower"


def is_recordable(model: PreTrainedModel) -> bool:
    """Whether a step starts the same kernels whatever it computes: on one GPU, where transformers says so of the model's
    class and of how it is quantized."""
    quantizer = getattr(model, "hf_quantizer", None)
    devices = {*getattr(model, "hf_device_map", {}).values()}
    compiles = model._can_compile_fullgraph and (quantizer is None or quantizer.is_compileable)
    return (
        compiles and model.device.type == "cuda" and len(devices) <= 1 and "dynamic" not in _rope_types(model)
    )


def _rope_types(model: PreTrainedModel) -> set[str]:
    """How positions are scaled, by kind of layer where they differ; "dynamic" looks at the longest sequence in each step."""
    rope: dict[str, Any] = getattr(model.config.get_text_config(), "rope_parameters", None) or {}
    kinds = [value for value in rope.values() if isinstance(value, dict)] or [rope]
    return {kind.get("rope_type", "default") for kind in kinds}


class Step:
    """Feeds one token to every slot, at the columns that the cache is aimed at."""

    def __init__(self, model: PreTrainedModel, cache: SlotCache) -> None:
        self.model, self.cache, self.config = model, cache, model.config.get_text_config()
        self.recordable = is_recordable(model)
        self.over: tuple[int, int, bool] | None = None  # what the last step went over
        self.tokens: Tensor  # what it was fed, where a recording reads it
        self.replay: Callable[[], Tensor] | None = None

    def __call__(self, tokens: Tensor) -> Tensor:
        """Logits [slots, vocabulary] of what follows `tokens` [slots]; the next call may write over them."""
        if not self.recordable:
            return self.computed(tokens)
        over = (len(tokens), self.cache.width, windowed(self.config, self.cache))
        if over != self.over:
            # The first goes plainly: where the cache grows or a library sets itself up, that is no part of a step.
            self.over, self.replay, self.tokens = over, None, tokens.clone()
            return self.computed(self.tokens)
        self.tokens.copy_(tokens)
        try:
            self.replay = self.replay or recording(lambda: self.computed(self.tokens))
        except RuntimeError as error:  # a class that says it compiles may yet look at what it computes
            print(f"{self.model.name_or_path}: {UNRECORDED}: {str(error).splitlines()[0]}", file=sys.stderr)
            self.recordable = False
            return self.computed(tokens)
        return self.replay()

    def computed(self, tokens: Tensor) -> Tensor:
        logits: Tensor = self.model(
            input_ids=tokens[:, None],
            attention_mask=layer_masks(self.config, self.cache, self.model.dtype),
            position_ids=self.cache.ends[:, None],
            past_key_values=self.cache,
            use_cache=True,
        ).logits[:, -1]
        return logits


def recording(step: Callable[[], Tensor]) -> Callable[[], Tensor]:
    """Record on the GPU what `step` does, without doing it; what is given back does it, and gives the same tensor each time."""
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, capture_error_mode="thread_local"):
        result = step()

    def replay() -> Tensor:
        graph.replay()
        return result

    return replay
