"""A base from nothing: SFT of weights drawn from the seed, in the architecture and by the tokenizer of `model`.

accelerate launch --config_file recipes/accelerate/cpu.yaml -m reins.train.pretrain --config runs/…/stages/new-s0/config.yaml

TRL's SFTTrainer does the work, so that a base is a stage like any other: hashed, resumed, shared and compared. Meant for
small models whose training data is known; `architecture` replaces keys of the model's own config.
"""

import sys
from collections.abc import Mapping
from typing import Any

from huggingface_hub.errors import StrictDataclassError
from transformers import AutoConfig, AutoModelForCausalLM, GenerationConfig, PreTrainedConfig, set_seed

from ..eval.io.errors import InputError, nearest
from .sft import train_from
from .stage import Stage, main


def config_of(model: str, architecture: Mapping[str, Any]) -> PreTrainedConfig:
    """The config of a model's folder or hub id with other values at these keys.

    Raises InputError where it has no such key, and on values that do not fit each other.
    """
    config: PreTrainedConfig = AutoConfig.from_pretrained(model, trust_remote_code=False)
    known = config.to_dict()
    for key in architecture:
        if key not in known:
            raise InputError(f"architecture.{key}", f"{model} has no such key", nearest(key, known))
    try:
        return type(config).from_dict({**known, **_heads(known, architecture), **architecture})
    except (ValueError, TypeError, StrictDataclassError) as error:
        said = " ".join(str(error).split())
        raise InputError("architecture", f"{said:.200}", "numbers that fit each other") from None


def _heads(known: Mapping[str, Any], architecture: Mapping[str, Any]) -> dict[str, Any]:
    """What a config derives from the number of heads, where the change of them leaves it unsaid."""
    if "num_attention_heads" not in architecture and "hidden_size" not in architecture:
        return {}
    wanted = {**known, **architecture}
    every_head = known.get("num_key_value_heads") == known.get("num_attention_heads")
    derived = {"num_key_value_heads": wanted["num_attention_heads"]} if every_head else {}
    return derived | {"head_dim": wanted["hidden_size"] // wanted["num_attention_heads"]}


def drawn(stage: Stage) -> Any:
    """A model of random weights, from the stage's seed, that ends where the model it is like does."""
    config = config_of(stage.model, stage.architecture or {})
    set_seed(stage.args["seed"])
    # Float32, as other stages load their weights: a base's config may say bfloat16, in which small updates are lost.
    dtype = (stage.architecture or {}).get("dtype", "float32")
    model: Any = AutoModelForCausalLM.from_config(config, dtype=dtype, trust_remote_code=False)
    try:
        model.generation_config = GenerationConfig.from_pretrained(stage.model)
    except OSError:  # it has none of its own: the config's marks, as they are
        model.generation_config = GenerationConfig.from_model_config(config)
    return model


def train(stage: Stage) -> None:
    """Train the stage, from its last whole checkpoint if it has one."""
    train_from(stage, drawn)


if __name__ == "__main__":
    sys.exit(main("pretrain", train))
