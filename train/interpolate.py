"""Weights between those of a trained model and those of the base that it comes of: a repair that trains nothing.

python -m reins.train.interpolate --config runs/…/stages/sft.half-s0/config.yaml

Every weight becomes `share` of the trained one and the rest of the base's. What is written is a stage's folder like any
other, whose done.json counts no step and no token.
"""

import shutil
import sys
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict
from transformers import AutoModelForCausalLM

from ..eval.io.command import of_config, read_plan
from ..eval.io.errors import InputError
from ..eval.io.files import write_json, write_text
from ..eval.io.run_paths import DONE
from ..eval.io.whole import put_in_place
from ..eval.weights.check import check_weights
from .checkpoints import grown

BESIDE = (
    "tokenizer*",
    "special_tokens_map.json",
    "chat_template.jinja",
    "vocab*",
    "merges.txt",
    "prompt.json",
)


class Between(BaseModel):
    """A config.yaml: two models of one architecture, and how much of `model` there is in what comes of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    trainer: str
    base: str
    model: str
    share: float
    out: Path
    inputs: str = ""


def interpolate(config: Path) -> None:
    """Write the weights between two models, and the rest of a stage's folder.

    Raises InputError where they have not the same weights by name and shape.
    """
    between = read_plan(config, Between, "reins.train.interpolate")
    for model in (between.base, between.model):
        check_weights(model)
    mixed: Any = AutoModelForCausalLM.from_pretrained(between.model, trust_remote_code=False)
    base: Any = AutoModelForCausalLM.from_pretrained(between.base, trust_remote_code=False, dtype=mixed.dtype)
    _move(mixed.state_dict(), base.state_dict(), between)
    partial = between.out / "final.partial"
    mixed.save_pretrained(partial)
    for file in (file for pattern in BESIDE for file in Path(between.model).glob(pattern)):
        shutil.copy(file, partial)
    put_in_place(partial, between.out / "final")
    write_text(between.out / "log.jsonl", "")
    counts = dict.fromkeys(("steps", "rows", "cut_rows", "supervised_tokens", "train_tokens"), 0)
    output = grown(between.inputs, between.out / "final")
    write_json(between.out / DONE, {"inputs": between.inputs, "output": output, **counts})


def _move(trained: dict[str, torch.Tensor], base: dict[str, torch.Tensor], between: Between) -> None:
    """Move trained weights towards the base's, in place; what is tied is one tensor, and moves once."""
    moved: set[int] = set()
    for name, weight in trained.items():
        other = base.get(name)
        if other is None or other.shape != weight.shape:
            raise InputError(
                between.model, f"{name} is not in {between.base} alike", "two of one architecture"
            )
        if weight.data_ptr() not in moved and weight.is_floating_point():
            moved.add(weight.data_ptr())
            weight.copy_(torch.lerp(other.float(), weight.float(), between.share))


def main() -> int:
    return of_config(interpolate, "reins.train.interpolate", __doc__)


if __name__ == "__main__":
    sys.exit(main())
