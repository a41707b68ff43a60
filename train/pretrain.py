"""A base from nothing: SFT of weights drawn from the seed, in the architecture and by the tokenizer of `model`.

accelerate launch --config_file recipes/accelerate/cpu.yaml -m reins.train.pretrain --config runs/…/stages/new-s0/config.yaml

TRL's SFTTrainer does the work, so that a base is a stage like any other: hashed, resumed, shared and compared. Meant for
small models whose training data is known; `architecture` replaces keys of the model's own config.
"""

import sys
from typing import Any

from transformers import AutoModelForCausalLM, GenerationConfig, set_seed

from .config import config_of
from .sft import train_from
from .stage import Stage, main


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
