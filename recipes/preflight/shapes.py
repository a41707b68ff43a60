"""A model's size without its weights: transformers' own model of its config, on the meta device, where nothing is held.

The config is read here or in the hub's cache, else from the list below. Where the weights are here too, their names
and shapes are held against the model's, so that nothing is trained or judged that was never in a file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...eval.io.errors import InputError
from ..recipe.architecture import UNREADABLE
from ..recipe.files import json_object
from ..recipe.models import file_of


@dataclass(frozen=True)
class Shape:
    """Sizes of a decoder. `active` parameters take part in a token (all, but for a mixture of experts); `block` is
    one layer's, `feedforward` the width that one token goes through, `positions` how far the model attends."""

    hidden: int
    layers: int
    heads: int
    head_dim: int
    feedforward: int
    positions: int
    vocab: int
    tied: bool
    parameters: int
    active: int
    block: int

    def forward(self, length: int) -> float:
        """Floating-point operations per token of a text of this length: matrices, and attention to half of it."""
        looked_up = (
            0 if self.tied else self.vocab * self.hidden
        )  # no multiplication; a tied one is the head as well
        return 2 * (self.active - looked_up) + 2 * self.layers * self.heads * self.head_dim * length


def _qwen2(
    hidden: int, layers: int, heads: int, kv: int, inner: int, vocab: int, reach: int, tied: bool
) -> dict:
    sizes = {
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "intermediate_size": inner,
        "vocab_size": vocab,
    }
    more = {"num_attention_heads": heads, "num_key_value_heads": kv, "max_position_embeddings": reach}
    return {"model_type": "qwen2", "tie_word_embeddings": tied, **sizes, **more}


def _qwen3(hidden: int, heads: int, inner: int, tied: bool) -> dict:
    qwen2 = _qwen2(hidden, 36, heads, 8, inner, 151936, 40960, tied)
    return qwen2 | {"model_type": "qwen3", "head_dim": 128}


SMALL, MIDDLE, LARGE = (
    (1536, 28, 12, 2, 8960, 151936),
    (3584, 28, 28, 4, 18944, 152064),
    (5120, 64, 40, 8, 27648, 152064),
)
# From the models' published config.json.
KNOWN = {
    "HuggingFaceTB/SmolLM2-135M-Instruct": _qwen2(576, 30, 9, 3, 1536, 49152, 8192, True)
    | {"model_type": "llama"},
    "Qwen/Qwen2.5-1.5B": _qwen2(*SMALL, 131072, True),
    "Qwen/Qwen2.5-7B": _qwen2(*MIDDLE, 131072, False),
    "Qwen/Qwen2.5-1.5B-Instruct": _qwen2(*SMALL, 32768, True),
    "Qwen/Qwen2.5-7B-Instruct": _qwen2(*MIDDLE, 32768, False),
    "Qwen/Qwen2.5-32B-Instruct": _qwen2(*LARGE, 32768, False),
    "Qwen/Qwen2.5-Coder-32B-Instruct": _qwen2(*LARGE, 32768, False),
    "Qwen/Qwen2.5-Math-1.5B": _qwen2(*SMALL, 4096, True),
    "Qwen/Qwen2.5-Math-7B": _qwen2(*MIDDLE, 4096, False),
    "Qwen/Qwen3-4B": _qwen3(2560, 32, 9728, True),
    "Qwen/Qwen3-8B": _qwen3(4096, 32, 12288, False),
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B": _qwen2(*SMALL, 131072, False),
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B": _qwen2(*MIDDLE, 131072, False),
    "simplescaling/s1-32B": _qwen2(*LARGE, 32768, False),
    "open-r1/OlympicCoder-32B": _qwen2(*LARGE, 32768, False),
}


def config_of(model: str) -> dict[str, Any] | None:
    """A model's config.json, here, in the cache or in the list; None where it is nowhere."""
    file = file_of(model, "config.json")
    return json_object(file) if file else KNOWN.get(model)


def shape_of(model: str) -> Shape | None:
    """None for a model that is nowhere here and not in the list.

    Raises InputError on an architecture that transformers does not have, and on weights that are not the config's.
    """
    made = meta_model(model)
    return None if made is None else sizes_of(made)


def sizes_of(made: Any) -> Shape:
    """The shape of a model that was made without weights."""
    config = made.config.get_text_config()
    blocks = [sum(weight.numel() for weight in layer.parameters()) for layer in _layers(made)]
    total, heads = made.num_parameters(), config.num_attention_heads
    return Shape(
        hidden=config.hidden_size,
        layers=len(blocks),
        heads=heads,
        head_dim=getattr(config, "head_dim", None) or config.hidden_size // heads,
        feedforward=_feedforward(config),
        positions=getattr(config, "max_position_embeddings", 0),
        vocab=config.vocab_size,
        tied=bool(config.tie_word_embeddings),
        parameters=total,
        active=total - _idle(made),
        block=max(blocks, default=0),  # an `architecture` may say none
    )


def _layers(model: Any) -> Any:
    """The blocks of its decoder, which most architectures call `layers`, and GPT-2 and BLOOM `h`."""
    decoder = model.get_decoder()
    return decoder.layers if hasattr(decoder, "layers") else decoder.h


def meta_model(model: str) -> Any:
    """A model of its own for the caller, without weights; None and errors as `shape_of` has them."""
    content = config_of(model)
    if content is None:
        return None
    _known(model, content)
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    from ...eval.weights.check import held_in, hold, weight_files

    try:
        config = AutoConfig.for_model(**content)
        with torch.device("meta"):
            made = AutoModelForCausalLM.from_config(config, trust_remote_code=False)
        if file := file_of(model, "config.json"):
            hold(made, model, held_in(weight_files(str(file.parent))))
    except InputError:
        raise
    except UNREADABLE as error:
        reason = " ".join(str(error).split())
        fix = "copy the model's folder again, whole (weights cloned without git-lfs are three lines of text)"
        raise InputError(model, f"cannot be opened: {type(error).__name__}: {reason:.200}", fix) from None
    return made


def _known(model: str, content: Mapping[str, Any]) -> None:
    """Refuse, before transformers opens it, what it would open by code or weights that are not for here."""
    from transformers import CONFIG_MAPPING

    kind = content.get("model_type")
    if kind not in CONFIG_MAPPING:
        remote_code = ", and its own code (auto_map) is not run here" if "auto_map" in content else ""
        raise InputError(
            model, f"model_type {kind!r} is not in this transformers{remote_code}", "name another base"
        )
    if quantised := content.get("quantization_config"):
        how = quantised.get("quant_method", "?") if isinstance(quantised, dict) else quantised
        raise InputError(model, f"its weights are quantised ({how})", "name the model in bfloat16 or float32")


def _feedforward(config: Any) -> int:
    """The width that one token goes through: a mixture's chosen experts together."""
    chosen, width = _chosen(config), getattr(config, "moe_intermediate_size", None)
    dense = getattr(config, "intermediate_size", None) or 4 * config.hidden_size
    return chosen * (width or dense) if chosen else dense


def _chosen(config: Any) -> int:
    """Experts that a token goes through; 0 where the model has none."""
    names = ("num_experts_per_tok", "experts_per_token", "moe_topk", "moe_top_k", "moe_k", "top_k_experts")
    return next((count for name in names if (count := getattr(config, name, None))), 0)


def _idle(model: Any) -> int:
    """Parameters of experts that a token does not go through. An experts module holds them stacked, or as a list."""
    idle, chosen = 0, _chosen(model.config.get_text_config())
    for name, module in model.named_modules() if chosen else []:
        if name.endswith(".experts"):
            first = next(module.parameters())
            count = first.shape[0] if first.dim() == 3 else len(list(module.children()))
            idle += sum(weight.numel() for weight in module.parameters()) * (count - chosen) // count
    return idle
