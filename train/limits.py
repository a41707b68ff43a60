"""What the installed TRL and transformers take for a value, beyond its type: read from their sources, never imported.

A choice that TRL spells in a trainer (`loss_type`) is not in the field's type, and a bad one is found at the first step;
a zero or negative number mostly ends in a division or an empty loop.
"""

import ast
import importlib.util
import math
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

from ..eval.io.errors import InputError, nearest

Trainer = Literal["sft", "grpo", "pretrain", "distill"]
ROLLING_OUT = ("grpo", "distill")  # they learn from completions that they draw themselves
# By which of TRL's each works.
THEIRS: dict[Trainer, str] = {"sft": "sft", "grpo": "grpo", "pretrain": "sft", "distill": "distillation"}
MOST_STEPS = 10**8  # years at one a second; of more no machine could even list the checkpoints
FASTEST = 1.0  # no optimizer here learns at a higher rate: 2.0e5 is 2.0e-5 without its sign


def source(of: str) -> Path:
    """An installed package's file, as `trl/trainer/sft_config.py`, found without importing the package."""
    package, _, inner = of.partition("/")
    spec = importlib.util.find_spec(package)
    assert spec and spec.origin
    return Path(spec.origin).parent / inner


def annotated(path: Path, name: str = "") -> Iterator[ast.AnnAssign]:
    """The fields of a file's class of that name; without one, of all its configs."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef) and (
            node.name == name if name else node.name.endswith(("Config", "TrainingArguments"))
        ):
            yield from (line for line in node.body if isinstance(line, ast.AnnAssign))


def default(line: ast.AnnAssign) -> Any:
    """A field's default where it is written out as a number or None; otherwise `...`."""
    value = line.value
    if isinstance(value, ast.Call):
        value = next((keyword.value for keyword in value.keywords if keyword.arg == "default"), None)
    try:
        return ast.literal_eval(value) if value is not None else ...
    except ValueError:
        return ...


@cache
def choices(trainer: Trainer) -> dict[str, list[str]]:
    """Attribute -> the texts that the trainer's own source compares it with, where there are several."""
    compared: dict[str, set[str]] = {}
    for node in ast.walk(ast.parse(source(f"trl/trainer/{THEIRS[trainer]}_trainer.py").read_text("utf-8"))):
        if isinstance(node, ast.Compare) and isinstance(node.left, ast.Attribute):
            for side in node.comparators:
                parts = side.elts if isinstance(side, ast.List | ast.Tuple | ast.Set) else [side]
                texts = {
                    part.value
                    for part in parts
                    if isinstance(part, ast.Constant) and isinstance(part.value, str)
                }
                compared.setdefault(node.left.attr, set()).update(texts)
    return {name: sorted(texts) for name, texts in compared.items() if len(texts) > 1}


def check_value(key: str, value: Any, annotation: str, usual: Any, allowed: list[str]) -> None:
    """Raise InputError on a value of the right type that cannot be meant: blank, unknown, out of range.

    `usual` is the field's default: where that is above zero, zero is no value either.
    """
    where = f"args.{key}"
    if value is None and "None" not in annotation and "Optional" not in annotation:
        raise InputError(where, "blank", f"give {annotation}, or take the key out")
    if allowed and isinstance(value, str) and annotation.startswith("str") and value not in allowed:
        raise InputError(where, f"{value!r} is not one of {', '.join(allowed)}", nearest(value, allowed))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    if not math.isfinite(value):
        raise InputError(where, f"{value} is no finite number", "give one")
    number = isinstance(usual, int | float) and not isinstance(usual, bool)
    if value < 0 and (usual is None or number and usual >= 0):
        raise InputError(where, f"{value} is below 0", "give a number that is not")
    if (
        value == 0
        and "seed" not in key
        and (number and isinstance(usual, int) and usual > 0 or usual is None and "float" not in annotation)
    ):
        raise InputError(where, "0", "give a whole number above 0, or take the key out")


def check_numbers(trainer: Trainer, args: Mapping[str, Any]) -> None:
    """Raise InputError on numbers whose field alone does not say that they cannot be meant."""
    if args.get("learning_rate", 0) > FASTEST:
        raise InputError("args.learning_rate", f"{args['learning_rate']:g}", "the exponent's sign? as 2.0e-5")
    if args.get("num_train_epochs", 1) == 0 and args.get("max_steps", -1) <= 0:
        raise InputError(
            "args.num_train_epochs", "0", "give epochs or max_steps; an arm without stages trains nothing"
        )
    if args.get("max_steps", -1) > MOST_STEPS:
        raise InputError("args.max_steps", f"{args['max_steps']:.0e} optimizer steps", "ask for fewer")
    for key in ("adam_beta1", "adam_beta2", "label_smoothing_factor"):
        if args.get(key, 0.0) >= 1:
            raise InputError(f"args.{key}", f"{args[key]}", "below 1")
    if trainer == "distill" and args.get("beta", 1.0) > 1:
        raise InputError("args.beta", f"{args['beta']:g}", "from 0, the forward KL, to 1, the reverse")
    if trainer in ROLLING_OUT:
        if args.get("temperature", 1.0) == 0:
            raise InputError("args.temperature", "0", "rollouts are sampled, so give one above 0")
        if "max_completion_length" in args and args["max_completion_length"] is None:
            raise InputError("args.max_completion_length", "blank", "rollouts need a bound")
    elif args.get("packing") and args.get("max_length", 1024) is None:
        raise InputError("args.max_length", "blank", "packing fills bins of max_length tokens, so give it")
