"""peft's own keys of a stage's `lora`, checked against the installed peft before anything runs, as TRL's are."""

import ast
from collections.abc import Mapping
from functools import cache
from typing import Any

from ..eval.io.errors import InputError, nearest
from .arguments import KINDS, fits, kinds_of
from .limits import Trainer, annotated, source

ELSEWHERE = ("task_type", "inference_mode", "base_model_name_or_path", "peft_type", "revision")


def check_lora(trainer: Trainer, lora: Mapping[str, Any], args: Mapping[str, Any]) -> None:
    """Raise InputError for the first key or value that this peft would refuse, or that is settled here; `trainer` and
    `args` are the stage's."""
    known = lora_fields()
    for key, value in lora.items():
        if key in ELSEWHERE:
            raise InputError(f"lora.{key}", "not settled here", "take it out")
        if key not in known:
            raise InputError(f"lora.{key}", "LoraConfig has no such key", nearest(key, known))
        if value is None and key != "init_lora_weights" and set(kinds_of(known[key])) <= {*KINDS, "Literal"}:
            raise InputError(f"lora.{key}", "blank", f"give {known[key]}, or take the key out")
        if not fits(value, known[key]):
            raise InputError(f"lora.{key}", f"{value!r} is not what LoraConfig takes", f"give {known[key]}")
    if "lm_head" in (lora.get("target_modules") or ()):
        raise InputError(
            "lora.target_modules", "lm_head would not be trained (TRL reads its weight)", "take it out"
        )
    _check_start(lora.get("init_lora_weights", True), trainer == "grpo" and bool(args.get("beta")))


def _check_start(start: Any, referred: bool) -> None:
    """Initialisations that want data, or after which base and adapter are not what they seem."""
    where = "lora.init_lora_weights"
    if start is False or start is None:  # to peft both are
        said = f"{'false' if start is False else 'blank'} starts from random adapters, so not from the base"
        raise InputError(where, said, "true, or take it out")
    if isinstance(start, str) and f"{start}_config" in lora_fields():
        raise InputError(where, f"{start} starts from data that a stage does not give it", "true, or pissa")
    if str(start).startswith("pissa_niter"):
        what = f"{start} is random, and the base that it is merged into afterwards another"
        raise InputError(where, what, "pissa, which is exact")
    if referred and str(start).startswith(("pissa", "olora")):
        what = f"with beta the reference is the model without its adapter, and {start} changes that"
        raise InputError(where, what, "beta: 0.0, or true")


@cache
def lora_fields() -> dict[str, str]:
    """Field name -> annotation, for peft's LoraConfig."""
    lines = annotated(source("peft/tuners/lora/config.py"), "LoraConfig")
    return {
        line.target.id: ast.unparse(line.annotation) for line in lines if isinstance(line.target, ast.Name)
    }
