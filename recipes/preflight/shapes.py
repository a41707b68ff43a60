"""A model's size without its weights: from its config.json here or in the hub's cache, else from the list below."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import try_to_load_from_cache

from ..recipe.files import locate
from ..recipe.resolve import is_hub_id


@dataclass(frozen=True)
class Shape:
    """A dense decoder with gated feed-forward layers (Llama, Qwen2, Qwen3); `positions` is how far it attends."""

    hidden: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    feedforward: int
    vocab: int
    tied: bool
    positions: int

    @property
    def block(self) -> int:
        """Parameters of one layer's matrices; biases and norms are under a thousandth of a model."""
        attention = self.hidden * self.head_dim * (2 * self.heads + 2 * self.kv_heads)
        return attention + 3 * self.hidden * self.feedforward

    @property
    def parameters(self) -> int:
        return self.layers * self.block + self.vocab * self.hidden * (1 if self.tied else 2)

    def forward(self, length: int) -> float:
        """Floating-point operations per token of a text of this length: matrices, and attention to half of it."""
        matrices = 2 * (self.layers * self.block + self.vocab * self.hidden)
        return matrices + 2 * self.layers * self.heads * self.head_dim * length


def _qwen2(size: str, positions: int, tied: bool) -> Shape:
    match size:
        case "1.5B":
            return Shape(1536, 28, 12, 2, 128, 8960, 151936, tied, positions)
        case "7B":
            return Shape(3584, 28, 28, 4, 128, 18944, 152064, tied, positions)
    return Shape(5120, 64, 40, 8, 128, 27648, 152064, tied, positions)


# From the models' published config.json.
KNOWN = {
    "Qwen/Qwen2.5-1.5B": _qwen2("1.5B", 131072, True),
    "Qwen/Qwen2.5-7B": _qwen2("7B", 131072, False),
    "Qwen/Qwen2.5-1.5B-Instruct": _qwen2("1.5B", 32768, True),
    "Qwen/Qwen2.5-7B-Instruct": _qwen2("7B", 32768, False),
    "Qwen/Qwen2.5-32B-Instruct": _qwen2("32B", 32768, False),
    "Qwen/Qwen2.5-Coder-32B-Instruct": _qwen2("32B", 32768, False),
    "Qwen/Qwen2.5-Math-1.5B": _qwen2("1.5B", 4096, True),
    "Qwen/Qwen2.5-Math-7B": _qwen2("7B", 4096, False),
    "Qwen/Qwen3-4B": Shape(2560, 36, 32, 8, 128, 9728, 151936, True, 40960),
    "Qwen/Qwen3-8B": Shape(4096, 36, 32, 8, 128, 12288, 151936, False, 40960),
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B": _qwen2("1.5B", 131072, False),
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B": _qwen2("7B", 131072, False),
    "simplescaling/s1-32B": _qwen2("32B", 32768, False),
    "open-r1/OlympicCoder-32B": _qwen2("32B", 32768, False),
}


def file_of(model: str, name: str) -> Path | None:
    """A file of a model's folder, or of the hub's cache; None where it is in neither."""
    if not is_hub_id(model):
        file = locate(model) / name
        return file if file.is_file() else None
    cached = try_to_load_from_cache(model, name)
    return Path(cached) if isinstance(cached, str) else None


def config_of(model: str) -> dict[str, Any] | None:
    """A model's config.json; None where it is neither here nor in the cache."""
    file = file_of(model, "config.json")
    return json.loads(file.read_text("utf-8")) if file else None


def shape_of(model: str) -> Shape | None:
    """None for a model that is nowhere here and not in the list, and for another kind of architecture."""
    config = config_of(model)
    if config is None:
        return KNOWN.get(model)
    config = config.get("text_config", config)
    needed = ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "vocab_size")
    if any(key not in config for key in needed) or "num_experts" in config:
        return None
    hidden, layers, heads, feedforward, vocab = (config[key] for key in needed)
    return Shape(
        hidden=hidden,
        layers=layers,
        heads=heads,
        kv_heads=config.get("num_key_value_heads") or heads,
        head_dim=config.get("head_dim") or hidden // heads,
        feedforward=feedforward,
        vocab=vocab,
        tied=config.get("tie_word_embeddings", False),
        positions=config.get("max_position_embeddings", 0),
    )
